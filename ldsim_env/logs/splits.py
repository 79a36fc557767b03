"""Splits by student: all of a student's interactions stay on one side."""

from __future__ import annotations

import numpy as np

from ldsim_env.errors import SettingsError
from ldsim_env.logs.response_log import ResponseLog


def split_students(log: ResponseLog, share: float, rng: np.random.Generator) -> tuple[ResponseLog, ResponseLog]:
    """Set a random part of the students apart.

    Args:
        log: The log.
        share: Share of the students set apart, in (0, 1); at least one student lands on each side.
        rng: Draws who is set apart.

    Returns:
        The rest and the part, students in the order of the log.

    Raises:
        SettingsError: If ``share`` is not in (0, 1) or the log has fewer than two students.
    """
    if not 0 < share < 1:
        raise SettingsError(f"share: expected a share of the students between 0 and 1, got {share}.")
    if log.n_students < 2:
        raise SettingsError(f"log: expected at least 2 students to split, got {log.n_students}. Give a larger log.")
    size = min(max(round(share * log.n_students), 1), log.n_students - 1)
    order = rng.permutation(log.n_students)
    return log.select(np.sort(order[size:])), log.select(np.sort(order[:size]))


def split_folds(log: ResponseLog, n: int, rng: np.random.Generator) -> tuple[ResponseLog, ...]:
    """Deal the students at random into ``n`` folds whose numbers of students differ by one at most.

    Args:
        log: The log.
        n: Number of folds, from 2 to the number of students.
        rng: Draws who goes where.

    Raises:
        SettingsError: If ``n`` is outside its range.
    """
    if not 2 <= n <= log.n_students:
        raise SettingsError(f"n: expected 2 to {log.n_students} folds (the number of students), got {n}.")
    return tuple(log.select(np.sort(fold)) for fold in np.array_split(rng.permutation(log.n_students), n))
