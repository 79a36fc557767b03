from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from ldsim_env.compare.report import ResultFolder
from ldsim_env.compare.report.paired_episodes import pair_episodes
from ldsim_env.errors import CheckpointError


def with_episodes(results: ResultFolder, episodes: pl.DataFrame) -> ResultFolder:
    return replace(results, episodes=episodes)


def test_every_number_stands_at_its_policy_seed_and_student(results: ResultFolder) -> None:
    shuffled = with_episodes(results, results.episodes.sample(fraction=1, shuffle=True, seed=3))
    pairs = pair_episodes(shuffled, "DKT")
    assert pairs.policies == ("random", "zpd", "ppo", "greedy")
    assert pairs.of("zpd").shape == (2, 12)
    for row in results.episodes.filter(pl.col("student_model") == "DKT").iter_rows(named=True):
        place = pairs.seeds.index(row["seed"]), pairs.students.index(row["student"])
        assert pairs.of(row["policy"])[place] == row["gain"]
        assert pairs.of(row["policy"], "exam_start")[place] == row["exam_start"]


def test_null_is_not_a_number(results: ResultFolder) -> None:
    pairs = pair_episodes(results, "LDSim")
    n_null = results.episodes.filter(pl.col("student_model") == "LDSim")["questions_to_mastery"].null_count()
    assert 0 < n_null == np.isnan(pairs.outcomes["questions_to_mastery"]).sum()


def test_a_student_that_one_policy_missed_is_left_out(results: ResultFolder) -> None:
    missed = (pl.col("policy") == "zpd") & (pl.col("seed") == 1) & (pl.col("student") == 4)
    pairs = pair_episodes(with_episodes(results, results.episodes.filter(~missed)), "LDSim")
    assert 4 not in pairs.students
    assert (len(pairs.students), pairs.n_left_out) == (11, 1)


def test_too_few_pairs(results: ResultFolder) -> None:
    one = with_episodes(results, results.episodes.filter(pl.col("student") == 0))
    with pytest.raises(CheckpointError, match=r"episodes of LDSim: expected at least two students .* got 1"):
        pair_episodes(one, "LDSim")


def test_an_episode_twice(results: ResultFolder) -> None:
    twice = with_episodes(results, pl.concat([results.episodes, results.episodes.head(1)]))
    with pytest.raises(CheckpointError, match="random teaches student 0 under seed 0 twice"):
        pair_episodes(twice, "LDSim")


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_gain_that_is_no_number(results: ResultFolder, value: float | None) -> None:
    gain = pl.when(pl.col("student") == 3).then(pl.lit(value, pl.Float64)).otherwise(pl.col("gain")).alias("gain")
    with pytest.raises(CheckpointError, match="column gain: expected finite numbers"):
        pair_episodes(with_episodes(results, results.episodes.with_columns(gain)), "LDSim")
