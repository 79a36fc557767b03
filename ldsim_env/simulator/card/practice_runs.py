"""Runs of questions on one kind (set of concepts), as a tutor gives them: it stops after three right in a row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.logs import RIGHT, ResponseLog
from ldsim_env.logs.windows import Windows

STOP_AFTER = 3  # right answers in a row that end a run, as the tutor of ASSISTments has it
LONGEST = 12  # questions of a run that are looked at
PSEUDO_LEAVES = 3  # how much a question must be met before it departs from the mean


class PracticeRuns(NamedTuple):
    """Runs that begin within a window; a run that goes on from the window before is left out."""

    row: NDArray[np.int64]  # (n_runs,) the window
    begin: NDArray[np.int64]  # (n_runs,) position in the window at which the run begins
    student: NDArray[np.int64]  # (n_runs,) index of the student in the log
    kind: NDArray[np.int64]  # (n_runs,) of its questions
    questions: NDArray[np.int64]  # (n_runs, LONGEST), 0 behind the end
    real: NDArray[np.float64]  # (n_runs, LONGEST) true responses, 0 behind the end
    asked: NDArray[np.bool_]  # (n_runs, LONGEST) whether the real student was asked, up to the stop
    known: NDArray[np.bool_]  # (n_runs, LONGEST) whether there is a real question, beyond the stop too
    left: NDArray[np.bool_]  # (n_runs, LONGEST) whether the real student left after it without the stop
    censored: NDArray[np.bool_]  # (n_runs,) whether the run ends only because the window or the log does


def practice_runs(log: ResponseLog, found: Windows) -> PracticeRuns:
    """All runs of the windows, cut where the tutor's rule would have stopped them.

    Real runs sometimes go on after three right in a row; what follows is left out, so that real and simulated students
    are under the same rule.
    """
    kinds = log.bank.kinds.of_question[log.questions]
    row, begin, length = _spans(kinds, found)
    at = found.start[row] + begin
    steps = np.arange(LONGEST)
    known = steps < length[:, None]
    place = np.where(known, at[:, None] + steps, 0)
    real = np.where(known, log.responses[place], 0).astype(np.float64)
    stopped = _stopped(real)
    asked = known & ~_before(stopped)
    ends = asked & ~_next(known) & ~stopped
    censored = found.length[row] == begin + length
    return PracticeRuns(
        row, begin, found.student[row], kinds[at], np.where(known, log.questions[place], 0).astype(np.int64),
        real, asked, known, ends & ~censored[:, None] & (steps < LONGEST - 1), censored,
    )  # fmt: skip


def _spans(kinds: NDArray[np.int64], found: Windows) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Window, first position and length of each run."""
    rows, begins, lengths = [], [], []
    for row, (number, start, length) in enumerate(zip(found.number, found.start, found.length, strict=True)):
        of_window = kinds[start : start + length]
        first = np.flatnonzero(np.concatenate([[True], of_window[1:] != of_window[:-1]]))
        span = np.diff(np.append(first, length))
        goes_on = number > 0 and kinds[start - 1] == of_window[0]
        begins.append(first[int(goes_on) :])
        lengths.append(span[int(goes_on) :])
        rows.append(np.full(len(begins[-1]), row))
    return np.concatenate(rows), np.concatenate(begins), np.concatenate(lengths)


def _stopped(real: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where three right answers in a row are complete."""
    right: NDArray[np.bool_] = real == RIGHT
    stopped = right.copy()
    for back in range(1, STOP_AFTER):
        stopped[:, back:] &= right[:, :-back]
        stopped[:, :back] = False
    return stopped


def _before(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether any earlier position of the row is flagged."""
    earlier = np.zeros_like(flags)
    earlier[:, 1:] = np.logical_or.accumulate(flags, axis=1)[:, :-1]
    return earlier


def _next(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the position after this one is known; the last one's is not."""
    after = np.zeros_like(known)
    after[:, :-1] = known[:, 1:]
    return after


def leave_prob(runs: PracticeRuns, lessons: NDArray[np.int64], n_questions: int) -> NDArray[np.float64]:
    """``(n_runs, LONGEST, STOP_AFTER)``: P(the run ends here without the stop) after so many right answers in a row.

    By opportunity and right answers in a row, counted on the real runs (1 of 4 pseudo-counts leaves), times how much
    oftener than that real students left after this very question, in the other runs: some questions stand in problem
    sets of mixed topics, which leave a concept at once.

    Args:
        runs: The real runs.
        lessons: ``(n_runs, LONGEST)`` what simulated students are asked.
        n_questions: Questions in the bank.
    """
    streak = np.minimum(streaks(runs.real), STOP_AFTER - 1)
    counted = runs.asked & ~_stopped(runs.real) & ~(~_next(runs.known) & runs.censored[:, None])
    column = np.broadcast_to(np.arange(LONGEST), counted.shape)
    n, left = (np.zeros((LONGEST, STOP_AFTER)) for _ in range(2))
    np.add.at(n, (column[counted], streak[counted]), 1)
    np.add.at(left, (column[counted], streak[counted]), runs.left[counted])
    base = (left + 1) / (n + 4)
    own = np.where(counted, base[column, streak], 0), np.where(counted, runs.left, 0)
    expected, seen = (
        np.bincount(runs.questions[counted], weights=values[counted], minlength=n_questions) for values in own
    )
    real = runs.known & (lessons == runs.questions)
    others = (seen[lessons] - np.where(real, own[1], 0), expected[lessons] - np.where(real, own[0], 0))
    lift = (others[0] + PSEUDO_LEAVES) / (others[1] + PSEUDO_LEAVES)
    return np.minimum(base * lift[:, :, None], 1)


def end_shares(runs: PracticeRuns) -> tuple[float, ...]:
    """``(STOP_AFTER + 1,)``: share of the answers after which a real run ends, after 0, 1, ... right answers in a row.

    A tutor that stops after `STOP_AFTER` in a row ends more runs there than after one less.
    """
    goes_on = _next(runs.known)
    seen = runs.known & ~(~goes_on & runs.censored[:, None])
    seen[:, -1] = False  # what follows it is not looked at
    streak = np.minimum(streaks(runs.real), STOP_AFTER)
    n = np.bincount(streak[seen], minlength=STOP_AFTER + 1)
    ended = np.bincount(streak[seen & ~goes_on], minlength=STOP_AFTER + 1)
    return tuple((ended / np.maximum(n, 1)).tolist())


def streaks(real: NDArray[np.float64]) -> NDArray[np.int64]:
    """Right answers in a row up to each position of a row."""
    streak = np.zeros(real.shape, np.int64)
    for t in range(real.shape[1]):
        before = streak[:, t - 1] if t else 0
        streak[:, t] = np.where(real[:, t] == RIGHT, before + 1, 0)
    return streak
