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
        self._everyone = np.arange(n)[:, None]
        self._targets = np.zeros((n, 1), np.int64)  # (n, most targets), padded with the student's first
        self._share = np.zeros((n, 1))  # (n, most targets) 1 / number of targets, 0 where padded

    def set_targets(self, targets: NDArray[np.bool_], rows: Rows = ALL_ROWS) -> None:
        """The students in ``rows`` have these targets, ``(len(rows), n_concepts)`` bool, at least one each."""
        student, concept = np.nonzero(targets)
        n_targets = np.bincount(student, minlength=len(targets))
        place = np.arange(len(student)) - np.repeat(np.cumsum(n_targets) - n_targets, n_targets)
        self.n_targets[rows] = n_targets
        self._fit_width()
        places = np.repeat(targets.argmax(axis=1)[:, None], self._targets.shape[1], axis=1)
        places[student, place] = concept
        self._targets[rows] = places
        self._share[rows] = (np.arange(places.shape[1]) < n_targets[:, None]) / n_targets[:, None]

    def sit(
        self, mastery: NDArray[np.float32], threshold: float, rows: Rows = ALL_ROWS
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Examine the students in ``rows``.

        Args:
            mastery: ``(len(rows), n_concepts)``.
            threshold: Mastery from which on a target is mastered.
            rows: Which students.

        Returns:
            Exam scores in [0, 1] and whether all targets are mastered, each ``(len(rows),)``.
        """
        of_targets = mastery[self._everyone[: len(mastery)], self._targets[rows]]
        return np.vecdot(of_targets, self._share[rows]), of_targets.min(axis=1) >= threshold

    def _fit_width(self) -> None:
        """As many columns as the student with the most targets needs."""
        width, now = int(self.n_targets.max()), self._targets.shape[1]
        if width <= now:
            self._targets, self._share = self._targets[:, :width], self._share[:, :width]
            return
        more = ((0, 0), (0, width - now))
        self._targets, self._share = np.pad(self._targets, more, "edge"), np.pad(self._share, more)
