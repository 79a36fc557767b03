"""Windows of 200 interactions: the unit in which student models are trained and measured (design.md, "Protocols")."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError
from ldsim_env.logs.response_log import ResponseLog

Value = TypeVar("Value", bound=np.generic)

WINDOW_LENGTH = 200
KT_MINIMUM = 3  # the KT task leaves out shorter windows
SIMULATION_MINIMUM = 20  # the simulation task leaves out shorter windows
SIMULATION_STEPS = 50  # the simulation task asks at most so many questions after the observed half


class Windows(NamedTuple):
    """Consecutive windows of the students' histories, in the order of the log; all arrays ``(n_windows,)`` int64."""

    student: NDArray[np.int64]  # index of the student in the log
    number: NDArray[np.int64]  # number of the window within the student, from 0; left-out windows are counted
    start: NDArray[np.int64]  # offset of the first interaction in the log's arrays
    length: NDArray[np.int64]  # number of interactions


class PaddedWindows(NamedTuple):
    """Windows as rectangular arrays, 0 behind the end of each window."""

    questions: NDArray[np.int64]  # (n_windows, longest)
    responses: NDArray[np.float32]  # (n_windows, longest), 1 right, 0 wrong
    lengths: NDArray[np.int64]  # (n_windows,)


def windows(log: ResponseLog, length: int = WINDOW_LENGTH, minimum: int = KT_MINIMUM) -> Windows:
    """Cut each student's history into consecutive windows; the last one of a student may be shorter.

    Args:
        log: The log.
        length: Interactions in a window, at least 1.
        minimum: Windows with fewer interactions are left out (but counted in the numbering), at least 1.

    Raises:
        SettingsError: If ``length`` or ``minimum`` is below 1.
    """
    for name, value in (("length", length), ("minimum", minimum)):
        if value < 1:
            raise SettingsError(f"{name}: expected at least 1 interaction, got {value}.")
    per_student = -(-log.lengths // length)
    student = np.repeat(np.arange(log.n_students), per_student)
    number = np.arange(len(student)) - np.repeat(np.cumsum(per_student) - per_student, per_student)
    start = log.offsets[student] + number * length
    found = Windows(student, number, start, np.minimum(length, log.offsets[student + 1] - start))
    return select_windows(found, found.length >= minimum)


def select_windows(found: Windows, kept: NDArray[np.bool_] | NDArray[np.integer]) -> Windows:
    """Some of the windows, by a mask or by indices."""
    return Windows(*(values[kept] for values in found))


def observed_half(length: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many interactions the simulation task shows the student model: half of the window, rounded down."""
    half: NDArray[np.int64] = length // 2
    return half


def simulated_steps(length: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many interactions the simulation task asks after the observed half: the other half, 50 at most."""
    steps: NDArray[np.int64] = np.minimum(length - observed_half(length), SIMULATION_STEPS)
    return steps


def answers_per_batch(lengths: NDArray[np.int64], batch_size: int) -> float:
    """How many answers an average batch scores: every one but a window's first.

    Training batches hold windows of like length. A batch's sum over its answers, divided by this, lets all answers of a
    log weigh alike; by its mean, one of a short window would count for many of a long one.

    Args:
        lengths: ``(n_windows,)``, of all windows.
        batch_size: Windows in a batch; the last batch may have fewer.
    """
    n_batches = -(-len(lengths) // batch_size)
    return float((lengths - 1).sum()) / n_batches


def padded(log: ResponseLog, found: Windows) -> PaddedWindows:
    """The windows' questions and responses side by side."""
    questions, responses = pad(log.questions, found), pad(log.responses, found)
    return PaddedWindows(questions.astype(np.int64), responses.astype(np.float32), found.length)


def pad(values: NDArray[Value], found: Windows) -> NDArray[Value]:
    """The windows' interactions side by side, ``(n_windows, longest)``, 0 where padded.

    Args:
        values: ``(n_interactions,)``, one of each interaction of the log.
        found: The windows.
    """
    position = np.arange(int(found.length.max(initial=0)))
    inside = position < found.length[:, None]
    table = np.zeros(inside.shape, values.dtype)
    table[inside] = values[(found.start[:, None] + position)[inside]]
    return table
