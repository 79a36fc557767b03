"""Response noise pinned by the user, for comparing policies on one student: who asks the same is answered the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.rows import Rows
from ldsim_env.errors import SettingsError


class ResponseNoise:
    """The numbers that decide the responses of n students: those pinned for a step, else those of the generator.

    A student answers right where P(right) is above the number.
    """

    def __init__(self, n: int):
        self._pinned = np.empty((n, 0))  # (n, most steps pinned), NaN where nothing is

    def pin(self, rows: Rows, noise: NDArray[np.float64] | None) -> None:
        """Pin the numbers of the students in ``rows`` from the first step of an episode on; None unpins them.

        Args:
            rows: Which students.
            noise: ``(n_steps,)`` in [0, 1), the same for all of them.
        """
        n_steps = 0 if noise is None else len(noise)
        if n_steps > self._pinned.shape[1]:
            wider = np.full((len(self._pinned), n_steps), np.nan)
            wider[:, : self._pinned.shape[1]] = self._pinned
            self._pinned = wider
        self._pinned[rows] = np.nan
        if noise is not None:
            self._pinned[rows, :n_steps] = noise

    def pin_from(self, steps: NDArray[np.int64], noise: NDArray[np.float64]) -> None:
        """Pin all students' numbers anew, from the step after ``steps`` steps ``(n,)`` on."""
        self._pinned = np.full((len(steps), int(steps.max(initial=0)) + len(noise)), np.nan)
        for row, step in enumerate(steps.tolist()):
            self._pinned[row, step : step + len(noise)] = noise

    def at(self, steps: NDArray[np.int64], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        """The numbers for the step after ``steps`` steps ``(n,)``: pinned ones, else those ``drawn`` ``(n,)``."""
        if not self._pinned.shape[1]:
            return drawn
        last = self._pinned.shape[1] - 1
        pinned = self._pinned[np.arange(len(steps)), np.minimum(steps, last)]
        return np.where((steps <= last) & ~np.isnan(pinned), pinned, drawn)


def checked_noise(noise: Any, name: str) -> NDArray[np.float64]:
    """Numbers given by the user as response noise, ``(n_steps,)``.

    Raises:
        SettingsError: If they aren't numbers in [0, 1); ``name`` says where they stand.
    """
    try:
        numbers = np.asarray(noise, np.float64)
    except (TypeError, ValueError):
        numbers = np.empty((0, 0))
    if numbers.ndim != 1:
        raise SettingsError(f"{name}: expected a list of numbers in [0, 1), one a step, got {noise!r}.")
    wrong = numbers[~((numbers >= 0) & (numbers < 1))]
    if len(wrong):
        raise SettingsError(f"{name}: expected numbers in [0, 1), got {wrong.tolist()}.")
    return numbers.copy()
