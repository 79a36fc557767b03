"""Fitting the simulator: next-response loss on true histories and on the simulator's own rollouts."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ldsim_env.errors import LogError
from ldsim_env.logs import ResponseLog, refuse_leaks
from ldsim_env.logs.windows import (
    KT_MINIMUM,
    SIMULATION_MINIMUM,
    Windows,
    answers_per_batch,
    pad,
    padded,
    select_windows,
    windows,
)
from ldsim_env.simulator.difficulties import alike_neighbours, easiness_by_others
from ldsim_env.simulator.distillation import Teaching, WindowLabels
from ldsim_env.simulator.neighbours import Neighbours
from ldsim_env.simulator.network import LDSimNetwork
from ldsim_env.simulator.parts import Parts
from ldsim_env.simulator.settings import NetworkSettings, TrainingSettings
from ldsim_env.simulator.shrinkage import N_TRIALS, Shrinkage, choose_shrinkage
from ldsim_env.simulator.tasks import predict_kt, predict_simulation
from ldsim_env.simulator.training_state import TrainingState
from ldsim_env.simulator.unknown_questions import with_bank
from ldsim_env.simulator.unroll import unroll


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch came to.

    Args:
        epoch: From 1.
        loss: Mean negative log-likelihood of a training response, in nats.
        kt_auc: AUC of the KT task on the stopping students.
        simulation_auc: AUC of the simulation task (expected rollout) on the stopping students.
        seconds: Wall-clock time of the epoch, stopping scores included.
    """

    epoch: int
    loss: float
    kt_auc: float
    simulation_auc: float
    seconds: float

    @property
    def stopping_score(self) -> float:
        """What the best epoch is chosen by: the mean of both AUCs."""
        return (self.kt_auc + self.simulation_auc) / 2


