import copy
import pickle
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import data_equivalence
from hypothesis import given, settings
from hypothesis import strategies as st

from ldsim_env.envs import REWARD_TERMS, LDSimEnv
from ldsim_env.errors import CheckpointError, SettingsError
from tests.envs.fake_student import FakeStudent, make_small, small_bank, small_cohort, small_env

RESET_KEYS = {"action_mask", "mastery", "observed_mastery", "exam_score", "learning_gain", "targets", "student"}
STEP_KEYS = RESET_KEYS | {"asked", "question_id", "concept_names", "response", "answer_prob", "reward_terms"}


def play(env: gym.Env[Any, Any], questions: list[int], **reset: Any) -> list[Any]:
    """What comes back from a reset and these questions."""
    return [env.reset(**reset), *(env.step(question) for question in questions)]


# ---- what comes back --------------------------------------------------------------------------------------------


def test_info_keys_are_complete() -> None:
    env = small_env()
    _, info = env.reset(seed=0)
    assert set(info) == RESET_KEYS
    for question in (0, 0, 1):  # the second is skipped
        info = env.step(question)[4]
        assert set(info) == STEP_KEYS
        assert set(info["reward_terms"]) == set(REWARD_TERMS)


def test_info_tells_the_step() -> None:
    env = small_env(FakeStudent(probs=1.0, practice=0.1, start=0.2))
    env.reset(seed=0, options={"history": [], "targets": ["Halves", 2]})
    observation, reward, terminated, truncated, info = env.step(5)
    assert info["question_id"] == "q5"
    assert info["concept_names"] == ("Halves", "Cubes")
    assert (info["response"], info["answer_prob"], info["asked"]) == (1, 1.0, True)
    assert info["exam_score"] == pytest.approx(0.3)
    assert reward == info["reward_terms"]["step_gain"] == pytest.approx(0.1 / 0.8)
    assert info["learning_gain"] == pytest.approx(0.1 / 0.8)
    assert info["reward_terms"]["coverage"] == 1.0
    assert info["targets"].tolist() == [1, 2]
    assert info["student"] == "given history"
    assert (terminated, truncated) == (False, False)
    assert observation.tolist() == pytest.approx([0.2, 0.3, 0.3, 0.2, 0, 1, 1, 0, 1, 0, 1 / 30])


def test_masks_agree() -> None:
    env = small_env()
    _, info = env.reset(seed=0)
    for question in range(11):
        assert info["action_mask"].dtype == np.uint8
        assert np.array_equal(info["action_mask"], env.action_masks())
        info = env.step(question)[4]
    assert info["action_mask"].tolist() == [0] * 11 + [1]


def test_public_readings() -> None:
    probs = np.linspace(0.1, 0.9, 12)
    env = small_env(FakeStudent(probs=probs, practice=0.03, start=0.4))
    env.reset(seed=0, options={"history": [(0, 1)], "targets": [0, 3]})
    assert env.bank.n_questions == 12
    assert env.n_students == 16
    assert env.targets.tolist() == [0, 3]
    assert env.answer_probs() == pytest.approx(probs)
    assert env.mastery() == pytest.approx([0.43, 0.4, 0.4, 0.4])
    assert env.expected_gains([0, 3, 11]) == pytest.approx([0.015, 0, 0.03], abs=1e-6)
    assert env.expected_gains([]).shape == (0,)


def test_expected_gains_names_all_wrong_questions() -> None:
    env = small_env()
    env.reset(seed=0)
    with pytest.raises(SettingsError, match=r"from 0 to 11, got \[12, -1\]"):
        env.expected_gains([12, 3, -1])
    with pytest.raises(SettingsError, match="questions: expected a list of question indices"):
        env.expected_gains([0.5])  # type: ignore[list-item]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 11), max_size=20), st.integers(0, 1000))
def test_reading_never_changes_what_follows(questions: list[int], seed: int) -> None:
    read, silent = (
        small_env(FakeStudent(practice=0.02, evidence=0.1, from_mastery=True), render_mode="ansi") for _ in range(2)
    )
    pairs = [(read.reset(seed=seed), silent.reset(seed=seed))]
    for question in questions:
        for look in (read.answer_probs, read.mastery, read.action_masks, read.render):
            look()
        read.expected_gains(np.arange(12))
        step = (read.step(question), silent.step(question))
        pairs.append(step)
        if step[0][2]:
            break
    for one, other in pairs:
        assert data_equivalence(one, other, exact=True)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 11), min_size=1, max_size=30), st.integers(0, 1000))
def test_rewards_add_up_to_the_learning_gain(questions: list[int], seed: int) -> None:
    env = small_env(FakeStudent(practice=0.05, evidence=0.3, from_mastery=True))
    _, start = env.reset(seed=seed)
    total, info = 0.0, start
    for question in questions:
        _, reward, terminated, _, info = env.step(question)
        total += reward
        if terminated:
            break
    expected = (info["exam_score"] - start["exam_score"]) / max(1 - start["exam_score"], 0.05)
    assert total == pytest.approx(expected, abs=1e-9)
    assert info["learning_gain"] == pytest.approx(expected, abs=1e-9)


