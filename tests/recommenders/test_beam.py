from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ldsim_env.errors import SettingsError
from ldsim_env.recommenders import BeamRecommender, BeamSettings, GreedyRecommender, Recommender
from ldsim_env.simulator.protocol import State
from tests.envs.fake_student import FakeStudent, small_env
from tests.recommenders.toy_env import ToyEnv


class KeyAndLock(FakeStudent):
    """Question 8 teaches nothing, but once it was asked, question 9 teaches much; question 10 teaches a little."""

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        self.n_learn_calls += 1
        opened = state["practised"][:, 0] > 0
        rise = torch.where(question == 9, 0.5 * opened, torch.where(question == 10, 0.05, 0.0))
        level = state["level"].clone()
        level[:, 3] += rise
        practised = state["practised"].clone()
        practised[:, 0] += question == 8
        return {"level": level, "practised": practised}


def first_questions(recommender: Recommender, n: int, student: FakeStudent | None = None) -> list[int]:
    env = small_env(student or KeyAndLock(), n_targets=1)
    observation, info = env.reset(seed=0, options={"targets": [3], "history": []})
    recommender.start(env, np.random.default_rng(0))
    asked = []
    for _ in range(n):
        asked.append(int(recommender.recommend(observation, info)))  # type: ignore[arg-type]
        observation, *_, info = env.step(asked[-1])
    return asked


def test_it_sees_what_pays_later_where_greedy_does_not() -> None:
    assert first_questions(BeamRecommender(BeamSettings(depth=2)), 2) == [8, 9]
    assert first_questions(GreedyRecommender(), 2)[0] == 10
    assert first_questions(BeamRecommender(BeamSettings(depth=1)), 2)[0] == 10


def test_of_plans_of_equal_worth_it_takes_what_gains_first() -> None:
    assert first_questions(BeamRecommender(BeamSettings(depth=3, discount=0.9)), 3)[:2] == [8, 9]

    class Three(FakeStudent):
        def learn(self, state: State, question: Tensor, response: Tensor) -> State:
            level = state["level"].clone()
            level[:, 3] += torch.tensor([0.0, 0.1, 0.2, 0.3, 0.0])[(question - 7).clamp(0, 4)]
            return {**state, "level": level}

    assert first_questions(BeamRecommender(BeamSettings(depth=3, discount=0.9)), 3, Three()) == [10, 9, 8]


def test_a_plan_asks_no_question_twice_and_ends_with_the_episode() -> None:
    student = KeyAndLock()
    env = small_env(student, n_targets=1)
    env.step_budget = 1
    observation, info = env.reset(seed=0, options={"targets": [3], "history": []})
    beam = BeamRecommender(BeamSettings(depth=5))
    beam.start(env, np.random.default_rng(0))
    assert beam.recommend(observation, info) == 10  # with one step left the lock can't be opened
    assert len(set(first_questions(BeamRecommender(BeamSettings(depth=9, width=2)), 4))) == 4


def test_planning_changes_nothing() -> None:
    env = small_env(FakeStudent(evidence=0.1), n_targets=2)
    observation, info = env.reset(seed=3)
    before, noise = env.mastery(), env.np_random.bit_generator.state
    beam = BeamRecommender()
    beam.start(env, np.random.default_rng(0))
    beam.recommend(observation, info)
    np.testing.assert_array_equal(env.mastery(), before)
    assert env.np_random.bit_generator.state == noise


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"depth": 0}, "depth: expected at least 1, got 0"),
        ({"width": 0}, "width: expected at least 1, got 0"),
        ({"n_candidates": 0}, "n_candidates: expected at least 1, got 0"),
        ({"discount": 1.1}, r"discount: expected above 0 and up to 1, got 1\.1"),
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        BeamSettings(**wrong)


def test_an_env_that_keeps_its_student_model_to_itself_is_refused() -> None:
    env = ToyEnv()
    env.reset(seed=0)
    with pytest.raises(SettingsError, match="student_model and knowledge_state, got ToyEnv"):
        BeamRecommender().start(env, np.random.default_rng(0))
