"""Planning and paired counterfactuals: states as values, and response noise that is pinned."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import data_equivalence
from hypothesis import given, settings
from hypothesis import strategies as st

from ldsim_env.envs import LDSimEnv
from ldsim_env.envs.response_noise import ResponseNoise
from ldsim_env.errors import SettingsError
from tests.envs.fake_student import FakeStudent, make_small, small_bank, small_env

MODES = [
    {},
    {"action": "candidates", "n_candidates": 3},
    {"observation": "history", "history_length": 3},
    {"observer": FakeStudent(evidence=0.3, practice=0.0, from_mastery=True)},
]


def student() -> FakeStudent:
    return FakeStudent(practice=0.02, evidence=0.1, from_mastery=True)


def responses(env: Any, questions: list[int]) -> list[int]:
    return [env.step(question)[4]["response"] for question in questions]


def same(one: Any, other: Any) -> bool:
    return bool(data_equivalence(one, other, exact=True))


# ---- saved states -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES, ids=["default", "candidates", "history", "observer"])
@pytest.mark.parametrize("carried", [lambda state: state, lambda state: pickle.loads(pickle.dumps(state))])
def test_what_follows_is_the_same(mode: dict[str, Any], carried: Callable[[Any], Any]) -> None:
    env = small_env(student(), render_mode="ansi", **mode)
    env.reset(seed=2)
    env.step(0)
    observation, _, _, _, info = env.step(1)
    saved, text = carried(env.save_state()), env.render()
    first = [env.step(action) for action in (2, 0, 1)] + [env.reset()]
    loaded = env.load_state(saved)
    assert same(loaded[0], observation)
    assert same(dict(loaded[1]), {key: info[key] for key in loaded[1]})
    assert env.render() == text
    assert same([env.step(action) for action in (2, 0, 1)] + [env.reset()], first)


@pytest.mark.parametrize("mode", MODES, ids=["default", "candidates", "history", "observer"])
def test_a_state_goes_into_another_environment(mode: dict[str, Any]) -> None:
    env, other = small_env(student(), **mode), small_env(student(), **mode)
    env.reset(seed=2)
    env.step(0)
    other.load_state(env.save_state())
    assert same([env.step(action) for action in (1, 2, 0)], [other.step(action) for action in (1, 2, 0)])


@settings(max_examples=25, deadline=None)
@given(*[st.lists(st.integers(0, 10), max_size=8)] * 3)  # one of the 12 questions is left, so no episode ends
def test_a_saved_state_is_a_value(before: list[int], meanwhile: list[int], after: list[int]) -> None:
    """Whatever happens meanwhile, it can be loaded again and again."""
    env = small_env(student())
    env.reset(seed=1)
    for question in before:
        env.step(question)
    saved = env.save_state()
    branches = []
    for _ in range(2):
        for question in meanwhile:
            env.step(question)
        env.load_state(saved)
        branches.append([env.step(question) for question in after])
    env.reset(seed=1)
    for question in before:
        env.step(question)
    branches.append([env.step(question) for question in after])
    assert same(branches[0], branches[1])
    assert same(branches[0], branches[2])


def test_infos_of_the_past_stay_true() -> None:
    env = small_env(student())
    _, start = env.reset(seed=0)
    saved = env.save_state()
    info = env.step(3)[4]
    env.load_state(saved)
    env.step(7)
    assert info["action_mask"].tolist() == [1, 1, 1, 0] + [1] * 8
    assert start["action_mask"].all()
    assert info["question_id"] == "q3"


def test_a_finished_episode_stays_finished() -> None:
    env = small_env(FakeStudent(start=0.9, practice=0.1))
    env.reset(seed=0, options={"history": [], "targets": [0]})
    running = env.save_state()
    assert env.step(0)[2]
    finished = env.save_state()
    env.load_state(running)
    env.step(3)
    env.load_state(finished)
    with pytest.raises(ResetNeeded, match="terminated"):
        env.step(3)


def test_the_time_limit_goes_back_too() -> None:
    env = make_small(max_episode_steps=4)
    env.reset(seed=0)
    inner: LDSimEnv = env.unwrapped  # type: ignore[assignment]
    env.step(0)
    saved = inner.save_state()
    assert [env.step(question)[3] for question in (1, 2, 3)] == [False, False, True]
    inner.load_state(saved)
    assert [env.step(question)[3] for question in (4, 5, 6)] == [False, False, True]
    env.reset()
    assert [env.step(question)[3] for question in (0, 1, 2, 3)] == [False, False, False, True]


def test_a_reset_forgets_that_a_state_was_loaded() -> None:
    env = make_small(max_episode_steps=2)
    env.reset(seed=0)
    inner: LDSimEnv = env.unwrapped  # type: ignore[assignment]
    env.step(0)
    inner.load_state(inner.save_state())
    env.reset()
    assert [env.step(question)[3] for question in (0, 1)] == [False, True]


def test_nothing_can_be_saved_before_the_first_reset() -> None:
    with pytest.raises(ResetNeeded, match="save_state: there is no student before the first reset"):
        small_env().save_state()


def test_a_state_of_another_kind_of_environment_changes_nothing() -> None:
    env = small_env(student())
    env.reset(seed=0)
    twin = copy.deepcopy(env)
    others: dict[str, LDSimEnv] = {
        r"candidates 5 \(here 0\)": small_env(student(), action="candidates", n_candidates=5),
        r"history length 20 \(here 0\)": small_env(student(), observation="history"),
        r"models FakeStudent \(level 4, practised 4\) observed by FakeStudent \(.* \(here FakeStudent": small_env(
            student(), observer=student()
        ),
        r"bank [0-9a-f]{64} \(here": small_env(FakeStudent(small_bank(2))),
    }
    for message, other in others.items():
        other.reset(seed=0)
        with pytest.raises(SettingsError, match=f"state: it was saved with {message}.*made with the same arguments"):
            env.load_state(other.save_state())
    for nonsense in (None, 3, {"teaching": 1}):
        with pytest.raises(SettingsError, match=r"state: expected what save_state\(\) gave, got"):
            env.load_state(nonsense)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=r"response_noise: expected numbers in \[0, 1\), got \[1.0\]"):
        env.load_state(env.save_state(), response_noise=[1.0])
    assert same(env.step(0), twin.step(0))


def test_a_saved_state_is_small() -> None:
    env = small_env(FakeStudent(small_bank(500)))  # 6,000 questions
    env.reset(seed=0)
    assert len(pickle.dumps(env.save_state())) < 8000


# ---- pinned noise -------------------------------------------------------------------------------------------------


def test_pinned_noise_decides_the_first_responses() -> None:
    env = small_env(FakeStudent(probs=0.5, practice=0.0))
    env.reset(seed=0, options={"response_noise": [0.1, 0.9, 0.49, 0.5]})
    pinned = responses(env, [0, 1, 2, 3])
    then = responses(env, [4, 5, 6, 7, 8])
    env.reset(seed=0)
    unpinned = responses(env, [0, 1, 2, 3])
    assert pinned == [1, 0, 1, 0]
    assert pinned != unpinned
    assert responses(env, [4, 5, 6, 7, 8]) == then  # the generator went on all the same


def test_noise_is_pinned_for_one_episode() -> None:
    env = small_env(FakeStudent(probs=0.5, practice=0.0))
    env.reset(seed=0, options={"response_noise": np.zeros(9)})
    assert responses(env, list(range(9))) == [1] * 9
    env.reset()
    assert 0 in responses(env, list(range(9)))


def test_branches_from_one_student_are_paired() -> None:
    """Two policies go on from one student with the same noise: whoever asks the same is answered the same."""
    env = small_env(FakeStudent(probs=0.5, practice=0.0))
    env.reset(seed=3)
    responses(env, [0, 1])
    saved, noise = env.save_state(), np.random.default_rng(0).random((20, 6))
    for row in noise:
        env.load_state(saved, response_noise=row)
        one = responses(env, [2, 3, 4, 5, 6, 7])
        env.load_state(saved, response_noise=row)
        other = responses(env, [8, 3, 9, 5, 10, 7])
        assert one == other == (row < 0.5).astype(int).tolist()
    env.load_state(saved)
    unpinned = responses(env, [2, 3, 4, 5, 6, 7])
    env.load_state(saved)
    assert responses(env, [8, 9, 10, 11, 2, 3]) == unpinned


def test_a_saved_state_keeps_the_pinned_noise() -> None:
    env = small_env(FakeStudent(probs=0.5, practice=0.0))
    env.reset(seed=3, options={"response_noise": [0.9, 0.1, 0.1, 0.9]})
    responses(env, [0, 1])
    saved = env.save_state()
    env.reset()
    env.load_state(saved)
    assert responses(env, [2, 3]) == [1, 0]


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        ([0.5, 1.0, -0.1, float("nan")], r"expected numbers in \[0, 1\), got \[1.0, -0.1, nan\]"),
        (0.5, r"expected a list of numbers in \[0, 1\), one a step, got 0.5"),
        ([[0.5]], "expected a list of numbers"),
        ("half", "expected a list of numbers"),
        (None, "expected a list of numbers"),
    ],
)
def test_wrong_noise_is_named(noise: object, message: str) -> None:
    with pytest.raises(SettingsError, match=r"options\['response_noise'\]: " + message):
        small_env().reset(options={"response_noise": noise})


@given(st.lists(st.lists(st.floats(0, 0.999), max_size=5), min_size=3, max_size=3), st.integers(0, 7))
def test_noise_of_many_students(rows: list[list[float]], step: int) -> None:
    noise = ResponseNoise(3)
    for row, numbers in enumerate(rows):
        noise.pin(np.array([row]), np.array(numbers))
    steps = np.array([step, 0, step])
    drawn = np.array([2.0, 3.0, 4.0])
    expected = [
        numbers[at] if at < len(numbers) else other for numbers, at, other in zip(rows, steps, drawn, strict=True)
    ]
    assert noise.at(steps, drawn).tolist() == expected
    noise.pin(np.array([0, 2]), None)
    assert noise.at(steps, drawn).tolist() == [2.0, expected[1], 4.0]
