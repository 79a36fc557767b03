from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from ldsim_env.compare.report import ResultFolder
from ldsim_env.compare.report.player import LEAST_CHANGE, player_episodes
from ldsim_env.errors import CheckpointError
from tests.compare.report.made_up_results import CONCEPTS, SKILLS


def with_steps(results: ResultFolder, steps: pl.DataFrame) -> ResultFolder:
    return replace(results, steps=steps)


def told_mastery(episode: dict[str, Any]) -> list[dict[int, int]]:
    """What a reader of the page knows after each question."""
    states = [dict(zip(episode["start"][::2], episode["start"][1::2], strict=True))]
    for change in episode["change"]:
        states.append({**states[-1], **dict(zip(change[::2], change[1::2], strict=True))})
    return states


def test_an_episode_is_told_to_a_hundredth(results: ResultFolder) -> None:
    episode = player_episodes(results, 1000)["episodes"][2]
    rows = results.steps.filter(
        (pl.col("policy") == episode["policy"]) & (pl.col("student_model") == episode["model"])
        & (pl.col("seed") == episode["seed"]) & (pl.col("student") == episode["student"])
    ).sort("step")  # fmt: skip
    mastery = np.array(rows["mastery"].to_list())
    for known, truth in zip(told_mastery(episode), mastery, strict=True):
        for concept, value in known.items():
            assert abs(value / 1000 - truth[concept]) <= LEAST_CHANGE + 0.0006
    assert episode["exam"] == np.round(rows["exam_score"].to_numpy() * 1000).tolist()
    assert episode["response"] == rows["response"].to_list()[1:]
    assert set(episode["targets"]) <= set(told_mastery(episode)[0])


def test_a_concept_that_is_not_told_never_moved(results: ResultFolder) -> None:
    slow = results.steps.with_columns(
        pl.concat_list([pl.lit(0.5) + 0.0009 * pl.col("step")] * len(CONCEPTS)).alias("mastery")
    )
    episode = player_episodes(with_steps(results, slow), 1000)["episodes"][0]
    assert set(told_mastery(episode)[-1]) == set(episode["targets"])
    fast = results.steps.with_columns(
        pl.concat_list([pl.lit(0.5) + 0.004 * pl.col("step")] * len(CONCEPTS)).alias("mastery")
    )
    episode = player_episodes(with_steps(results, fast), 1000)["episodes"][0]
    assert set(told_mastery(episode)[-1]) == set(range(len(CONCEPTS))), "slow moves add up and are told"


def test_questions_are_told_once(results: ResultFolder) -> None:
    player = player_episodes(results, 1000)
    names = [name for name, _ in player["questions"]]
    assert len(set(names)) == len(names)
    first = results.steps.filter(pl.col("step") == 1).row(0, named=True)
    assert player["questions"][player["episodes"][0]["question"][0]] == (first["question_id"], first["concepts"])


@pytest.mark.parametrize(("n_most", "n_episodes"), [(0, 0), (1, 4), (4, 4), (11, 8), (1000, 48)])
def test_students_come_with_all_their_policies(results: ResultFolder, n_most: int, n_episodes: int) -> None:
    player = player_episodes(results, n_most)
    assert len(player["episodes"]) == n_episodes
    assert player["n_recorded"] == 48
    keys = [(e["model"], e["seed"], e["student"]) for e in player["episodes"]]
    assert all(keys.count(key) == len(SKILLS) for key in keys)


def test_the_first_students_of_every_model_come_first(results: ResultFolder) -> None:
    episodes = player_episodes(results, 16)["episodes"]
    assert {(e["model"], e["seed"], e["student"]) for e in episodes} == {
        (model, seed, 0) for model in ("LDSim", "DKT") for seed in (0, 1)
    }


def test_long_episodes_are_fewer(results: ResultFolder) -> None:
    whole = player_episodes(results, 1000)["episodes"]
    size = len(json.dumps(whole, separators=(",", ":")))
    half = player_episodes(results, 1000, most_bytes=size // 2)["episodes"]
    assert 16 <= len(half) < 30
    assert len(player_episodes(results, 1000, most_bytes=1)["episodes"]) == len(SKILLS)


def test_a_refused_question(results: ResultFolder) -> None:
    refused = results.steps.with_columns(
        question_id=pl.lit(None, pl.String), concepts=pl.lit([], pl.List(pl.Int64)),
        response=pl.lit(-1), answer_prob=pl.lit(None, pl.Float64),
    )  # fmt: skip
    player = player_episodes(with_steps(results, refused), 4)
    assert player["questions"] == [("", [])]
    assert set(player["episodes"][0]["response"]) == {-1}
    assert set(player["episodes"][0]["prob"]) == {None}


def test_steps_that_are_missing(results: ResultFolder) -> None:
    with pytest.raises(CheckpointError, match=r"steps of random on LDSim, seed 0, student 0: expected steps 0, 1, 2"):
        player_episodes(with_steps(results, results.steps.filter(pl.col("step") != 2)), 4)


def test_mastery_of_another_bank(results: ResultFolder) -> None:
    short = results.steps.with_columns(pl.col("mastery").list.head(5))
    with pytest.raises(CheckpointError, match=r"expected the mastery of 12 concepts in every row, got \[5\]"):
        player_episodes(with_steps(results, short), 4)


def test_steps_of_an_episode_that_is_not_in_the_table(results: ResultFolder) -> None:
    without = replace(results, episodes=results.episodes.filter(pl.col("student") > 0))
    with pytest.raises(CheckpointError, match="no such episode in the table of episodes"):
        player_episodes(without, 4)
