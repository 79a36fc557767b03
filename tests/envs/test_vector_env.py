"""The batched form against single environments, and its own rules: autoreset, partial resets, wrong input."""

import copy
import pickle
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ClosedEnvironmentError, InvalidAction, ResetNeeded
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics
from hypothesis import given, settings
from hypothesis import strategies as st

from ldsim_env.envs.vector_env import LDSimVectorEnv
from ldsim_env.errors import SettingsError
from tests.envs.fake_student import SMALL_ID, FakeStudent, make_small, register_small, small_bank, small_vector_env

N = 3
NEXT_STEP, SAME_STEP, DISABLED = AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP, AutoresetMode.DISABLED


def moving_student(n_copies: int = 1) -> FakeStudent:
    """A student whose answers and mastery depend on everything that happened."""
    return FakeStudent(small_bank(n_copies), practice=0.05, evidence=0.1, from_mastery=True)


def vector(num_envs: int = N, mode: AutoresetMode = NEXT_STEP, **kwargs: Any) -> LDSimVectorEnv:
    return small_vector_env(num_envs, kwargs.pop("student", moving_student()), autoreset_mode=mode, **kwargs)


def singles(num_envs: int = N, mode: AutoresetMode = NEXT_STEP, **kwargs: Any) -> SyncVectorEnv:
    student = kwargs.pop("student", moving_student())
    return SyncVectorEnv([lambda: make_small(student=student, **kwargs)] * num_envs, autoreset_mode=mode)


def assert_alike(one: Any, other: Any, where: str = "") -> None:
    """Equal but for rounding, and of the same types."""
    if isinstance(other, dict):
        assert isinstance(one, dict)
        assert set(one) == set(other), where
        for key in other:
            assert_alike(one[key], other[key], f"{where}/{key}")
    elif isinstance(other, np.ndarray) and other.dtype == object:
        assert one.dtype == object, where
        for left, right in zip(one, other, strict=True):
            assert_alike(left, right, where)
    elif isinstance(other, np.ndarray):
        assert one.dtype == other.dtype, where
        np.testing.assert_allclose(one, other, atol=1e-6, err_msg=where)
    elif isinstance(other, tuple):
        for left, right in zip(one, other, strict=True):
            assert_alike(left, right, where)
    else:
        assert one == other, where


MODES: list[dict[str, Any]] = [
    {},
    {"allow_repeats": True, "response": "deterministic"},
    {"reward": {"final_gain": 1.0, "zpd": 0.1}, "targets": "weakest"},
    {"action": "concept", "observation": "history", "history_length": 3},
    {"action": "candidates", "n_candidates": 4, "observation": "dict"},
    {"action": "candidates", "n_candidates": 4, "full_info": True},
    {"targets": "all", "mastery_threshold": 0.4},
]


@pytest.mark.parametrize("arguments", MODES, ids=[" ".join(mode) or "default" for mode in MODES])
@pytest.mark.parametrize("mode", [NEXT_STEP, SAME_STEP])
def test_it_equals_single_environments_with_the_same_seeds(mode: AutoresetMode, arguments: dict[str, Any]) -> None:
    one, other = (make(N, mode, max_episode_steps=5, **arguments) for make in (vector, singles))
    one.action_space.seed(4)
    assert_alike(one.reset(seed=11), other.reset(seed=11))
    for _ in range(23):
        actions = one.action_space.sample()
        assert_alike(one.step(actions), other.step(actions))
    assert_alike(one.reset(), other.reset())
    assert_alike(one.reset(seed=[5, None, 7]), other.reset(seed=[5, None, 7]))
    assert_alike(one.step(actions), other.step(actions))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 100),
    st.lists(st.tuples(st.lists(st.booleans(), min_size=N, max_size=N), st.integers(0, 11)), max_size=12),
)
def test_partial_resets_equal_those_of_single_environments(seed: int, plan: list[tuple[list[bool], int]]) -> None:
    one, other = vector(N, DISABLED, student=moving_student(2)), singles(N, DISABLED, student=moving_student(2))
    assert_alike(one.reset(seed=seed), other.reset(seed=seed))
    for begins, action in plan:
        if any(begins):
            options = [
                {"reset_mask": np.array(begins), "targets": sorted({0, 1, 2, 3} - {action % 4})} for _ in range(2)
            ]
            seeds = [action, None, 7]
            assert_alike(one.reset(seed=seeds, options=options[0]), other.reset(seed=seeds, options=options[1]))
        actions = np.array([action, action + 1, 0])
        assert_alike(one.step(actions), other.step(actions))


def test_a_thousand_students_are_as_good_as_one_by_one() -> None:
    many, one = vector(1000, student=moving_student(50)), vector(1, student=moving_student(50))
    observations, _ = many.reset(seed=0)
    for row in (0, 1, 999):
        alone, _ = one.reset(seed=row)
        assert np.allclose(alone[0], observations[row], atol=1e-6)


