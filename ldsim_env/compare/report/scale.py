"""Round numbers for an axis, and places on it as percentages: figures keep their text size at every width."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """An axis from ``low`` to ``high`` with ``ticks``, all in the data's unit."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def percent(self, value: float) -> float:
        """Where ``value`` lies, 0 to 100; values beyond the ends lie at the ends."""
        return round(min(max((value - self.low) / (self.high - self.low), 0.0), 1.0) * 100, 3)


def scale_over(values: Iterable[float], n_ticks: int = 5) -> Scale:
    """An axis over all the values with about ``n_ticks`` round numbers on it.

    Args:
        values: At least one, finite.
        n_ticks: At least 2.
    """
    values = list(values)
    low, high = min(values), max(values)
    if high - low < 1e-9:
        low, high = low - 0.05, high + 0.05
    step = _round_step((high - low) / (n_ticks - 1))
    first, last = math.floor(low / step), math.ceil(high / step)
    ticks = tuple(round(k * step, 10) for k in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], ticks)


def _round_step(wished: float) -> float:
    """The least of 1, 2, 2.5, 5 and 10 times a power of ten that is not below ``wished``."""
    power = 10.0 ** math.floor(math.log10(wished))
    return next((factor * power for factor in (1.0, 2.0, 2.5, 5.0) if factor * power >= wished * 0.999), 10 * power)
