"""The space of n students' observations or actions, whose bounds are held once and not once a student."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector.utils import batch_space

BOUNDS = ("low", "high", "bounded_below", "bounded_above")


def batched_space(space: gym.Space[Any], n: int) -> gym.Space[Any]:
    """Gymnasium's space of ``n`` values of ``space``.

    Gymnasium repeats the bounds of a `Box` for each of them, which took more memory than a student's abilities,
    practice and mastery together; here all rows are views of one.
    """
    batched = batch_space(space, n)
    _share_bounds(batched)
    return batched


def _share_bounds(batched: gym.Space[Any]) -> None:
    if isinstance(batched, gym.spaces.Dict):
        for part in batched.values():
            _share_bounds(part)
    if isinstance(batched, gym.spaces.Box):
        for name in BOUNDS:
            row: np.ndarray[Any, Any] = getattr(batched, name)[:1].copy()
            setattr(batched, name, np.broadcast_to(row, batched.shape))
