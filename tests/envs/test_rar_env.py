from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import check_env

from ldsim_env.compare import run_episode
from ldsim_env.envs import RarEnv
from ldsim_env.errors import SettingsError
from ldsim_env.recommenders import make_recommender
from tests.envs.fake_student import FakeStudent, small_bank


def rar_env(**changes: Any) -> RarEnv:
    student = FakeStudent(small_bank(4), start=0.3, practice=0.02, evidence=0.05, from_mastery=True)
    return RarEnv(**{"student_model": student, "n_start": 3, "n_targets": 10} | changes)


def test_it_is_a_gymnasium_environment() -> None:
    check_env(rar_env(), skip_render_check=True)


def test_the_gain_is_the_rise_of_the_exam_over_what_was_missing() -> None:
    env = rar_env()
    _, info = env.reset(seed=1)
    start = env.answer_probs()[info["target_questions"]].sum()
    assert info["exam_score"] == pytest.approx(start / 10)
    rewards = []
    for question in (0, 0, 5, 7):
        _, reward, terminated, truncated, info = env.step(question)
        rewards.append(reward)
        assert not terminated
        assert not truncated
    end = env.answer_probs()[info["target_questions"]].sum()
    assert sum(rewards) == pytest.approx((end - start) / (10 - start), abs=1e-6)
    assert info["learning_gain"] == pytest.approx(sum(rewards))


def test_nothing_is_left_to_chance_after_the_reset() -> None:
    env = rar_env()
    walks = []
    for _ in range(2):
        env.reset(seed=3)
        walks.append([env.step(question)[4]["response"] for question in (1, 2, 3)])
    assert walks[0] == walks[1]
    prob = env.answer_probs()[4]
    assert env.step(4)[4]["response"] == int(prob > 0.5)


def test_the_start_questions_are_answered_and_learned_from() -> None:
    fresh, practised = (rar_env(n_start=n) for n in (0, 20))
    for env in (fresh, practised):
        env.reset(seed=0)
    assert fresh.mastery() == pytest.approx(np.full(4, 0.3))
    assert (practised.mastery() != fresh.mastery()).any()


def test_an_expected_gain_is_what_the_step_brings() -> None:
    env = rar_env()
    env.reset(seed=2)
    gains = env.expected_gains(np.arange(env.bank.n_questions))
    _, before = env.reset(seed=2)
    _, _, _, _, after = env.step(6)
    assert gains[6] == pytest.approx(after["exam_score"] - before["exam_score"], abs=1e-6)


@pytest.mark.parametrize("name", ["random", "greedy"])
def test_recommenders_play_it(name: str) -> None:
    env = gym.wrappers.TimeLimit(rar_env(), 8)
    episode = run_episode(env, make_recommender(name), seed=0, student=1)
    assert episode.n_steps == 8
    again = run_episode(env, make_recommender(name), seed=0, student=1)
    assert episode.learning_gain == again.learning_gain


def test_it_is_made_by_the_id_of_its_bank() -> None:
    env = gym.make("LDSim-ASSIST09-v0", compat="rar", max_episode_steps=10)
    assert isinstance(env.unwrapped, RarEnv)
    assert env.unwrapped.n_targets == 400
    _, info = env.reset(seed=0)
    assert len(set(info["target_questions"].tolist())) == 400


def test_another_protocol_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"compat: unknown value 'rra'. Did you mean 'rar'"):
        gym.make("LDSim-ASSIST09-v0", compat="rra")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_targets": 0}, "n_targets: expected 1 to 48"),
        ({"n_start": 49}, "n_start: expected 0 to 48"),
        ({"n_target": 3}, "unknown argument 'n_target'. Did you mean 'n_targets'"),
    ],
)
def test_settings_are_checked(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        rar_env(**changes)


def test_before_the_reset_and_beside_the_actions() -> None:
    env = rar_env()
    with pytest.raises(ResetNeeded, match=r"call reset\(\)"):
        env.step(0)
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match="expected one of Discrete"):
        env.step(48)
