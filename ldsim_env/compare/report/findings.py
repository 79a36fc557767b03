"""The sentences at the top of the page: what the figures say, and what they don't settle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ldsim_env.compare.report.leaderboard import LeaderboardRow, interval_of, reference_of
from ldsim_env.compare.report.matrix import SimulatorMatrix
from ldsim_env.compare.report.paired_episodes import PairedEpisodes
from ldsim_env.compare.report.report_settings import ReportSettings
from ldsim_env.compare.report.run_settings import RunSettings
from ldsim_env.compare.statistics import Interval


def findings(
    run: RunSettings,
    pairs: PairedEpisodes,
    rows: Sequence[LeaderboardRow],
    matrix: SimulatorMatrix | None,
    settings: ReportSettings,
) -> list[str]:
    """Plain sentences on the first student model, and on the agreement of all.

    Args:
        run: Settings of the run.
        pairs: Episodes of the first student model.
        rows: Its leaderboard, the best first.
        matrix: Of all the student models, if there are several.
        settings: Of the report.
    """
    rivals = [row for row in rows if not row.policy.uses_simulator]
    sentences = []
    if rivals:
        sentences.append(_leader(rivals[0], pairs.student_model, settings))
        sentences.append(_against_reference(rivals[0], run.policy(reference_of(run, settings)).label))
        sentences.append(_runner_up(rivals, pairs, settings))
        sentences.append(_harm(rivals))
        sentences.append(_upper_bound(rows, rivals[0]))
    sentences.append(_agreement(run, matrix))
    return [sentence.replace(" -", " \N{MINUS SIGN}") for sentence in sentences if sentence]


def _leader(best: LeaderboardRow, student_model: str, settings: ReportSettings) -> str:
    return (
        f"{best.policy.label} leads on {student_model}: gain {best.iqm:.3f}, "
        f"{settings.confidence:.0%} interval {best.iqm_interval.low:.3f} to {best.iqm_interval.high:.3f}."
    )


def _against_reference(best: LeaderboardRow, reference: str) -> str:
    if best.difference is None or best.difference_interval is None:
        return "It is the reference itself: no other policy that a tutor could use does better."
    span = f"{best.difference:+.3f} in the mean, interval {_signed_span(best.difference_interval)}"
    if best.difference_interval.excludes(0):
        return f"Against {reference}, on the same students, it gains {span}."
    return f"It can't be told from {reference}, the reference, on the same students: {span}."


def _runner_up(rivals: Sequence[LeaderboardRow], pairs: PairedEpisodes, settings: ReportSettings) -> str:
    if len(rivals) < 2:
        return ""
    best, second = rivals[0].policy, rivals[1].policy
    differences = pairs.of(best.name) - pairs.of(second.name)
    interval = interval_of(differences, np.mean, pairs, settings)
    span = f"{differences.mean():+.3f} in the mean, interval {_signed_span(interval)}"
    if interval.excludes(0):
        return f"Against the runner-up, {second.label}, it gains {span}."
    return f"It can't be told from the runner-up, {second.label}: {span}."


def _signed_span(interval: Interval) -> str:
    return f"{interval.low:+.3f} to {interval.high:+.3f}"


def _harm(rivals: Sequence[LeaderboardRow]) -> str:
    most = max(rivals, key=lambda row: row.share_worse)
    best = rivals[0]
    if most.policy == best.policy:
        return f"{best.policy.label} ends {best.share_worse:.1%} of its episodes with a loss, the most of all."
    return (
        f"{best.policy.label} ends {best.share_worse:.1%} of its episodes with a loss; "
        f"the most harmful policy, {most.policy.label}, {most.share_worse:.1%}."
    )


def _upper_bound(rows: Sequence[LeaderboardRow], best: LeaderboardRow) -> str:
    looking_ahead = [row for row in rows if row.policy.uses_simulator]
    if not looking_ahead:
        return ""
    top = max(looking_ahead, key=lambda row: row.mean)
    if top.mean <= 0:
        return ""
    if best.mean >= top.mean:
        return f"{top.policy.label}, which looks ahead on the simulator itself, does no better in the mean."
    return (
        f"{best.policy.label} reaches {best.mean / top.mean:.0%} of the mean gain of {top.policy.label}, which looks "
        "ahead on the simulator itself and marks what is possible, not what a tutor could do."
    )


def _agreement(run: RunSettings, matrix: SimulatorMatrix | None) -> str:
    if matrix is None or matrix.safest is None:
        return ""
    n_models = len(matrix.student_models)
    between = matrix.kendall[~np.eye(n_models, dtype=bool)]
    worst = min(matrix.gain(matrix.safest, model) for model in matrix.student_models)
    safest = run.policy(matrix.safest).label
    text = f"Over all {n_models} student models {safest} has the best worst case (gain {worst:.3f})"
    if not np.isfinite(between).any():
        return f"{text}."
    return (
        f"{text}; the models' rankings agree with a mean Kendall τ of {np.nanmean(between):.2f} "
        f"(least {np.nanmin(between):.2f}; 1 is full agreement, 0 none)."
    )
