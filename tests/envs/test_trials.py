"""The reward terms that try things out on copies of the student."""

import copy
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import data_equivalence
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ldsim_env.envs.trials import other_practice
from ldsim_env.simulator.protocol import State
from tests.envs.fake_student import FakeStudent, make_small, small_bank, small_env, small_vector_env

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
        assert np.isfinite(list(other[4]["reward_terms"].values())).all()


# ---- they are made when they are read, of what was then -----------------------------------------------------------


def test_a_step_costs_nothing_more_until_the_terms_are_read() -> None:
    student = Forgetful(practice=0.02)
    env = make_small(student=student, max_episode_steps=4)
    env.reset(seed=0)
    for question in (0, 3, 4):  # Gymnasium's checker reads all that the first two steps give
        env.step(question)
    before = student.n_learn_calls
    info = env.step(1)[4]
    assert info["reward_terms"]["success"] in (0, 1)
    assert student.n_learn_calls == before + 1
    assert copy.deepcopy(info)["response"] in (0, 1)  # as Stable-Baselines3 does with every info
    assert student.n_learn_calls == before + 1
    assert info["reward_terms"]["retention"] != info["reward_terms"]["final_gain"]
    assert student.n_learn_calls > before + 1


class Aliasing(Forgetful):
    """Hands out one of the tensors that it was given, so that states of several steps share memory."""

    def start(self, n: int) -> State:
        return super().start(n) | {"talent": torch.zeros(n, 1)}

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        prob = super().answer_prob(state, question)
        return (prob + state["talent"].view(-1, *[1] * (prob.dim() - 1))).clamp(0.01, 0.99)

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        return super().learn(state, question, response) | {"talent": state["talent"]}


@pytest.mark.parametrize("mode", ["SameStep", "NextStep"])
def test_terms_read_late_are_those_of_their_step(mode: str) -> None:
    """Read at once, or after all episodes went on, were reset in part and written over: the same."""
    arguments = {"action": "concept", "autoreset_mode": mode, "max_episode_steps": 3, "mastery_threshold": 0.5}
    kept = [], []
    for infos_read, at_once in zip(kept, (True, False), strict=True):
        student = Aliasing(practice=0.1, evidence=0.2, from_mastery=True)
        envs = small_vector_env(4, student, **arguments)
        envs.reset(seed=5, options={"history": []})
        rng = np.random.default_rng(0)
        infos = []
        for _ in range(9):
            infos.append(envs.step(rng.integers(4, size=4))[4])
            if at_once:
                infos[-1] = copy.deepcopy(infos[-1])
                infos[-1].made()
        infos_read.extend(info.made() for info in infos)
    assert data_equivalence(*kept)
    terms = [info.get("final_info", info).get("reward_terms", {}) for info in kept[0]]
    assert any(np.abs(term["retention"]).max() > 0 for term in terms if term)


def test_terms_of_an_early_step_outlive_the_infos_of_later_ones() -> None:
    arguments = {"action": "concept", "autoreset_mode": "SameStep", "max_episode_steps": 3}
    gains = []
    for at_once in (True, False):
        envs = small_vector_env(2, Aliasing(start=0.9, evidence=0.5, from_mastery=True), **arguments)
        envs.reset(seed=5, options={"history": [], "targets": [0, 1, 2, 3]})
        envs._teaching.learners._state["talent"][:] = 0.3  # of these students alone, and handed on by every step
        terms = envs.step(np.array([0, 1]))[4]["reward_terms"]
        if at_once:
            terms["expected_gain"]
        envs.step(np.array([1, 2]))
        envs.reset(options={"reset_mask": np.array([True, False]), "history": []})
        gains.append(terms["expected_gain"])
    assert gains[0][0] != 0
    assert np.array_equal(*gains)


def test_states_of_past_steps_are_let_go_with_their_infos() -> None:
    envs = small_vector_env(2, FakeStudent())
    envs.reset(seed=0)
    held = weakref.ref(envs._teaching.learners._state["level"])
    infos = envs.step(np.array([0, 1]))[4]
    assert held() is not None  # the expected gain of this step may still be read
    del infos
    assert held() is None


# ---- the last step is the one that ends an episode ----------------------------------------------------------------


def paid_at(rewards: list[float]) -> list[int]:
    return [step for step, reward in enumerate(rewards, start=1) if reward != 0]


@pytest.mark.parametrize("reward", ["final_gain", "retention"])
def test_without_a_time_limit_only_termination_is_the_end(reward: str) -> None:
    rules = {"reward": reward, "allow_repeats": True, "targets": ["Adding"]}
    student = FakeStudent(start=0.2, practice=0.001)
    never = small_vector_env(2, student, max_episode_steps=None, **rules)
    never.reset(seed=0, options={"history": []})
    steps = [never.step(np.array([0, 5])) for _ in range(40)]
    assert paid_at([float(step[1][0]) for step in steps]) == []
    assert not any(step[3].any() for step in steps)
    single = small_env(student, **rules)  # no TimeLimit around it
    single.reset(seed=0, options={"history": []})
    assert paid_at([single.step(0)[1] for _ in range(40)]) == []
    assert single.step_budget == 30  # of which the progress is a share


@pytest.mark.parametrize("reward", ["final_gain", "retention"])
def test_the_end_is_paid_once(reward: str) -> None:
    rules = {"reward": reward, "allow_repeats": True, "targets": ["Adding"]}
    student = FakeStudent(start=0.2, practice=0.001)
    limited = make_small(student=student, max_episode_steps=35, **rules)
    limited.reset(seed=0, options={"history": []})
    assert paid_at([limited.step(0)[1] for _ in range(35)]) == [35]
    own_limit = small_env(student, **rules)
    own_limit.step_budget = 4
    own_limit.reset(seed=0, options={"history": []})
    assert paid_at([own_limit.step(0)[1] for _ in range(4)]) == [4]
    learns = FakeStudent(start=0.2, practice=0.05)
    terminates = small_vector_env(1, learns, max_episode_steps=None, mastery_threshold=0.4, **rules)
    terminates.reset(seed=0, options={"history": []})
    assert paid_at([float(terminates.step(np.array([0]))[1][0]) for _ in range(5)]) in (
        [4],
        [5],
    )  # .2 + 4 * .05, rounded
