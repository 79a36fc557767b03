from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ldsim_env.compare.report import ReportSettings, ResultFolder
from ldsim_env.compare.report.harm import ability_groups, harm_of
from ldsim_env.compare.report.paired_episodes import pair_episodes
from tests.compare.report.test_paired_episodes import with_episodes


def test_groups_are_of_one_size_and_in_order_of_ability(results: ResultFolder) -> None:
    pairs = pair_episodes(results, "LDSim")
    groups = ability_groups(pairs)
    assert [group.name for group in groups] == ["low", "middle", "high"]
    assert [group.members.size for group in groups] == [4, 4, 4]
    assert sorted(np.concatenate([group.members for group in groups])) == list(range(12))
    assert groups[0].ability.high <= groups[1].ability.low <= groups[1].ability.high <= groups[2].ability.low


def test_harm_counts_the_group_alone(results: ResultFolder, settings: ReportSettings) -> None:
    pairs = pair_episodes(results, "DKT")
    low = ability_groups(pairs)[0]
    cell = harm_of(pairs, "greedy", low, settings)
    gains = pairs.of("greedy")[:, low.members]
    assert 0 < cell.share_worse == pytest.approx((gains < 0).mean())
    assert cell.mean == pytest.approx(gains.mean())
    assert cell.mean_interval.low < cell.mean < cell.mean_interval.high


def test_no_groups_of_a_handful(results: ResultFolder) -> None:
    few = with_episodes(results, results.episodes.filter(pl.col("student") < 5))
    assert ability_groups(pair_episodes(few, "LDSim")) == ()