def test_make_vec_takes_the_batched_form() -> None:
    register_small()
    for mode in ("vector_entry_point", None):
        env = gym.make_vec(SMALL_ID, num_envs=4, vectorization_mode=mode)
        assert isinstance(env, LDSimVectorEnv)
        assert env.num_envs == 4
        assert env.metadata["autoreset_mode"] is NEXT_STEP
        env.reset(seed=0)
        assert [bool(env.step(np.full(4, question))[3].all()) for question in range(12)] == [False] * 12
    env = gym.make_vec(SMALL_ID, num_envs=2, max_episode_steps=2, autoreset_mode=SAME_STEP)
    env.reset(seed=0)
    assert [env.step([question] * 2)[3].tolist() for question in (0, 1)] == [[False] * 2, [True] * 2]
    assert gym.make_vec(env.spec).num_envs == 2


def test_spaces_are_those_of_the_single_environment() -> None:
    env, single = vector(), make_small()
    assert env.single_action_space == single.action_space
    assert env.single_observation_space == single.observation_space
    observations, _ = env.reset(seed=0)
    assert observations in env.observation_space


def test_next_step_autoreset_leaves_the_action_unused() -> None:
    env = vector(2, NEXT_STEP, max_episode_steps=1, masked_action="error")
    env.reset(seed=0)
    _, _, _, truncated, infos = env.step([0, 1])
    assert truncated.all()
    assert infos["asked"].all()
    observations, rewards, terminated, truncated, infos = env.step([0, -99])
    assert rewards.tolist() == [0, 0]
    assert not (terminated | truncated).any()
    assert "asked" not in infos
    assert observations[:, -1].tolist() == [0, 0]
    assert infos["action_mask"].all()


def test_same_step_autoreset_hands_out_the_last_observation() -> None:
    env = vector(2, SAME_STEP, max_episode_steps=2)
    env.reset(seed=0)
    observations, *_, infos = env.step([0, 1])
    assert "final_obs" not in infos
    env.reset(options={"reset_mask": np.array([True, False])})
    observations, _, _, truncated, infos = env.step([0, 2])
    assert truncated.tolist() == [False, True]
    assert observations[:, -1].tolist() == [0.5, 0]
    assert infos["final_obs"][0] is None
    assert infos["final_obs"][1][-1] == 1
    assert infos["_final_obs"].tolist() == [False, True]
    assert infos["final_info"]["_asked"].tolist() == [False, True]
    assert infos["final_info"]["action_mask"].sum(axis=1).tolist() == [0, 10]
    assert infos["action_mask"].sum(axis=1).tolist() == [11, 12]
    assert infos["_asked"].tolist() == [True, False]


def test_without_autoreset_ended_episodes_wait() -> None:
    env = vector(2, DISABLED, max_episode_steps=1)
    env.reset(seed=0)
    env.step([0, 1])
    with pytest.raises(ResetNeeded, match=r"environments \[0, 1\] have ended"):
        env.step([2, 3])
    env.reset(options={"reset_mask": np.array([True, False])})
    with pytest.raises(ResetNeeded, match=r"environments \[1\] have ended"):
        env.step([2, 3])
    env.reset(options={"reset_mask": np.array([False, True])})
    env.step([2, 3])


@pytest.mark.parametrize("limit", [None, -1])
def test_without_a_limit_nothing_is_truncated(limit: int | None) -> None:
    env = vector(1, max_episode_steps=limit, allow_repeats=True)
    env.reset(seed=0)
    assert not any(env.step([0])[3].any() for _ in range(40))
    assert env.step_budget == 30


def test_infos_stay_true_when_read_late() -> None:
    kept, expected = [], []
    for infos in (kept, expected):
        env = vector(N, SAME_STEP, max_episode_steps=3)
        infos.append(env.reset(seed=1)[1])
        for question in range(7):
            infos.append(env.step([question, question + 1, 0])[4])
            if infos is expected:
                infos[-1] = infos[-1].made()
        env.reset()
    for late, early in zip(kept, expected, strict=True):
        assert_alike(late, dict(early))


def test_reading_infos_gives_arrays_of_ones_own() -> None:
    env, twin = vector(), vector()
    for infos in (env.reset(seed=2)[1], env.step([0, 1, 2])[4]):
        for value in infos.made().values():
            if isinstance(value, np.ndarray):
                value[...] = 0 if value.dtype != object else None
    twin.reset(seed=2)
    twin.step([0, 1, 2])
    assert_alike(env.step([3, 4, 5]), twin.step([3, 4, 5]))


def test_action_masks_are_those_of_the_infos() -> None:
    env = vector()
    env.reset(seed=0)
    infos = env.step([0, 1, 2])[4]
    assert env.action_masks().dtype == np.uint8
    assert np.array_equal(env.action_masks(), infos["action_mask"])
    assert env.action_masks().sum(axis=1).tolist() == [11] * 3


