from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ldsim_env.errors import SettingsError
from ldsim_env.recommenders import LinUCBRecommender, LinUCBSettings
from ldsim_env.recommenders.bandit import N_FEATURES, question_features
from ldsim_env.simulator.protocol import State
from tests.envs.fake_student import FakeStudent, small_bank, small_env


class LearnsFromHardOnes(FakeStudent):
    """Questions with P(right) .2 teach, those with .9 don't."""

    def __init__(self) -> None:
        bank = small_bank(4)
        super().__init__(bank, probs=np.where(np.arange(bank.n_questions) % 2, 0.2, 0.9).tolist(), start=0.1)

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        rise = torch.where(self.probs[question] < 0.5, 0.05, 0.0).unsqueeze(1)
        return {**state, "level": state["level"] + self.concepts[question] * rise}


def teach(bandit: LinUCBRecommender, seed: int, n: int = 10) -> list[int]:
    env = small_env(LearnsFromHardOnes(), n_targets=1)
    observation, info = env.reset(seed=seed)
    bandit.start(env, np.random.default_rng(seed))
    asked = []
    for _ in range(n):
        action: Any = bandit.recommend(observation, info)
        asked.append(int(action))
        observation, *_, info = env.step(asked[-1])
    return asked


def test_it_learns_what_teaches_and_remembers_it() -> None:
    bandit = LinUCBRecommender()
    for seed in range(3):
        teach(bandit, seed)
    assert all(question % 2 for question in teach(bandit, 9, 5))


def test_one_seed_gives_one_way() -> None:
    assert teach(LinUCBRecommender(), 1) == teach(LinUCBRecommender(), 1)
    assert teach(LinUCBRecommender(), 1) != teach(LinUCBRecommender(), 2)


def test_features() -> None:
    practises = np.array([[True, False], [True, True]])
    features = question_features(np.array([0.5, 1.0]), practises, np.array([0.5, 0.2]), np.array([0.0, 1.0]))
    assert features.shape == (2, N_FEATURES)
    np.testing.assert_allclose(features[0], [1, 0.5, 1, 0.5, 0.5, 1, 0.3, 0, 1, 1])
    np.testing.assert_allclose(features[1, :6], [1, 1, 0, 1, 0.35, 0.82])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"alpha": -1.0}, r"alpha: expected at least 0, got -1\.0"),
        ({"ridge": 0.0}, r"ridge: expected above 0, got 0\.0"),
        ({"n_candidates": 0}, "n_candidates: expected at least 1, got 0"),
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        LinUCBSettings(**wrong)
