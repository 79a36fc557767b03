"""Further attempts: where students try one question several times in a row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ldsim_env.logs.response_log import ResponseLog

COMMON = 0.05  # the share of further attempts from which on models account for them


def attempts_are_common(log: ResponseLog) -> bool:
    """Whether further attempts are at least a twentieth of a log's interactions."""
    return log.n_interactions > 0 and bool((attempts_before(log) > 0).mean() >= COMMON)


def attempts_before(log: ResponseLog) -> NDArray[np.int64]:
    """How many attempts at the same question come directly before each interaction; 0 is a first attempt.

    Returns:
        ``(n_interactions,)`` int64, in the order of the log.
    """
    position = np.arange(log.n_interactions)
    again = np.zeros(log.n_interactions, dtype=bool)
    again[1:] = log.questions[1:] == log.questions[:-1]
    again[log.offsets[:-1][log.lengths > 0]] = False  # a student's first interaction
    turned_to = np.maximum.accumulate(np.where(again, 0, position))
    before: NDArray[np.int64] = position - turned_to
    return before
