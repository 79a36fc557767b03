"""The exam: mean mastery over each student's targets, read without changing anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.rows import ALL_ROWS, Rows


class Exam:
    """The targets of n students as lists of indices, so that an exam reads a few columns of the mastery.

    Args:
        n: Number of students.

    Attributes:
        n_targets: ``(n,)`` int64.
    """

    def __init__(self, n: int):
        self.n_targets = np.zeros(n, np.int64)
        self._targets = np.zeros((n, 0), np.int64)  # (n, most targets), padded with 0
        self._is_target = np.zeros((n, 0), bool)  # False where padded

    def set_targets(self, targets: NDArray[np.bool_], rows: Rows = ALL_ROWS) -> None:
        """The students in ``rows`` have these targets, ``(len(rows), n_concepts)`` bool, at least one each."""
        student, concept = np.nonzero(targets)
        n_targets = np.bincount(student, minlength=len(targets))
        place = np.arange(len(student)) - np.repeat(np.cumsum(n_targets) - n_targets, n_targets)
        self.n_targets[rows] = n_targets
        self._fit_width()
        places = np.zeros((len(targets), self._targets.shape[1]), np.int64)
        places[student, place] = concept
        self._targets[rows] = places
        self._is_target[rows] = np.arange(places.shape[1]) < n_targets[:, None]

    def scores(self, mastery: NDArray[np.float32], rows: Rows = ALL_ROWS) -> NDArray[np.float64]:
        """Exam scores in [0, 1] of the students in ``rows``, whose mastery is ``(len(rows), n_concepts)``."""
        of_targets = np.where(self._is_target[rows], self._read(mastery, rows), 0)
        return np.asarray(of_targets.sum(axis=1, dtype=np.float64) / self.n_targets[rows])

    def mastered(self, mastery: NDArray[np.float32], threshold: float, rows: Rows = ALL_ROWS) -> NDArray[np.bool_]:
        """Whether the mastery of all targets is at least ``threshold``, for the students in ``rows``."""
        reached = (self._read(mastery, rows) >= threshold) | ~self._is_target[rows]
        return np.asarray(reached.all(axis=1))

    def _read(self, mastery: NDArray[np.float32], rows: Rows) -> NDArray[np.float32]:
        """``(len(rows), most targets)``."""
        return mastery[np.arange(len(mastery))[:, None], self._targets[rows]]

    def _fit_width(self) -> None:
        """As many columns as the student with the most targets needs."""
        width, now = int(self.n_targets.max()), self._targets.shape[1]
        if width <= now:
            self._targets, self._is_target = self._targets[:, :width], self._is_target[:, :width]
            return
        more = ((0, 0), (0, width - now))
        self._targets, self._is_target = np.pad(self._targets, more), np.pad(self._is_target, more)
