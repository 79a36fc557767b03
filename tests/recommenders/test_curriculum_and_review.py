from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from ldsim_env.errors import SettingsError
from ldsim_env.recommenders import BKTRecommender, BKTSettings, CurriculumRecommender, LeitnerRecommender
from ldsim_env.recommenders.seen_answers import SeenAnswers
from ldsim_env.teacher.graph import ConceptGraph, Relation
from tests.envs.fake_student import small_env
from tests.recommenders.toy_env import ToyEnv, toy_bank

IDS = tuple("abcd")
GRAPH = ConceptGraph(IDS, toy_bank().concept_names, (Relation(3, 0, 1.0), Relation(0, 1, 1.0)), ())


def answering(recommender: Any, responses: Sequence[int], targets: Sequence[int], **options: Any) -> list[set[int]]:
    """The concepts of the questions that a recommender asks, when the responses are these."""
    env = small_env(**options)
    noise = [0.0 if response else 0.99 for response in responses]  # P(right) is 0.5
    observation, info = env.reset(seed=0, options={"targets": list(targets), "response_noise": noise, "history": []})
    recommender.start(env, np.random.default_rng(0))
    concepts = []
    for _ in responses:
        action = recommender.recommend(observation, info)
        concepts.append(set(env.bank.concepts_of(action)) & set(targets))
        observation, *_, info = env.step(action)
    return concepts


def test_the_curriculum_goes_by_prerequisites_each_target_from_easy_to_hard() -> None:
    env: Any = ToyEnv()
    env.step_budget = 6
    observation, info = env.reset(seed=0, options={"student": 0, "targets": [0, 3]})
    recommender = CurriculumRecommender(GRAPH)
    recommender.start(env, np.random.default_rng(0))
    asked = []
    for _ in range(6):
        asked.append(recommender.recommend(observation, info))
        observation, *_, info = env.step(asked[-1])
    assert asked == [10, 8, 9, 1, 0, 2]  # 3 is a prerequisite of 0


def test_the_curriculum_gives_every_target_its_share() -> None:
    env = small_env()
    env.step_budget = 4
    observation, info = env.reset(seed=0, options={"targets": [0, 2]})
    recommender = CurriculumRecommender()  # no relations come with this bank: in its order
    recommender.start(env, np.random.default_rng(0))
    asked = []
    for _ in range(4):
        asked.append(recommender.recommend(observation, info))
        observation, *_, info = env.step(asked[-1])
    assert [bool(env.bank.concept_matrix[question, 0]) for question in asked] == [True, True, False, False]


def test_leitner_asks_again_soon_after_a_wrong_answer_and_late_after_right_ones() -> None:
    concepts = answering(LeitnerRecommender(), [1, 0, 1, 1, 1], (0, 2))
    # 0 right: due at 3; 2 wrong: due at 3, in the lower box; right: due at 5; then 0 right: due at 8
    assert concepts == [{0}, {2}, {2}, {0}, {2}]


def test_bkt_practises_a_target_until_it_is_mastered() -> None:
    settings = BKTSettings(start=0.5, learn=0.2, guess=0.1, slip=0.1, mastered=0.9)
    assert float(settings.after(np.array([0.5]), 1)[0]) == pytest.approx(0.92)
    assert float(settings.after(np.array([0.5]), 0)[0]) == pytest.approx(0.28)
    concepts = answering(BKTRecommender(settings, GRAPH), [0, 1, 1, 1], (1, 0))
    assert concepts == [{0}, {0}, {0}, {1}]  # 0 is a prerequisite of 1, and known with .28, .82, .98 after each


def test_bkt_goes_on_with_the_least_known_when_all_are_mastered() -> None:
    settings = BKTSettings(start=0.5, learn=0.2, guess=0.1, slip=0.1, mastered=0.9)
    concepts = answering(BKTRecommender(settings, GRAPH), [1, 1, 1, 1], (1, 0))
    assert concepts == [{0}, {1}, {0}, {1}]


def test_answers_before_the_episode_count_where_the_observation_shows_them() -> None:
    env = small_env(observation="history", history_length=3)
    observation, info = env.reset(seed=0, options={"history": [(0, 1), (4, 0), (5, 1), (11, 0)]})
    seen = SeenAnswers(env)
    assert [tuple(answer) for answer in seen.new(observation, info)] == [(4, 0), (5, 1), (11, 0)]
    observation, *_, info = env.step(7)
    assert [answer.question for answer in seen.new(observation, info)] == [7]
    assert len(seen) == 4
    flat = small_env()
    observation, info = flat.reset(seed=0, options={"history": [(0, 1)]})
    assert SeenAnswers(flat).new(observation, info) == []


def test_bkt_refuses_what_is_no_probability() -> None:
    with pytest.raises(SettingsError, match=r"learn: expected a probability above 0 and below 1, got 1\.5"):
        BKTSettings(learn=1.5)
    with pytest.raises(SettingsError, match=r"guess, slip: expected a sum below 1, got 0\.5 and 0\.6"):
        BKTSettings(guess=0.5, slip=0.6)