class Trainer:
    """Trains a network epoch by epoch; can be stopped at any moment and taken up again after the last whole epoch.

    Args:
        log: Training students.
        stopping: Other students, over the same bank or one that extends it; the best epoch is chosen by them.
        network: Sizes of the network; None takes those that suit the log.
        training: How to train.
        teaching: What a teacher distilled: the concept graph and the mastery labels, each if there is one.
        folder: Where the training state is kept between epochs; None keeps none.
        allow_leaks: Train on a log whose rows give away their own answers.

    Raises:
        LeakError: If the log's rows are expanded by concept.
        LogError: If all histories are too short to train on or to stop by.
        CheckpointError: If ``folder`` holds the state of another training (other settings or another log).
    """

    def __init__(
        self,
        log: ResponseLog,
        stopping: ResponseLog,
        *,
        network: NetworkSettings | None = None,
        training: TrainingSettings | None = None,
        teaching: Teaching | None = None,
        folder: Path | None = None,
        allow_leaks: bool = False,
    ) -> None:
        if not allow_leaks:
            refuse_leaks(log)
        _need_length("log", log, KT_MINIMUM)
        _need_length("stopping", stopping, SIMULATION_MINIMUM)
        self.settings = training or TrainingSettings()
        self.log = log
        self.stopping = stopping
        self.history: list[EpochRecord] = []
        self.shrinkage = Shrinkage()  # of what was trained; chosen when training is over
        self._teaching = teaching or Teaching()
        sizes = network or NetworkSettings.suited_to(log)
        self._neighbours = self._alike(sizes)
        sizes = replace(sizes, numbered=self._neighbours is not None)
        self._parts = Parts.new(log, sizes, self.settings, self._teaching.graph, self._neighbours)
        self._average = AveragedModel(self._parts, multi_avg_fn=_forgetting(self.settings.averaging))
        self._best = deepcopy(self._parts)
        self._prior_shift = self._by_others()
        self._windows = _by_length(windows(log, self.settings.window))
        self._n_average = answers_per_batch(self._windows.length, self.settings.batch_size)
        self._labels = WindowLabels.place(self._teaching.labels, log, self._windows)
        self._optimizer = _optimizer(self._parts, self.settings)
        self._state = TrainingState(folder, self._identity()) if folder else None
        if self._state is not None:
            saved = self._state.load(self._kept(), self._optimizer)
            self.history = [EpochRecord(**record) for record in saved]

    @property
    def best(self) -> EpochRecord:
        """The epoch with the highest stopping score."""
        return max(self.history, key=lambda record: record.stopping_score)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done or patience is used up."""
        done = len(self.history)
        return done >= self.settings.epochs or (done > 0 and done - self.best.epoch >= self.settings.patience)

    def run(self, show_progress: bool = True) -> LDSimNetwork:
        """Train to the end and give the network of the best epoch, shrunk as the stopping students have it."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, disable=not show_progress) as progress:
            task = progress.add_task("fitting", total=self.settings.epochs * self._n_batches)
            progress.advance(task, len(self.history) * self._n_batches)
            while not self.finished:
                self._run_epoch(lambda: progress.advance(task))
                last = self.history[-1]
                progress.update(task, description=f"epoch {last.epoch}: KT AUC {last.kt_auc:.4f}")
            trained = self._best.frozen().requires_grad_(False)
            if self.settings.shrink:
                trials = progress.add_task("shrinking gains", total=N_TRIALS)
                self.shrinkage = choose_shrinkage(trained, self.stopping, lambda: progress.advance(trials))
        return self.shrinkage.of(trained)

    def forget(self) -> None:
        """Delete the training state, once the simulator itself is saved."""
        if self._state is not None:
            self._state.remove()

    def _run_epoch(self, on_batch: Callable[[], None]) -> None:
        started = time.monotonic()
        epoch = len(self.history)
        rng = np.random.default_rng([self.settings.seed, epoch])
        loss = n_scored = 0.0
        for number, rows in enumerate(self._batches(rng)):
            self._set_learning_rate(epoch * self._n_batches + number)
            batch_loss, n = self._train_batch(rows, rng)
            loss, n_scored = loss + batch_loss * n, n_scored + n
            on_batch()
        record = EpochRecord(epoch + 1, loss / n_scored, *self._stopping_aucs(), time.monotonic() - started)
        self.history.append(record)
        if record is self.best:
            self._best.load_state_dict(self._average.module.state_dict())
        if self._state is not None:
            self._state.save(self._kept(), self._optimizer, [asdict(r) for r in self.history])

    def _train_batch(self, rows: NDArray[np.int64], rng: np.random.Generator) -> tuple[float, int]:
        found = select_windows(self._windows, rows)
        questions, responses, lengths = (torch.from_numpy(array) for array in padded(self.log, found))
        network = self._parts.network.train()
        network.use_tables(self._parts.encoder())
        noise = self._response_noise(questions.shape, rng)
        n_observed = self._n_observed(lengths, rng)
        labels = self._labels.of_batch(rows, n_observed)
        watch = partial(labels.watch, network)
        prob = unroll(
            network,
            questions,
            responses,
            n_observed,
            uniforms=noise,
            watch=watch,
            prior_shift=torch.from_numpy(pad(self._prior_shift, found)),
        )
        scored = torch.arange(questions.shape[1]) < lengths.unsqueeze(1)
        scored[:, 0] = False
        loss = functional.binary_cross_entropy(prob[scored].clamp(1e-6, 1 - 1e-6), responses[scored])
        n = int(scored.sum())
        held = self.settings.question_penalty * network.question_terms(questions[scored]) / n
        self._descend(n / self._n_average * (loss + self.settings.label_weight * labels.loss + held))
        return float(loss.detach()), n

    def _alike(self, sizes: NetworkSettings) -> Neighbours | None:
        """The questions that the numbering tells to be alike, if any."""
        if not self.settings.neighbours:
            return None
        settings = self.settings
        return alike_neighbours(self.log, settings.window, settings.question_spread, further=sizes.attempt_size > 0)

    def _by_others(self) -> NDArray[np.float32]:
        """(n_interactions,): what the question's prior changes by when others than the student say how easy it is."""
        share = self.settings.by_others
        if share == 0:
            return np.zeros(self.log.n_interactions, np.float32)
        network, settings = self._parts.network, self.settings
        further = network.settings.attempt_size > 0
        others = easiness_by_others(
            self.log, settings.window, settings.question_spread, further=further, neighbours=self._neighbours
        )
        shift: NDArray[np.float32] = (share * (others - network.prior_easiness().of_interactions(self.log))).numpy()
        return shift

    def _response_noise(self, shape: torch.Size, rng: np.random.Generator) -> Tensor:
        """(n, length): evenly spread; 0.5 throughout for the windows that roll out by threshold."""
        noise = rng.random(shape, dtype=np.float32)
        noise[rng.random(len(noise)) < self.settings.hard_share] = 0.5
        return torch.from_numpy(noise)

    def _n_observed(self, lengths: Tensor, rng: np.random.Generator) -> Tensor:
        """How many true responses each window is shown: all, or up to a random cut where it goes on by itself."""
        cut = 1 + (rng.random(len(lengths)) * (lengths.numpy() - 1)).astype(np.int64)
        rolls = rng.random(len(lengths)) < self.settings.rollout_share
        return torch.from_numpy(np.where(rolls, cut, lengths.numpy()))

    def _descend(self, loss: Tensor) -> None:
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._parts.parameters(), self.settings.gradient_clip)
        self._optimizer.step()
        self._average.update_parameters(self._parts)

    def _set_learning_rate(self, step: int) -> None:
        share = step / (self.settings.epochs * self._n_batches)
        for group in self._optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * (1 + math.cos(math.pi * share)) / 2

    def _stopping_aucs(self) -> tuple[float, float]:
        model = with_bank(cast(Parts, self._average.module).frozen(), self.stopping.bank)
        kt = predict_kt(model, self.stopping).scores().auc
        return kt, predict_simulation(model, self.stopping, "expected").scores().auc

    @property
    def _n_batches(self) -> int:
        return -(-len(self._windows.length) // self.settings.batch_size)

    def _batches(self, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        """Windows (indices) of similar length together, the batches in random order."""
        size = self.settings.batch_size
        every = np.arange(len(self._windows.length))
        return (every[number * size :][:size] for number in rng.permutation(self._n_batches))

    def _kept(self) -> dict[str, nn.Module]:
        """What a training state holds."""
        return {"now": self._parts, "average": self._average, "best": self._best}

    def _identity(self) -> dict[str, object]:
        """What a saved training state must share with this trainer to be taken up."""
        return {
            "network": asdict(self._parts.network.settings),
            "training": asdict(self.settings),
            "log": self.log.fingerprint,
            "stopping": self.stopping.fingerprint,
            "teaching": self._teaching.fingerprint,
        }


def _need_length(name: str, log: ResponseLog, minimum: int) -> None:
    """Refuse what can't be trained on or scored before the first epoch rather than after it."""
    if not (log.lengths >= minimum).any():
        raise LogError(
            f"{name}: expected a student with at least {minimum} interactions, got none among {log.n_students}. "
            "Give longer histories or more students."
        )


def _forgetting(factor: float) -> Callable[..., None]:
    average: Callable[..., None] = get_ema_multi_avg_fn(factor)  # type: ignore[no-untyped-call]
    return average


def _by_length(found: Windows) -> Windows:
    return select_windows(found, np.argsort(found.length, kind="stable"))


def _optimizer(parts: nn.Module, settings: TrainingSettings) -> torch.optim.AdamW:
    matrices = [p for p in parts.parameters() if p.dim() > 1]
    vectors = [p for p in parts.parameters() if p.dim() <= 1]
    return torch.optim.AdamW(
        [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
        lr=settings.learning_rate,
    )
