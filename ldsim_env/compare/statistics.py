"""Statistics of a comparison: means, interquartile means, and bootstrap intervals that keep the pairs together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ldsim_env.compare.results import Comparison
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


@dataclass(frozen=True)
class PolicySummary:
    """One row of the table; gains are normalised learning gains E_p.

    Args:
        policy: Name of the policy.
        uses_simulator: Whether it looks ahead on the simulator.
        mean: Mean gain.
        median: Median gain.
        share_negative: Share of episodes with a gain below 0: students made worse.
        iqm: Interquartile mean of the gain: the mean of the middle half.
        iqm_interval: Its bootstrap interval.
        difference: Mean gain minus the reference policy's, over the same students; 0 for the reference itself.
        difference_interval: Its bootstrap interval, over pairs.
        success_rate: Mean share of right answers.
        repeat_rate: Mean share of questions asked before in the episode.
        n_steps: Mean number of questions.
    """

    policy: str
    uses_simulator: bool
    mean: float
    median: float
    share_negative: float
    iqm: float
    iqm_interval: Interval
    difference: float
    difference_interval: Interval
    success_rate: float
    repeat_rate: float
    n_steps: float

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, for JSON."""
        return asdict(self)


def summarise(comparison: Comparison) -> tuple[PolicySummary, ...]:
    """Statistics of every policy, in the order of the comparison.

    The resamples follow from the comparison's seeds, the same for every policy, so that a result does not change with
    the company it is in.

    Raises:
        MissingExtraError: If scipy is not installed.
        SettingsError: If the reference policy was not compared.
    """
    return tuple(_summary(comparison, policy) for policy in comparison.policies)


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


def _summary(comparison: Comparison, policy: str) -> PolicySummary:
    row = comparison.policies.index(policy)
    gains = comparison.gains_of(policy)
    differences = gains - comparison.gains_of(comparison.settings.reference)
    return PolicySummary(
        policy=policy,
        uses_simulator=comparison.uses_simulator[row],
        mean=float(gains.mean()),
        median=float(np.median(gains)),
        share_negative=float((gains < 0).mean()),
        iqm=float(interquartile_mean(gains)),
        iqm_interval=_interval(comparison, gains, interquartile_mean),
        difference=float(differences.mean()),
        difference_interval=_interval(comparison, differences, np.mean),
        success_rate=float(comparison.success_rate[row].mean()),
        repeat_rate=float(comparison.repeat_rate[row].mean()),
        n_steps=float(comparison.n_steps[row].mean()),
    )


def _interval(comparison: Comparison, values: NDArray[np.float64], statistic: Statistic) -> Interval:
    settings = comparison.settings
    rng = np.random.default_rng(settings.seeds)
    return bootstrap_interval(values, statistic, rng, settings.confidence, settings.n_resamples)


def _scipy_stats() -> Any:
    try:
        import scipy.stats  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("report", "The statistics of a comparison", error) from error
    return scipy.stats
