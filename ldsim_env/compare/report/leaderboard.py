"""The leaderboard of one student model: each policy's gain with its interval, and how it was come by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldsim_env.compare.report.paired_episodes import PairedEpisodes
from ldsim_env.compare.report.report_settings import ReportSettings
from ldsim_env.compare.report.run_settings import PolicyEntry, RunSettings
from ldsim_env.compare.statistics import Interval, Statistic, bootstrap_interval, interquartile_mean
from ldsim_env.errors import SettingsError, unknown_name

MIDDLE_OF_STUDENTS = (10, 90)


@dataclass(frozen=True)
class LeaderboardRow:
    """One policy on one student model; gains are normalised learning gains E_p.

    Args:
        policy: The policy.
        iqm: Interquartile mean of the gain, with its bootstrap interval.
        iqm_interval: See ``iqm``.
        spread: Where the middle 80% of the episodes lie.
        mean: Mean gain.
        median: Median gain.
        clipped_mean: Mean of the clipped gain, which a few students near mastery can't dominate.
        share_worse: Share of episodes with a gain below 0, with its bootstrap interval.
        worse_interval: See ``share_worse``.
        difference: Mean gain minus the reference's over the same students; None for the reference itself.
        difference_interval: See ``difference``.
        improvement: Share of pairs in which it gains more than the reference, ties counted half; None likewise.
        improvement_interval: See ``improvement``.
        success_rate: Mean share of right answers.
        repeat_rate: Mean share of questions asked before.
        concept_coverage: Mean share of concepts practised.
        share_mastered: Share of episodes that reach mastery.
        questions_to_mastery: Median number of questions among those; None if there are none.
    """

    policy: PolicyEntry
    iqm: float
    iqm_interval: Interval
    spread: Interval
    mean: float
    median: float
    clipped_mean: float
    share_worse: float
    worse_interval: Interval
    difference: float | None
    difference_interval: Interval | None
    improvement: float | None
    improvement_interval: Interval | None
    success_rate: float
    repeat_rate: float
    concept_coverage: float
    share_mastered: float
    questions_to_mastery: float | None


def leaderboard(pairs: PairedEpisodes, run: RunSettings, settings: ReportSettings) -> tuple[LeaderboardRow, ...]:
    """Every policy that taught this student model, the highest interquartile mean first.

    Raises:
        SettingsError: If the reference policy did not teach it.
        MissingExtraError: If scipy is not installed.
    """
    reference = reference_of(run, settings)
    if reference not in pairs.policies:
        raise SettingsError(f"reference: no episodes of {reference!r} on {pairs.student_model}; name another policy.")
    rows = [_row(pairs, run.policy(name), reference, settings) for name in pairs.policies]
    return tuple(sorted(rows, key=lambda row: row.iqm, reverse=True))


def reference_of(run: RunSettings, settings: ReportSettings) -> str:
    """The policy that the others are measured against.

    Raises:
        SettingsError: If the wished one was not compared.
    """
    names = [policy.name for policy in run.policies]
    if settings.reference is not None:
        if settings.reference not in names:
            raise SettingsError(f"reference: {unknown_name('policy', settings.reference, names)}")
        return settings.reference
    baselines = [policy.name for policy in run.policies if policy.kind == "baseline"]
    return "random" if "random" in names else (baselines or names)[0]


def interval_of(
    values: NDArray[np.float64], statistic: Statistic, pairs: PairedEpisodes, settings: ReportSettings
) -> Interval:
    """The bootstrap interval of a statistic of ``values``, ``(n_seeds, n_students)``.

    The resamples follow from the seeds, the same for every policy, so that a row does not change with its company.
    """
    rng = np.random.default_rng(pairs.seeds)
    return bootstrap_interval(values, statistic, rng, settings.confidence, settings.n_resamples)


def _row(pairs: PairedEpisodes, policy: PolicyEntry, reference: str, settings: ReportSettings) -> LeaderboardRow:
    gains, to_mastery = pairs.of(policy.name), pairs.of(policy.name, "questions_to_mastery")
    worse = (gains < 0).astype(np.float64)
    low, high = np.percentile(gains, MIDDLE_OF_STUDENTS)
    reached = np.isfinite(to_mastery)
    difference, difference_interval = _difference(pairs, policy.name, reference, settings)
    improvement, improvement_interval = _improvement(pairs, policy.name, reference, settings)
    return LeaderboardRow(
        policy=policy,
        iqm=float(interquartile_mean(gains)),
        iqm_interval=interval_of(gains, interquartile_mean, pairs, settings),
        spread=Interval(float(low), float(high)),
        mean=float(gains.mean()),
        median=float(np.median(gains)),
        clipped_mean=float(np.nanmean(pairs.of(policy.name, "clipped_gain"))),
        share_worse=float(worse.mean()),
        worse_interval=interval_of(worse, np.mean, pairs, settings),
        difference=difference,
        difference_interval=difference_interval,
        improvement=improvement,
        improvement_interval=improvement_interval,
        success_rate=float(np.nanmean(pairs.of(policy.name, "success_rate"))),
        repeat_rate=float(np.nanmean(pairs.of(policy.name, "repeat_rate"))),
        concept_coverage=float(np.nanmean(pairs.of(policy.name, "concept_coverage"))),
        share_mastered=float(reached.mean()),
        questions_to_mastery=float(np.median(to_mastery[reached])) if reached.any() else None,
    )


def _difference(
    pairs: PairedEpisodes, policy: str, reference: str, settings: ReportSettings
) -> tuple[float | None, Interval | None]:
    if policy == reference:
        return None, None
    differences = pairs.of(policy) - pairs.of(reference)
    return float(differences.mean()), interval_of(differences, np.mean, pairs, settings)


def _improvement(
    pairs: PairedEpisodes, policy: str, reference: str, settings: ReportSettings
) -> tuple[float | None, Interval | None]:
    if policy == reference:
        return None, None
    wins = (np.sign(pairs.of(policy) - pairs.of(reference)) + 1) / 2
    return float(wins.mean()), interval_of(wins, np.mean, pairs, settings)
