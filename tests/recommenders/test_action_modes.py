from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ldsim_env.recommenders import RECOMMENDERS, make_recommender
from tests.envs.fake_student import FakeStudent, small_bank, small_env

MODES: dict[str, dict[str, Any]] = {
    "question": {},
    "concept": {},
    "candidates": {"n_candidates": 5},
    "embedding": {},
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", RECOMMENDERS)
def test_every_recommender_plays_in_every_action_mode(mode: str, name: str) -> None:
    bank = small_bank(2).with_difficulty(np.linspace(-1, 1, 24).astype(np.float32))
    env = small_env(FakeStudent(bank, practice=0.02), action=mode, masked_action="error", n_targets=2, **MODES[mode])
    observation, info = env.reset(seed=1)
    recommender = make_recommender(name)
    recommender.start(env, np.random.default_rng(0))
    asked = set()
    for _ in range(8):
        action = recommender.recommend(observation, info)
        assert env.action_space.contains(action if isinstance(action, np.ndarray) else np.int64(action))
        observation, *_, info = env.step(action)
        assert info["asked"]
        asked.add(info["question_id"])
    assert len(asked) == 8


@pytest.mark.parametrize("mode", ["question", "candidates", "embedding"])
def test_the_question_meant_is_the_question_asked(mode: str) -> None:
    bank = small_bank().with_difficulty(np.linspace(-1, 1, 12).astype(np.float32))
    env = small_env(FakeStudent(bank), action=mode, n_targets=1, **MODES[mode])
    observation, info = env.reset(seed=2, options={"targets": [3]})
    recommender = make_recommender("random-target")
    recommender.start(env, np.random.default_rng(0))
    for _ in range(3):
        observation, *_, info = env.step(recommender.recommend(observation, info))
        assert "Data" in info["concept_names"]


def test_a_concept_is_asked_for_by_the_target_among_them() -> None:
    env = small_env(action="concept", n_targets=1)
    observation, info = env.reset(seed=2, options={"targets": [2]})
    recommender = make_recommender("zpd")
    recommender.start(env, np.random.default_rng(0))
    assert recommender.recommend(observation, info) == 2
