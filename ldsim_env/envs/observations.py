"""What the recommender sees, as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

N_RESPONSE_FLAGS = 2  # last response was right, was wrong
N_PROGRESS = 1


def flat_size(n_concepts: int) -> int:
    """Length of the flat observation."""
    return 2 * n_concepts + N_RESPONSE_FLAGS + N_PROGRESS


def flat_observation(
    mastery: NDArray[np.float32],
    targets: NDArray[np.bool_],
    last_response: NDArray[np.float32],
    progress: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Join the parts of the flat observation.

    Args:
        mastery: ``(n, n_concepts)`` in [0, 1].
        targets: ``(n, n_concepts)`` bool.
        last_response: ``(n, 2)``: 1 in the first column after a right response, in the second after a wrong one.
        progress: ``(n,)`` share of the step budget used, in [0, 1].

    Returns:
        A new array ``(n, flat_size(n_concepts))`` float32 in [0, 1].
    """
    return np.concatenate([mastery, targets, last_response, progress[:, None]], axis=1, dtype=np.float32)
