"""The answers that a student model gave itself in the simulation task."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.simulator.tasks import Predictions


class Answers(NamedTuple):
    """The scored half of every window, side by side; ``(n_windows, steps)`` but for ``student``.

    ``inside`` says which positions are real ones; elsewhere the arrays hold 0 (``interaction`` too).
    """

    student: NDArray[np.int64]  # (n_windows,) index of the student in the log
    first: NDArray[np.int64]  # (n_windows,) position in the window at which the simulation begins
    interaction: NDArray[np.int64]  # index of the interaction in the log's arrays
    real: NDArray[np.float64]  # the true responses
    simulated: NDArray[np.float64]  # the model's own answers
    prob: NDArray[np.float64]  # P(right) before each of them
    inside: NDArray[np.bool_]


def own_answers(predictions: Predictions, seed: int) -> Answers:
    """The answers behind `predict_simulation(..., "sampled", seed)`, from its probabilities and its response noise.

    The noise is drawn anew as that function draws it: one number in [0, 1) for each window and position.
    """
    begins = predictions.horizon == 1
    row = np.cumsum(begins) - 1
    noise = np.random.default_rng(seed).random((int(row[-1]) + 1, int(predictions.position.max()) + 1), np.float32)
    simulated = predictions.prob > noise[row, predictions.position]
    return _side_by_side(predictions, row, begins, simulated)


def _side_by_side(
    predictions: Predictions, row: NDArray[np.int64], begins: NDArray[np.bool_], simulated: NDArray[np.bool_]
) -> Answers:
    shape = (int(row[-1]) + 1, int(predictions.horizon.max()))
    at = (row, predictions.horizon - 1)
    inside = np.zeros(shape, bool)
    inside[at] = True
    interaction = np.zeros(shape, np.int64)
    interaction[at] = predictions.interaction
    real, own, prob = (np.zeros(shape) for _ in range(3))
    real[at], own[at], prob[at] = predictions.response, simulated, predictions.prob
    return Answers(predictions.student[begins], predictions.position[begins], interaction, real, own, prob, inside)
