"""Statistics of a comparison: interquartile means, and bootstrap intervals that keep the pairs together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import missing_extra

Statistic: TypeAlias = Callable[..., Any]
"""Takes an array and ``axis``, gives the statistic along it."""

CUT_FROM_EACH_END = 0.25


@dataclass(frozen=True)
class Interval:
    """A confidence interval, both ends included."""

    low: float
    high: float

    def excludes(self, value: float) -> bool:
        """Whether ``value`` lies outside."""
        return not self.low <= value <= self.high


def interquartile_mean(values: NDArray[np.float64], axis: int | None = None) -> Any:
    """The mean of the middle half, by ``scipy.stats.trim_mean``: robust as a median, with less noise.

    Args:
        values: Any shape; no NaN.
        axis: Along which axis; None takes all values together.
    """
    return _scipy_stats().trim_mean(values, CUT_FROM_EACH_END, axis=axis)


def bootstrap_interval(
    values: NDArray[np.float64],
    statistic: Statistic,
    rng: np.random.Generator,
    confidence: float = 0.95,
    n_resamples: int = 5_000,
) -> Interval:
    """Percentile bootstrap interval, stratified by seed.

    Every resample has as many episodes of each seed as there were. Students are drawn with all their seeds: one
    student's episodes resemble each other, and drawn apart they would count as more students than they are. After
    Agarwal et al. 2021 (arXiv 2108.13264), by ``scipy.stats.bootstrap``.

    Args:
        values: ``(n_seeds, n_students)``, at least two students.
        statistic: The statistic of all the values together.
        rng: Draws the resamples.
        confidence: In (0, 1).
        n_resamples: Number of resamples.
    """
    result = _scipy_stats().bootstrap(
        tuple(values),
        lambda *strata, axis: statistic(np.concatenate(np.broadcast_arrays(*strata), axis=axis), axis=axis),
        paired=True,
        vectorized=True,
        method="percentile",
        confidence_level=confidence,
        n_resamples=n_resamples,
        rng=rng,
    )
    return Interval(float(result.confidence_interval.low), float(result.confidence_interval.high))


def _scipy_stats() -> Any:
    try:
        import scipy.stats  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("report", "The statistics of a comparison", error) from error
    return scipy.stats
