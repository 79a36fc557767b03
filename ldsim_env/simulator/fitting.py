"""From a log to a saved simulator: split, train, save, and the training history as JSON and as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ldsim_env.figures import save_figure
from ldsim_env.files import write_json
from ldsim_env.logs import MatchedLog, ResponseLog, match_bank, refuse_leaks, split_students
from ldsim_env.logs.digests import student_digests
from ldsim_env.logs.shared_students import refuse_shared_students
from ldsim_env.simulator.checkpoint import save_simulator
from ldsim_env.simulator.distillation import Teaching
from ldsim_env.simulator.models.network import StudentNetwork
from ldsim_env.simulator.network import LDSimNetwork
from ldsim_env.simulator.plots import training_plot
from ldsim_env.simulator.settings import NetworkSettings, TrainingSettings
from ldsim_env.simulator.training import EpochRecord, Trainer
from ldsim_env.simulator.unknown_questions import Fitted, with_bank

SPLIT_STREAM = 1_000  # keeps the split's random numbers apart from those of the epochs


def fit_simulator(
    log: ResponseLog,
    folder: Path,
    *,
    valid: ResponseLog | None = None,
    network: NetworkSettings | None = None,
    training: TrainingSettings | None = None,
    teaching: Teaching | None = None,
    allow_leaks: bool = False,
    show_progress: bool = True,
) -> LDSimNetwork:
    """Train a simulator and save it; a killed run goes on after its last whole epoch when called again.

    Args:
        log: The training students.
        folder: Where the simulator goes: weights, settings, bank, ``history.json`` and ``history.png``.
        valid: Other students to stop by; None sets a share of the training students apart.
        network: Sizes of the network.
        training: How to train.
        teaching: What a teacher distilled.
        allow_leaks: Train on a log whose rows give away their own answers.
        show_progress: Show a progress bar with the time left.

    Raises:
        LeakError: If the rows of the log, or of ``valid``, are expanded by concept.
        LogError: If students of ``valid`` are training students.
        CheckpointError: If the folder holds the unfinished training of other settings or another log.
    """
    training = training or TrainingSettings()
    log, stopping = stopping_split(log, valid, training, allow_leaks=allow_leaks)
    trainer = Trainer(
        log,
        stopping,
        network=network,
        training=training,
        teaching=teaching,
        folder=folder,
        allow_leaks=allow_leaks,
    )
    fitted = trainer.run(show_progress)
    provenance = {
        **origin(log, stopping),
        "teaching": teaching.fingerprint if teaching else None,
        "training": asdict(training),
        "best_epoch": trainer.best.epoch,
        "shrinkage": asdict(trainer.shrinkage),
    }
    save_fitted(fitted, folder, trainer.history, provenance)
    trainer.forget()
    return fitted


def origin(log: ResponseLog, stopping: ResponseLog) -> dict[str, Any]:
    """What a simulator's provenance says of the students that it was fitted on."""
    return {
        "log": {"bank": log.bank.name, "fingerprint": log.fingerprint, "n_students": log.n_students},
        "n_stopping_students": stopping.n_students,
        "student_digests": " ".join(student_digests(log, stopping)),  # by which a card knows them again
    }


def save_fitted(
    fitted: LDSimNetwork | StudentNetwork, folder: Path, history: Sequence[EpochRecord], provenance: dict[str, Any]
) -> None:
    """Save a simulator, and how its training went as ``history.json`` and ``history.png``."""
    save_simulator(fitted, folder, provenance)
    write_json(folder / "history.json", [asdict(record) for record in history])
    save_figure(training_plot(history), folder / "history.png")


def stopping_split(
    log: ResponseLog, valid: ResponseLog | None, training: TrainingSettings, *, allow_leaks: bool = False
) -> tuple[ResponseLog, ResponseLog]:
    """Training and stopping students: ``valid`` in the log's bank, or a share of the log's own students.

    Raises:
        LeakError: If the rows of ``valid`` are expanded by concept.
        LogError: If students of ``valid`` are training students.
    """
    if valid is not None:
        if not allow_leaks:
            refuse_leaks(valid)
        stopping = match_bank(valid, log.bank).log
        refuse_shared_students(log, stopping)
        return log, stopping
    rng = np.random.default_rng([training.seed, SPLIT_STREAM])
    return split_students(log, training.stopping_share, rng)


def for_log(network: Fitted, log: ResponseLog) -> tuple[Fitted, MatchedLog]:
    """A simulator and a log brought to one bank, which holds the log's unknown questions behind the known ones."""
    matched = match_bank(log, network.bank)
    return with_bank(network, matched.log.bank), matched
