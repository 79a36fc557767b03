"""ASSIST17, whose simulator accounts for further attempts at a question, behaves as any bank's environment does."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import ldsim_env  # noqa: F401 - registers the ids
from ldsim_env.envs import LDSimEnv

ENV_ID = "LDSim-ASSIST17-v0"
ASKED = [3, 3, 3, 7, 3, 3]


def test_it_passes_gymnasiums_checks() -> None:
    check_env(gym.make(ENV_ID).unwrapped, skip_render_check=True)


def test_further_attempts_are_alike_for_one_student_and_for_many() -> None:
    many = gym.make_vec(ENV_ID, num_envs=3, vectorization_mode="vector_entry_point", allow_repeats=True)
    many.reset(seed=[5, 6, 7])  # type: ignore[arg-type]  # gymnasium's wrappers name int alone
    singles = [gym.make(ENV_ID, allow_repeats=True) for _ in range(3)]
    for seed, env in zip((5, 6, 7), singles, strict=True):
        env.reset(seed=seed)
    for question in ASKED:
        observations, rewards, *_, infos = many.step(np.full(3, question))
        for i, env in enumerate(singles):
            observation, reward, *_, info = env.step(question)
            np.testing.assert_allclose(observations[i], observation, atol=1e-6)
            assert rewards[i] == pytest.approx(reward, abs=1e-6)
            assert infos["answer_prob"][i] == pytest.approx(info["answer_prob"], abs=1e-6)


def test_a_further_attempt_is_no_first_one() -> None:
    env = LDSimEnv(bank="ASSIST17", allow_repeats=True)
    env.reset(seed=0, options={"history": [(3, 0)]})
    at_hand = env.step(3)[4]["answer_prob"]
    env.reset(seed=0, options={"history": [(3, 0), (7, 0)]})  # meanwhile another question was asked
    assert abs(at_hand - env.step(3)[4]["answer_prob"]) > 0.05
