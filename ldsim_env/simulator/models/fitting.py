"""From a log to a saved student model of any kind: split, fit by gradients, stop early, save."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch.nn import functional

from ldsim_env.errors import SettingsError, unknown_name
from ldsim_env.logs import ResponseLog, refuse_leaks
from ldsim_env.logs.windows import Windows, answers_per_batch, padded, select_windows, windows
from ldsim_env.simulator.fitting import origin, save_fitted, stopping_split
from ldsim_env.simulator.models import STUDENT_MODELS, StudentNetwork
from ldsim_env.simulator.models.settings import FitSettings
from ldsim_env.simulator.settings import TrainingSettings
from ldsim_env.simulator.tasks import predict_kt, predict_simulation
from ldsim_env.simulator.training import EpochRecord
from ldsim_env.simulator.unknown_questions import with_bank
from ldsim_env.teacher.graph import ConceptGraph


def fit_student_model(
    kind: str,
    log: ResponseLog,
    folder: Path,
    *,
    valid: ResponseLog | None = None,
    settings: Any = None,
    fitting: FitSettings | None = None,
    graph: ConceptGraph | None = None,
    allow_leaks: bool = False,
    show_progress: bool = True,
) -> StudentNetwork:
    """Fit a student model other than LDSim's and save it; a minute or two on one core, so nothing is kept meanwhile.

    Args:
        kind: Its name in `STUDENT_MODELS`.
        log: The training students.
        folder: Where it goes: weights, settings, bank, ``history.json`` and ``history.png``.
        valid: Other students to stop by; None sets a share of the training students apart.
        settings: Of this kind of student model (its ``settings_type``); None takes the defaults.
        fitting: How to fit.
        graph: A teacher's concept relations, for the kinds that read them (``kss``).
        allow_leaks: Fit on a log whose rows give away their own answers.
        show_progress: Show a progress bar with the time left.

    Raises:
        SettingsError: If the kind is unknown or the settings are of another kind.
        LeakError: If the rows of the log, or of ``valid``, are expanded by concept.
        LogError: If students of ``valid`` are training students.
    """
    fitting = fitting or FitSettings()
    if not allow_leaks:
        refuse_leaks(log)
    split = TrainingSettings(seed=fitting.seed, stopping_share=fitting.stopping_share)
    log, stopping = stopping_split(log, valid, split, allow_leaks=allow_leaks)
    model = new_student_model(kind, log, settings, fitting, graph)
    fitter = _Fitter(model, log, stopping, fitting)
    fitted = fitter.run(show_progress)
    provenance = {**origin(log, stopping), "training": asdict(fitting), "best_epoch": fitter.best.epoch}
    save_fitted(fitted, folder, fitter.history, provenance)
    return fitted


def new_student_model(
    kind: str,
    log: ResponseLog,
    settings: Any = None,
    fitting: FitSettings | None = None,
    graph: ConceptGraph | None = None,
) -> StudentNetwork:
    """A student model before it is fitted: over a log's bank, its start weights from the log and the seed."""
    if kind not in STUDENT_MODELS:
        raise SettingsError(f"student_model: {unknown_name('student model', str(kind), STUDENT_MODELS)}")
    model = STUDENT_MODELS[kind]
    settings = model.settings_type() if settings is None else settings
    if not isinstance(settings, model.settings_type):
        raise SettingsError(f"settings: expected {model.settings_type.__name__} for {kind!r}, got {settings!r}.")
    fresh = model(log.bank, settings)
    fresh.initialise(log, fitting or FitSettings(), graph)
    return fresh