def test_a_weighted_sum_is_the_reward() -> None:
    env = small_env(FakeStudent(probs=0.5, practice=0.1), reward={"success": 2.0, "zpd": 0.5})
    env.reset(seed=3)
    _, reward, _, _, info = env.step(0)
    assert reward == 2 * info["response"] + 0.5


# ---- randomness ---------------------------------------------------------------------------------------------------


def test_two_policies_meet_the_same_noise() -> None:
    """With one probability for all questions the responses depend on the seed alone, skipped steps included."""
    one = play(small_env(), [0, 1, 2, 3, 4, 5, 6, 7], seed=11)[1:]
    other = play(small_env(), [9, 9, 3, 8, 1, 7, 0, 2], seed=11)[1:]
    responses = [[step[4]["response"] for step in episode] for episode in (one, other)]
    responses[0][1] = -1  # the other policy's second action was skipped
    assert responses[0] == responses[1]
    assert {0, 1} <= set(responses[1])


def test_options_leave_the_noise_alone() -> None:
    plain = play(small_env(), [0, 1, 2, 3, 4, 5], seed=5)[1:]
    for options in ({"student": 3}, {"history": [(0, 1)]}, {"targets": [0]}):
        chosen = play(small_env(), [0, 1, 2, 3, 4, 5], seed=5, options=options)[1:]
        assert [s[4]["response"] for s in plain] == [s[4]["response"] for s in chosen]


def test_responses_follow_the_probability() -> None:
    env = small_env(FakeStudent(probs=0.3, practice=0.0), allow_repeats=True)
    env.reset(seed=0)
    responses = [env.step(0)[4]["response"] for _ in range(2000)]
    assert np.mean(responses) == pytest.approx(0.3, abs=0.03)


def test_deterministic_responses() -> None:
    env = small_env(FakeStudent(probs=[0.5, 0.51, 0.49] * 4), response="deterministic")
    assert [step[4]["response"] for step in play(env, [0, 1, 2], seed=0)[1:]] == [0, 1, 0]


def test_students_and_targets_vary() -> None:
    env = small_env()
    env.reset(seed=0)
    infos = [env.reset()[1] for _ in range(200)]
    assert {info["student"] for info in infos} == set(small_cohort().students_of("train").student_ids)
    assert len({tuple(info["targets"]) for info in infos}) == 4  # all choices of 3 of 4 concepts


# ---- ends ---------------------------------------------------------------------------------------------------------


def test_truncation_is_no_termination() -> None:
    env = make_small(max_episode_steps=3)
    ends = [step[2:4] for step in play(env, [0, 1, 2], seed=0)[1:]]
    assert ends == [(False, False), (False, False), (False, True)]


@pytest.mark.parametrize("limit", [3, 7])
def test_progress_is_measured_against_the_time_limit(limit: int) -> None:
    env = make_small(max_episode_steps=limit)
    steps = play(env, [0, 1, 2], seed=0)
    assert [step[0][-1] for step in steps] == pytest.approx([0, 1 / limit, 2 / limit, 3 / limit])


def test_final_gain_comes_with_truncation() -> None:
    env = make_small(max_episode_steps=3, reward="final_gain")
    rewards = [step[1] for step in play(env, [0, 5, 8], seed=0)[1:]]
    assert rewards[:2] == [0, 0]
    assert rewards[2] > 0


def test_without_a_time_limit_the_budget_is_thirty() -> None:
    assert small_env().step_budget == make_small(max_episode_steps=-1).get_wrapper_attr("step_budget") == 30


def test_step_budget_is_checked() -> None:
    with pytest.raises(SettingsError, match="step_budget: expected at least 1, got 0"):
        small_env().step_budget = 0


def test_mastered_targets_terminate() -> None:
    env = small_env(FakeStudent(practice=0.4, start=0.2))
    steps = play(env, [0, 1], seed=0, options={"history": [], "targets": [0]})
    assert [step[2] for step in steps[1:]] == [False, True]
    with pytest.raises(ResetNeeded, match="or it terminated; call reset"):
        env.step(3)


def test_an_empty_bank_terminates() -> None:
    steps = play(small_env(FakeStudent(practice=0.0)), list(range(12)), seed=0)
    assert [step[2] for step in steps[1:]] == [False] * 11 + [True]
    assert steps[-1][4]["action_mask"].sum() == 0


def test_repeats_never_use_up_the_bank() -> None:
    env = small_env(FakeStudent(practice=0.0), allow_repeats=True)
    steps = play(env, [0] * 20, seed=0)
    assert not any(step[2] for step in steps[1:])
    assert all(step[4]["asked"] for step in steps[1:])


# ---- actions ------------------------------------------------------------------------------------------------------


def test_a_masked_action_asks_nothing() -> None:
    env = small_env(FakeStudent(practice=0.1))
    env.reset(seed=0)
    env.step(0)
    mastery = env.mastery()
    _, reward, _, _, info = env.step(0)
    assert (info["asked"], info["response"], info["question_id"]) == (False, -1, "q0")
    assert np.array_equal(env.mastery(), mastery)
    assert reward == 0
    assert set(info["reward_terms"].values()) == {0}


