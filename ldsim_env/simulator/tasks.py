"""The two tasks a student model is measured by: knowledge tracing and simulation (design.md, "Protocols")."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ldsim_env.errors import LogError
from ldsim_env.logs import ResponseLog
from ldsim_env.logs.windows import (
    SIMULATION_MINIMUM,
    Windows,
    observed_half,
    padded,
    select_windows,
    simulated_steps,
    windows,
)
from ldsim_env.simulator.metrics import Scores, score
from ldsim_env.simulator.protocol import StudentModel
from ldsim_env.simulator.unroll import Rollout, unroll

HORIZONS = ((1, 5), (6, 20), (21, 50))  # questions since the last true response, both ends included
BATCH = 256


@dataclass(frozen=True, eq=False)
class Predictions:
    """P(right) at every scored position of a task; all arrays ``(n,)``, in the order of the log.

    Args:
        student: Index of the student in the log.
        window: Number of the 200-interaction window within the student, from 0.
        position: Position in the window, from 0.
        horizon: Questions since the last true response that the model was shown: 1 in the KT task, 1 to 50 in the
            simulation task.
        interaction: Index of the interaction in the log's arrays.
        response: The true response, 1.0 or 0.0.
        prob: P(right) given what the task lets the model know.
    """

    student: NDArray[np.int64]
    window: NDArray[np.int64]
    position: NDArray[np.int64]
    horizon: NDArray[np.int64]
    interaction: NDArray[np.int64]
    response: NDArray[np.float32]
    prob: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.prob)

    def scores(self) -> Scores:
        """Scores over all positions together."""
        return score(self.response, self.prob)

    def scores_by_horizon(self) -> dict[str, Scores]:
        """Scores of horizons 1-5, 6-20 and 21-50, those that have positions."""
        parts = {f"{low}-{high}": (self.horizon >= low) & (self.horizon <= high) for low, high in HORIZONS}
        return {name: score(self.response[part], self.prob[part]) for name, part in parts.items() if part.any()}


class _Scored(NamedTuple):
    """Windows and which of their positions are scored: ``first`` to ``last - 1`` of each."""

    windows: Windows
    first: NDArray[np.int64]  # (n_windows,)
    last: NDArray[np.int64]  # (n_windows,)


class Unroller(Protocol):
    """`unroll` with its model bound: P(right) ``(n, length)`` from true responses first and own answers after."""

    def __call__(
        self, questions: Tensor, responses: Tensor, n_observed: Tensor, *, rollout: Rollout, uniforms: Tensor
    ) -> Tensor:
        """See `unroll`."""
        ...


def predict_kt(model: StudentModel, log: ResponseLog) -> Predictions:
    """The KT task: every position but a window's first, from the true responses before it.

    Windows of 200 interactions, context anew at each, those shorter than 3 left out.
    """
    return kt_task(partial(unroll, model), log)


def kt_task(unroller: Unroller, log: ResponseLog) -> Predictions:
    """`predict_kt` for anything that can be unrolled; every position of a window is observed."""
    found = _need(windows(log), "3")
    return _predict(unroller, log, _Scored(found, first=np.ones_like(found.length), last=found.length))


def predict_simulation(
    model: StudentModel, log: ResponseLog, rollout: Rollout = "sampled", seed: int = 0
) -> Predictions:
    """The simulation task: the first half of a window is observed, then the model goes on with its own answers.

    Windows of at least 20; up to 50 of the student's real next questions are asked.

    Args:
        model: The student model.
        log: The log, over the model's bank.
        rollout: What is fed back: ``"sampled"`` (Bernoulli), ``"expected"`` (the probability) or ``"hard"`` (p > 0.5).
        seed: Seeds the sampled answers.
    """
    return simulation_task(partial(unroll, model), log, rollout, seed)


def simulation_task(unroller: Unroller, log: ResponseLog, rollout: Rollout = "sampled", seed: int = 0) -> Predictions:
    """`predict_simulation` for anything that can be unrolled."""
    found = _need(windows(log, minimum=SIMULATION_MINIMUM), str(SIMULATION_MINIMUM))
    first = observed_half(found.length)
    return _predict(unroller, log, _Scored(found, first, first + simulated_steps(found.length)), rollout, seed)


def _need(found: Windows, minimum: str) -> Windows:
    if not len(found.length):
        raise LogError(f"log: expected a student with at least {minimum} interactions, got none. Give a longer log.")
    return found


def _predict(
    unroller: Unroller, log: ResponseLog, scored: _Scored, rollout: Rollout | None = None, seed: int = 0
) -> Predictions:
    """P(right) at the scored positions; without a rollout the true responses go on being shown."""
    prob = np.zeros((len(scored.first), int(scored.last.max())), np.float32)
    noise = np.random.default_rng(seed).random(prob.shape, dtype=np.float32)
    for rows in _batches(scored.last):
        part = padded(log, select_windows(scored.windows, rows))
        longest = int(scored.last[rows].max())
        with torch.inference_mode():
            prob[rows, :longest] = unroller(
                torch.from_numpy(part.questions[:, :longest]),
                torch.from_numpy(part.responses[:, :longest]),
                torch.from_numpy(scored.first[rows] if rollout else part.lengths),
                rollout=rollout or "expected",
                uniforms=torch.from_numpy(noise[rows, :longest]),
            ).numpy()
    return _collect(log, scored, prob, counts_horizon=rollout is not None)


def _batches(length: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Rows in batches of similar length, so that little is padded."""
    order = np.argsort(length, kind="stable")
    return (order[i : i + BATCH] for i in range(0, len(order), BATCH))


def _collect(log: ResponseLog, scored: _Scored, prob: NDArray[np.float32], counts_horizon: bool) -> Predictions:
    """The scored positions end to end."""
    positions = np.arange(prob.shape[1])
    inside = (positions >= scored.first[:, None]) & (positions < scored.last[:, None])
    row, position = np.nonzero(inside)
    at = scored.windows.start[row] + position
    return Predictions(
        student=scored.windows.student[row],
        window=scored.windows.number[row],
        position=position,
        horizon=position - scored.first[row] + 1 if counts_horizon else np.ones_like(position),
        interaction=at,
        response=log.responses[at].astype(np.float32),
        prob=prob[row, position],
    )