class _Fitter:
    """Fits epoch by epoch; the best one by the stopping students is kept."""

    def __init__(self, model: StudentNetwork, log: ResponseLog, stopping: ResponseLog, fitting: FitSettings) -> None:
        self.history: list[EpochRecord] = []
        self._model, self._log, self._stopping, self._fitting = model, log, stopping, fitting
        self._best = deepcopy(model).settle()
        found = windows(log, fitting.window)
        self._windows = select_windows(found, np.argsort(found.length, kind="stable"))
        self._optimizer = _optimizer(model, fitting)
        self._n_batches = -(-len(found.length) // fitting.batch_size)
        self._n_average = answers_per_batch(found.length, fitting.batch_size)

    @property
    def best(self) -> EpochRecord:
        """The epoch with the highest stopping score."""
        return max(self.history, key=lambda record: record.stopping_score)

    def run(self, show_progress: bool) -> StudentNetwork:
        """Fit to the end and give the model of the best epoch."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, disable=not show_progress) as progress:
            task = progress.add_task("fitting", total=self._fitting.epochs * self._n_batches)
            while not self._finished:
                self._run_epoch(lambda: progress.advance(task))
                last = self.history[-1]
                progress.update(task, description=f"epoch {last.epoch}: KT AUC {last.kt_auc:.4f}")
        return self._best

    @property
    def _finished(self) -> bool:
        done = len(self.history)
        return done >= self._fitting.epochs or (done > 0 and done - self.best.epoch >= self._fitting.patience)

    def _run_epoch(self, on_batch: Callable[[], None]) -> None:
        started, epoch = time.monotonic(), len(self.history)
        order = np.random.default_rng([self._fitting.seed, epoch]).permutation(self._n_batches)
        every = np.arange(len(self._windows.length))
        losses = []
        for step, number in enumerate(order.tolist()):
            self._set_learning_rate(epoch + step / self._n_batches)
            rows = every[number * self._fitting.batch_size :][: self._fitting.batch_size]
            losses.append(self._fit_batch(select_windows(self._windows, rows)))
            on_batch()
        loss = float(np.average([loss for loss, _ in losses], weights=[n for _, n in losses]))
        settled = deepcopy(self._model).settle()
        record = EpochRecord(epoch + 1, loss, *self._stopping_aucs(settled), time.monotonic() - started)
        self.history.append(record)
        if record is self.best:
            self._best = settled

    def _fit_batch(self, found: Windows) -> tuple[float, int]:
        """One step down; the mean negative log-likelihood and over how many responses."""
        questions, responses, lengths = (torch.from_numpy(array) for array in padded(self._log, found))
        scored = torch.arange(questions.shape[1]) < lengths.unsqueeze(1)
        scored[:, 0] = False
        if self._model.easiness is not None:
            self._model.easiness.as_others_say(torch.from_numpy(found.student))
        logits = self._model.train().window_logits(questions, responses)
        loss = functional.binary_cross_entropy_with_logits(logits[scored], responses[scored])
        n = int(scored.sum())
        self._optimizer.zero_grad()
        penalty = self._model.penalty(questions[scored], self._fitting)
        ((n * loss + penalty) / self._n_average).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), self._fitting.gradient_clip)
        self._optimizer.step()
        return float(loss.detach()), n

    def _set_learning_rate(self, epochs_done: float) -> None:
        highest = self._fitting.learning_rate or self._model.learning_rate
        for group in self._optimizer.param_groups:
            group["lr"] = highest * (1 + math.cos(math.pi * epochs_done / self._fitting.epochs)) / 2

    def _stopping_aucs(self, settled: StudentNetwork) -> tuple[float, float]:
        model = with_bank(settled, self._stopping.bank)
        kt = predict_kt(model, self._stopping).scores().auc
        return kt, predict_simulation(model, self._stopping, "expected").scores().auc


def _optimizer(model: StudentNetwork, fitting: FitSettings) -> torch.optim.AdamW:
    """Weights that are matrices decay; tables of numbers with a meaning are held by the model's own penalty."""
    decaying = model.decaying()
    held = [p for p in model.parameters() if not any(p is one for one in decaying)]
    groups = [{"params": decaying, "weight_decay": fitting.weight_decay}, {"params": held, "weight_decay": 0.0}]
    return torch.optim.AdamW([group for group in groups if group["params"]])
