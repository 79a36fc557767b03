"""Which factor on practice fits real students best, with its uncertainty over students."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
CONFIDENCE = 0.95
GRID = np.linspace(-1, 5, 601)  # factors looked at; an end of an interval at an end of it is "or beyond"

Weights: TypeAlias = NDArray[np.float64]
"""``(n_resamples, n_students)``: how often each student is in each resample; the first row is everyone once."""

Anchor: TypeAlias = int | None
"""The column that growth is counted from; None compares the shares themselves."""


class Curves(NamedTuple):
    """Right answers and answers of each student in each column of a curve, both ``(n_students, n_columns)``."""

    right: NDArray[np.float64]
    asked: NDArray[np.float64]

    def shares(self) -> tuple[float, ...]:
        """Share right in each column over all students."""
        return tuple((self.right.sum(0) / np.maximum(self.asked.sum(0), 1)).tolist())


@dataclass(frozen=True)
class FactorFit:
    """A factor on practice: 1 is the simulator as it is.

    Args:
        best: The factor that fits best, on a grid from -1 to 5.
        low: Lower end of the 95% interval over resampled students.
        high: Its upper end.
    """

    best: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.best:.2f} ({self.low:.2f} to {self.high:.2f})"


def count_curves(
    student: NDArray[np.int64], column: NDArray[np.int64], right: NDArray[Any], shape: tuple[int, int]
) -> Curves:
    """Count answers, each given by its student, column and whether it was right, all ``(n,)``."""
    sums = np.zeros((2, *shape))
    np.add.at(sums[0], (student, column), right)
    np.add.at(sums[1], (student, column), 1)
    return Curves(sums[0], sums[1])


def add_curves(copies: Iterable[Curves]) -> Curves:
    """Several simulations of the same students as one."""
    right, asked = (np.sum(arrays, axis=0) for arrays in zip(*copies, strict=True))
    return Curves(right, asked)


def resample(n_students: int, seed: int) -> Weights:
    """Students drawn with replacement, and everyone once."""
    rng = np.random.default_rng([seed, 1])
    drawn = rng.multinomial(n_students, np.full(n_students, 1 / n_students), RESAMPLES)
    return np.concatenate([np.ones((1, n_students)), drawn])


def fit_curves(real: Curves, simulated: Mapping[float, Curves], weights: Weights, anchor: Anchor) -> FactorFit:
    """The factor whose curve is nearest to the real one: least squares, weighed by real answers.

    Args:
        real: The real students.
        simulated: The simulated ones by factor, at least three.
        weights: See `resample`.
        anchor: Where growth is counted from.
    """
    first = anchor or 0
    target, counts = _shown(weights, real, anchor)[:, first:], (weights @ real.asked)[:, first:]

    def misfit(factor_curves: NDArray[np.float64]) -> NDArray[np.float64]:
        squares: NDArray[np.float64] = (factor_curves[:, :, first:] - target) ** 2 * counts
        summed: NDArray[np.float64] = squares.sum(axis=2)
        return summed

    return _least(simulated, lambda curves: _shown(weights, curves, anchor), misfit)


def fit_losses(losses: Mapping[float, NDArray[np.float64]], weights: Weights) -> FactorFit:
    """The factor of the least loss; ``losses`` has each student's sum by factor, at least three."""

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        summed: NDArray[np.float64] = (weights @ values)[:, None]
        return summed

    return _least(losses, total, lambda loss: loss[:, :, 0])


def _least(
    by_factor: Mapping[float, Any],
    measure: Callable[[Any], NDArray[np.float64]],
    misfit: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> FactorFit:
    """What is measured ``(n_resamples, n_columns)`` is read off a parabola between the factors."""
    powers = np.vander(np.array(list(by_factor)), 3)
    measured = np.stack([measure(one) for one in by_factor.values()])
    coefficients = np.linalg.lstsq(powers, measured.reshape(len(powers), -1), rcond=None)[0]
    grid = np.array_split(GRID, 20)  # a part at a time: all factors of all resamples at once take much memory
    parts = [misfit((np.vander(part, 3) @ coefficients).reshape(len(part), *measured.shape[1:])) for part in grid]
    best = GRID[np.concatenate(parts).argmin(axis=0)]
    low, high = np.quantile(best[1:], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return FactorFit(float(best[0]), float(low), float(high))


def _shown(weights: Weights, curves: Curves, anchor: Anchor) -> NDArray[np.float64]:
    """(n_resamples, n_columns): share right, less that in the column ``anchor``."""
    share: NDArray[np.float64] = (weights @ curves.right) / np.maximum(weights @ curves.asked, 1)
    return share if anchor is None else share - share[:, anchor : anchor + 1]
