"""Who is made worse: gains and harm by the prior ability of the students."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldsim_env.compare.report.leaderboard import interval_of
from ldsim_env.compare.report.paired_episodes import PairedEpisodes
from ldsim_env.compare.report.report_settings import ReportSettings
from ldsim_env.compare.statistics import Interval

GROUP_NAMES = ("low", "middle", "high")
LEAST_STUDENTS = 2


@dataclass(frozen=True, eq=False)
class AbilityGroup:
    """Students of like prior ability.

    Args:
        name: One of `GROUP_NAMES`.
        ability: Lowest and highest prior ability in the group, in [0, 1].
        members: ``(n,)`` places of its students among those of the pairs.
    """

    name: str
    ability: Interval
    members: NDArray[np.int64]


@dataclass(frozen=True)
class HarmCell:
    """One policy on one group.

    Args:
        share_worse: Share of episodes with a gain below 0, with its bootstrap interval.
        worse_interval: See ``share_worse``.
        mean: Mean gain, with its bootstrap interval.
        mean_interval: See ``mean``.
    """

    share_worse: float
    worse_interval: Interval
    mean: float
    mean_interval: Interval


def ability_groups(pairs: PairedEpisodes) -> tuple[AbilityGroup, ...]:
    """The students in three groups of one size by prior ability (mean mastery at the start, mean over the seeds).

    No groups where they would have fewer than `LEAST_STUDENTS` students each.
    """
    if len(pairs.students) < LEAST_STUDENTS * len(GROUP_NAMES):
        return ()
    ability = np.nanmean(pairs.outcomes["prior_ability"], axis=(0, 1))
    thirds = np.array_split(np.argsort(ability, kind="stable"), len(GROUP_NAMES))
    return tuple(
        AbilityGroup(name, Interval(float(ability[members].min()), float(ability[members].max())), members)
        for name, members in zip(GROUP_NAMES, thirds, strict=True)
    )


def harm_of(pairs: PairedEpisodes, policy: str, group: AbilityGroup, settings: ReportSettings) -> HarmCell:
    """How a policy served a group."""
    gains = pairs.of(policy)[:, group.members]
    worse = (gains < 0).astype(np.float64)
    return HarmCell(
        share_worse=float(worse.mean()),
        worse_interval=interval_of(worse, np.mean, pairs, settings),
        mean=float(gains.mean()),
        mean_interval=interval_of(gains, np.mean, pairs, settings),
    )
