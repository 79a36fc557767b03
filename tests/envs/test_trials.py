"""The reward terms that try things out on copies of the student."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ldsim_env.envs.trials import other_practice
from ldsim_env.simulator.protocol import State
from tests.envs.fake_student import FakeStudent, make_small, small_bank, small_env

BANK = small_bank()


def targets_of(*concepts: int) -> np.ndarray:
    return np.isin(np.arange(4), concepts)[None]


# ---- expected gain ------------------------------------------------------------------------------------------------


def test_expected_gain_is_known_before_the_response() -> None:
    student = FakeStudent(probs=0.25, start=0.9, practice=0.0, evidence=0.4)
    expected, real = [], []
    for noise in (0.1, 0.9):
        env = small_env(student, reward="expected_gain")
        env.reset(seed=0, options={"history": [], "targets": [0], "response_noise": [noise]})
        before = env.expected_gains([0])[0]
        _, reward, _, _, info = env.step(0)
        assert reward == info["reward_terms"]["expected_gain"] == pytest.approx(before / 0.1, abs=1e-5)
        expected.append(reward)
        real.append(info["reward_terms"]["step_gain"])
    # right: .9 + .3 is cut at 1; wrong: .9 - .1
    assert real == pytest.approx([1.0, -1.0], abs=1e-5)
    assert expected == pytest.approx([0.25 * 1.0 - 0.75 * 1.0] * 2, abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.lists(st.integers(0, 11), min_size=1, max_size=8))
def test_without_curvature_evidence_is_worth_nothing(seed: int, questions: list[int]) -> None:
    student = FakeStudent(start=0.5, practice=0.01, evidence=0.05, from_mastery=True)
    env = small_env(student, full_info=True)
    env.reset(seed=seed, options={"history": [], "targets": [1]})
    for question in questions:
        info = env.step(question)[4]
        practised = info["asked"] and bool(BANK.concept_matrix[question, 1])
        assert info["reward_terms"]["expected_gain"] == pytest.approx(0.02 if practised else 0.0, abs=1e-6)


def test_a_skipped_step_is_expected_to_gain_nothing() -> None:
    env = small_env(reward="expected_gain")
    env.reset(seed=0)
    env.step(0)
    assert env.step(0)[1] == 0


# ---- retention ----------------------------------------------------------------------------------------------------


class Forgetful(FakeStudent):
    """Loses a tenth of what is above 0 in all other concepts with every question."""

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        learned = super().learn(state, question, response)
        keeps = torch.where(self.concepts[question] > 0, 1.0, 0.9)
        return learned | {"level": learned["level"] * keeps}


def retention_of(student: FakeStudent, **kwargs: Any) -> list[float]:
    env = make_small(student=student, reward="retention", max_episode_steps=3, **kwargs)
    env.reset(seed=0, options={"history": [], "targets": ["Adding"]})
    return [env.step(question)[1] for question in (0, 1, 2)]


def test_retention_is_the_gain_where_nothing_is_forgotten() -> None:
    assert retention_of(FakeStudent(start=0.2, practice=0.1)) == pytest.approx([0, 0, 0.3 / 0.8])


@pytest.mark.parametrize("steps", [1, 5])
def test_retention_falls_with_practice_of_other_concepts(steps: int) -> None:
    student = Forgetful(start=0.2, practice=0.1)
    expected = (0.5 * 0.9**steps - 0.2) / 0.8
    assert retention_of(student, retention_steps=steps) == pytest.approx([0, 0, expected], abs=1e-6)


def test_retention_where_there_is_no_other_concept() -> None:
    env = make_small(student=Forgetful(practice=0.1), reward="retention", max_episode_steps=1, targets=[0, 1, 2, 3])
    env.reset(seed=0, options={"history": []})
    _, reward, _, _, info = env.step(0)
    assert reward == pytest.approx(info["learning_gain"])


def test_retention_comes_with_termination_too() -> None:
    env = small_env(FakeStudent(start=0.9, practice=0.1), reward="retention")
    env.reset(seed=0, options={"history": [], "targets": [0]})
    _, reward, terminated, _, _ = env.step(0)
    assert terminated
    assert reward == pytest.approx(1.0)


def test_other_practice_is_spread_over_the_other_questions() -> None:
    assert other_practice(BANK, targets_of(0), 4).tolist() == [[3, 5, 7, 9]]  # 3 .. 10 don't practise Adding
    assert other_practice(BANK, targets_of(0, 1, 3), 4).tolist() == [[6, 6, 7, 7]]
    assert other_practice(BANK, targets_of(0, 1, 2, 3), 2).tolist() == [[-1, -1]]
    assert other_practice(BANK, np.zeros((0, 4), bool), 2).shape == (0, 2)


@given(st.sets(st.integers(0, 3), min_size=1), st.integers(1, 30))
def test_other_practice_never_practises_a_target(targets: set[int], n_steps: int) -> None:
    questions = other_practice(BANK, targets_of(*targets), n_steps)
    assert questions.shape == (1, n_steps)
    there = questions[questions >= 0]
    assert not BANK.concept_matrix[there][:, sorted(targets)].any()


# ---- neither changes a student ------------------------------------------------------------------------------------


def test_trials_change_nothing() -> None:
    student = Forgetful(practice=0.02, evidence=0.1, from_mastery=True)
    plain, tried = (make_small(student=student, max_episode_steps=4, full_info=full) for full in (False, True))
    for env in (plain, tried):
        env.reset(seed=3)
    for question in (0, 5, 5, 9):
        one, other = plain.step(question), tried.step(question)
        assert np.array_equal(one[0], other[0])
        assert one[1:4] == other[1:4]
        assert set(other[4]["reward_terms"]) - set(one[4]["reward_terms"]) == {"expected_gain", "retention"}