def test_gymnasiums_wrappers() -> None:
    env = RecordEpisodeStatistics(vector(2, max_episode_steps=2))
    env.reset(seed=0)
    env.step(np.array([0, 1]))
    infos = env.step(np.array([2, 3]))[4]
    assert infos["episode"]["l"].tolist() == [2, 2]
    listed = DictInfoToList(vector(2))
    assert len(listed.reset(seed=0)[1]) == 2


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_copies_go_on_alike(copied: Any) -> None:
    env = vector(max_episode_steps=4)
    env.reset(seed=5)
    env.step([0, 1, 2])
    twin = copied(env)
    for question in range(3, 9):
        assert_alike(twin.step([question] * 3), env.step([question] * 3))


def test_a_masked_action_is_an_error_on_demand() -> None:
    env, twin = (vector(masked_action="error") for _ in range(2))
    for one in (env, twin):
        one.reset(seed=0)
        one.step([0, 1, 2])
    with pytest.raises(InvalidAction, match=r"\[0, 2\] of the environments \[0, 2\] are masked"):
        env.step([0, 3, 2])
    assert_alike(env.step([4, 5, 6]), twin.step([4, 5, 6]))  # nothing had changed


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([0, 1], r"expected an array \(3,\) of actions"),
        ([0, 1, 2.5], r"expected an array \(3,\)"),
        ([0, [1], 2], r"expected an array \(3,\)"),
        ("abc", r"expected an array \(3,\)"),
        (None, r"expected an array \(3,\)"),
        ([[0, 1, 2]], r"expected an array \(3,\)"),
        ([0, -1, 12], r"got \[-1, 12\] for the environments \[1, 2\]"),
        ([True, False, True], r"expected an array \(3,\)"),
    ],
)
def test_wrong_actions(actions: Any, message: str) -> None:
    env = vector()
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match=message):
        env.step(actions)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"num_envs": 0}, "num_envs: expected a whole number of at least 1, got 0"),
        ({"num_envs": 2.0}, "num_envs"),
        ({"num_envs": True}, "num_envs"),
        ({"max_episode_steps": 0}, "max_episode_steps: expected a whole number of at least 1, or None"),
        ({"max_episode_steps": "30"}, "max_episode_steps"),
        ({"autoreset_mode": "never"}, "autoreset_mode: expected one of"),
        ({"render_mode": "rgb_array"}, "render_mode: the batched form draws nothing"),
        ({"n_target": 3}, "unknown argument 'n_target'. Did you mean 'n_targets'"),
    ],
)
def test_wrong_arguments(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        small_vector_env(**kwargs)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"seed": [1, 2]}, "seed: expected None, a whole number of at least 0, or a list of 3"),
        ({"seed": "one"}, "seed"),
        ({"seed": -1}, "seed: expected None, a whole number of at least 0"),
        ({"seed": [5, 1.5, None]}, "seed"),
        ({"seed": [5, 6, -1]}, "seed"),
        ({"seed": [5, 6, "7"]}, "seed"),
        ({"options": {"reset_mask": [True, True, True]}}, r"reset_mask'\]: expected an array of 3 bools"),
        ({"options": {"reset_mask": np.ones(2, bool)}}, "reset_mask"),
        ({"options": {"reset_mask": np.ones(3)}}, "reset_mask"),
        ({"options": {"reset_mask": np.zeros(3, bool)}}, "True for at least one environment"),
        ({"options": {"target": [0]}}, "unknown key 'target'"),
        ({"options": 3}, "options: expected a dict"),
    ],
)
def test_wrong_resets_change_nothing(kwargs: dict[str, Any], message: str) -> None:
    env, twin = vector(), vector()
    for one in (env, twin):
        one.reset(seed=0)
    with pytest.raises(SettingsError, match=message):
        env.reset(**kwargs)
    assert_alike(env.step([0, 1, 2]), twin.step([0, 1, 2]))


def test_the_options_of_the_user_are_left_alone() -> None:
    env = vector()
    env.reset(seed=0)
    options = {"reset_mask": np.array([True, False, False]), "targets": [1]}
    env.reset(options=options)
    assert set(options) == {"reset_mask", "targets"}


def test_the_order_of_calls() -> None:
    env = vector()
    with pytest.raises(ResetNeeded, match="no student before the first reset"):
        env.step([0, 1, 2])
    with pytest.raises(ResetNeeded, match="no student before the first reset"):
        env.action_masks()
    with pytest.raises(ResetNeeded, match="reset all environments first"):
        env.reset(options={"reset_mask": np.array([True, False, True])})
    env.close()
    env.close()
    with pytest.raises(ClosedEnvironmentError, match="was closed"):
        env.reset()


def test_an_unseeded_environment_differs_from_the_next() -> None:
    first, second = (vector(20).reset()[1]["student"].tolist() for _ in range(2))
    assert first != second