def test_a_masked_action_is_an_error_on_demand() -> None:
    env = small_env(masked_action="error")
    env.reset(seed=0)
    env.step(4)
    with pytest.raises(InvalidAction, match="question 4 was already asked in this episode"):
        env.step(4)


@pytest.mark.parametrize("action", [12, -1, 1.0, "q1", None, np.array([1]), float("nan")])
def test_wrong_actions(action: object) -> None:
    env = small_env()
    env.reset(seed=0)
    before = env.mastery()
    with pytest.raises(InvalidAction, match="action: expected a question index, an integer from 0 to 11, got"):
        env.step(action)
    assert np.array_equal(env.mastery(), before)


@pytest.mark.parametrize("action", [3, np.int64(3), np.uint8(3), np.array(3)])
def test_integer_actions_of_any_kind(action: Any) -> None:
    env = small_env()
    env.reset(seed=0)
    assert env.step(action)[4]["question_id"] == "q3"


def test_nothing_before_reset() -> None:
    env = small_env(render_mode="ansi")
    for call in (
        lambda: env.step(0),
        env.action_masks,
        env.answer_probs,
        env.mastery,
        lambda: env.expected_gains([0]),
        lambda: env.targets,
        env.render,
    ):
        with pytest.raises(ResetNeeded, match=r"call reset\(\)"):
            call()


# ---- students and arguments ---------------------------------------------------------------------------------------


def test_reset_options() -> None:
    env = small_env(cohort_split="eval")
    assert env.n_students == 4
    assert env.reset(options={"student": 2})[1]["student"] == "s14"
    assert env.reset(options={"student": "s19"})[1]["student"] == "s19"
    assert env.reset(options={"targets": ["Data"]})[1]["targets"].tolist() == [3]


def test_a_given_history_is_learned() -> None:
    env = small_env(FakeStudent(practice=0.1, start=0.2))
    _, info = env.reset(options={"history": [(0, 1), ("q1", 0), (3, 1)]})
    assert info["mastery"] == pytest.approx([0.4, 0.3, 0.2, 0.2])


def test_wrong_options_change_nothing() -> None:
    env = small_env()
    env.reset(seed=0)
    env.step(0)
    twin = copy.deepcopy(env)
    with pytest.raises(SettingsError, match="unknown key 'target'"):
        env.reset(seed=9, options={"target": [0]})
    assert data_equivalence(env.step(1), twin.step(1), exact=True)


def test_fixed_targets() -> None:
    env = small_env(targets=["Cubes", 0])
    assert [env.reset()[1]["targets"].tolist() for _ in range(3)] == [[0, 2]] * 3
    assert env.reset(options={"targets": [1]})[1]["targets"].tolist() == [1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_target": 3}, r"unknown argument 'n_target'. Did you mean 'n_targets'\?"),
        ({"reward": "gain"}, "reward: unknown reward term 'gain'"),
        ({"n_targets": 5}, "n_targets: expected at most 4"),
        ({"cohort_split": "test"}, "cohort_split: unknown split 'test'"),
        ({"targets": ["Sums"]}, "targets: unknown concept 'Sums'"),
        ({"render_mode": "anssi"}, r"render_mode: unknown render mode 'anssi'. Did you mean 'ansi'\?"),
        ({"students": 3}, "students: expected None, a path of logs, a ResponseLog or a Cohort, got 3"),
        ({"students": [3]}, "students: expected None, a path of logs"),
    ],
)
def test_wrong_arguments_are_named_when_the_env_is_made(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        small_env(**arguments)


def test_all_unknown_arguments_are_named() -> None:
    with pytest.raises(SettingsError, match=r"'rewards'.*'seed'"):
        small_env(rewards=1, seed=2)


def test_a_cohort_of_another_bank_is_refused() -> None:
    with pytest.raises(CheckpointError, match="students: the cohort was made for another bank"):
        LDSimEnv(student_model=FakeStudent(small_bank(2)), students=small_cohort())


# ---- copies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["deepcopy", "pickle"]
)
@pytest.mark.parametrize("make", [small_env, make_small], ids=["class", "id"])
def test_copies_go_on_alike_and_apart(make: Any, copied: Any) -> None:
    env = make(student=FakeStudent(practice=0.02, evidence=0.1))
    env.reset(seed=4)
    env.step(0)
    twin, witness = copied(env), copied(env)
    for question in (3, 5, 0, 7):
        one, other = env.step(question), twin.step(question)
        assert data_equivalence(one, other, exact=True)
    assert witness.unwrapped.action_masks().sum() == 11
    assert data_equivalence(env.reset(), twin.reset(), exact=True)


def test_a_deepcopy_shares_what_never_changes() -> None:
    env = small_env()
    twin = copy.deepcopy(env)
    assert twin._teaching.model is env._teaching.model
    assert twin._teaching.students is env._teaching.students
    assert twin._teaching._start_states[0] is env._teaching._start_states[0]
    assert twin._teaching.action is env._teaching.action
    assert twin._teaching.observation is env._teaching.observation
    assert twin.bank is env.bank
    assert twin._teaching.learners is not env._teaching.learners
