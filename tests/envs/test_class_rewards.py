"""Students of a class: each is as alone where no limit binds; rewards and ends by hand."""

from typing import Any

import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from tests.envs.classes import STEP_GAIN, asked, classroom, moving_student, same, steady
from tests.envs.fake_student import FakeStudent, small_env

# ---- one student is as alone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mode", [{}, {"action": "candidates", "n_candidates": 4}, {"targets": "weakest", "action": "concept"}]
)
def test_where_no_limit_binds_students_are_those_of_single_environments(mode: dict[str, Any]) -> None:
    student = moving_student(2)
    env = classroom(student=student, exposure_limit=None, max_episode_steps=9, **mode)
    singles = {agent: small_env(student, **mode) for agent in env.possible_agents}
    for single in singles.values():
        single.step_budget = 9
    observations, infos = env.reset(seed=21)
    started = {agent: single.reset(seed=21 + row) for row, (agent, single) in enumerate(singles.items())}
    for agent in singles:
        assert_same(observations[agent], infos[agent], *started[agent])
    for action in (0, 3, 1, 2, 2, 1, 0, 3, 1):
        observations, rewards, terminated, _, infos = env.step(same(env, action))
        for agent, single in singles.items():
            observation, reward, ended, _, info = single.step(action)
            assert_same(observations[agent], infos[agent], observation, info)
            assert rewards[agent] == pytest.approx(reward, abs=1e-6)
            assert terminated[agent] is ended
    assert env.agents == []


def assert_same(observed: dict[str, Any], info: dict[str, Any], alone: Any, info_alone: dict[str, Any]) -> None:
    np.testing.assert_allclose(observed["observation"], alone, atol=1e-6)
    assert np.array_equal(observed["action_mask"], info_alone["action_mask"])
    assert set(info) - {"conflict"} == set(info_alone)
    for key in ("student", "question_id", "response", "asked"):
        assert info.get(key) == info_alone.get(key)
    assert info["exam_score"] == pytest.approx(info_alone["exam_score"], abs=1e-6)


def test_other_students_change_nothing_but_the_questions() -> None:
    def play_first(n_students: int) -> list[Any]:
        env = classroom(n_students, exposure_limit=None)
        env.reset(seed=4)
        return [env.step(same(env, question))[4]["student_0"]["response"] for question in range(8)]

    assert play_first(1) == play_first(5)


def test_one_forward_pass_serves_the_class() -> None:
    student = moving_student()
    env = classroom(6, student, exposure_limit=None)
    env.reset(seed=0)
    before = student.n_learn_calls
    env.step(same(env, 0))
    assert student.n_learn_calls == before + 1


# ---- rewards and ends -----------------------------------------------------------------------------------------------


def test_own_reward_by_hand() -> None:
    env = steady()
    _, rewards, _, _, infos = env.step({"student_0": 0, "student_1": 3, "student_2": 1})
    assert list(rewards.values()) == pytest.approx([STEP_GAIN, 0, STEP_GAIN])
    assert [info["reward_terms"]["exam_delta"] for info in infos.values()] == pytest.approx([0.1, 0, 0.1])
    assert all(type(reward) is float for reward in rewards.values())


def test_class_mean_by_hand() -> None:
    env = steady(reward="class_mean")
    _, rewards, _, _, infos = env.step({"student_0": 0, "student_1": 3, "student_2": 1})
    assert list(rewards.values()) == pytest.approx([STEP_GAIN * 2 / 3] * 3)
    assert infos["student_1"]["reward_terms"]["step_gain"] == 0


def test_weighted_terms() -> None:
    env = steady(reward_terms={"exam_delta": 2.0, "coverage": 1.0})
    rewards = env.step({"student_0": 0, "student_1": 3, "student_2": 1})[1]
    assert list(rewards.values()) == pytest.approx([1.2, 0, 1.2])


def test_who_lost_a_conflict_earns_nothing() -> None:
    student = FakeStudent(practice=0.1, start=0.2)
    env = classroom(student=student, exposure_limit=1, reward_terms="expected_gain")
    env.reset(seed=0, options={"history": [], "targets": ["Adding"]})
    _, rewards, _, _, infos = env.step(same(env, 0))
    assert sorted(rewards.values()) == pytest.approx([0, 0, STEP_GAIN])
    assert [rewards[agent] > 0 for agent in rewards] == asked(infos)


def test_class_mean_adds_up_to_the_mean_gain() -> None:
    env = steady(reward="class_mean", max_episode_steps=3, mastery_threshold=0.4)
    total = 0.0
    for actions in ((0, 3, 0), (1, 3, 4), (None, 3, 1)):
        chosen = {f"student_{row}": action for row, action in enumerate(actions) if action is not None}
        rewards = env.step(chosen)[1]
        total += rewards["student_1"]
    assert total == pytest.approx((0.2 + 0 + 0.2) / 0.8 / 3)


@pytest.mark.parametrize("terms", ["final_gain", "retention"])
def test_gains_at_the_end_are_paid_once(terms: str) -> None:
    env = steady(reward="class_mean", reward_terms=terms, mastery_threshold=0.3, max_episode_steps=3)
    first = env.step({"student_0": 0, "student_1": 3, "student_2": 4})[1]
    assert first["student_1"] == pytest.approx(STEP_GAIN / 3)
    assert env.agents == ["student_1", "student_2"]
    assert env.step(same(env, 6))[1]["student_1"] == 0


def test_an_agent_leaves_when_its_targets_are_mastered() -> None:
    env = steady(mastery_threshold=0.4)
    env.step({"student_0": 0, "student_1": 3, "student_2": 0})
    observations, _, terminated, truncated, _ = env.step({"student_0": 1, "student_1": 4, "student_2": 4})
    assert terminated == {"student_0": True, "student_1": False, "student_2": False}
    assert not any(truncated.values())
    assert set(observations) == {"student_0", "student_1", "student_2"}
    assert env.agents == ["student_1", "student_2"]
    observations, rewards, *_ = env.step({"student_1": 0, "student_2": 3})
    assert set(observations) == set(rewards) == {"student_1", "student_2"}


def test_the_step_budget_truncates_the_class() -> None:
    env = classroom(max_episode_steps=2, exposure_limit=None)
    env.reset(seed=0)
    assert not any(env.step(same(env, 0))[3].values())
    observations, _, terminated, truncated, _ = env.step(same(env, 1))
    assert all(truncated.values())
    assert not any(terminated.values())
    assert observations["student_0"]["observation"][-1] == 1
    with pytest.raises(ResetNeeded, match="all agents left"):
        env.step({})


def test_who_may_be_asked_nothing_more_leaves() -> None:
    env = classroom(
        2, exposure_limit=1, max_episode_steps=30, mastery_threshold=1.0, student=moving_student(practice=0)
    )
    env.reset(seed=0)
    for question in range(5):
        env.step({"student_0": question, "student_1": 11 - question})
    assert env.agents == env.possible_agents
    _, _, terminated, _, infos = env.step({"student_0": 5, "student_1": 6})
    assert terminated == {"student_0": True, "student_1": True}
    assert not any(info["action_mask"].any() for info in infos.values())
