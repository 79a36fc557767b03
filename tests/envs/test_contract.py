"""The environment against the checkers and wrappers of those who will use it."""

import warnings
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

import ldsim_env
from tests.envs.fake_student import SMALL_ID, FakeStudent, make_small, register_small, small_bank

BUNDLED = ldsim_env.register_envs()


def make_wide(**kwargs: Any) -> gym.Env[Any, Any]:
    """The fake student with a bank of 600 questions."""
    return make_small(student=FakeStudent(small_bank(50), practice=0.02, evidence=0.1, from_mastery=True), **kwargs)


MAKERS = [make_small, make_wide, *([lambda env_id=env_id, **kw: gym.make(env_id, **kw) for env_id in BUNDLED])]
IDS = ["small", "wide", *BUNDLED]
every_env = pytest.mark.parametrize("make", MAKERS, ids=IDS)


@pytest.fixture(autouse=True)
def _no_warning() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_there_is_a_bundled_bank() -> None:
    if not BUNDLED:
        pytest.skip("no bank is bundled yet: ldsim_env/banks/ is empty")
    assert all(gym.spec(env_id).max_episode_steps == 30 for env_id in BUNDLED)


@every_env
def test_gymnasium_checker(make: Callable[..., gym.Env[Any, Any]]) -> None:
    check_env(make().unwrapped)


@every_env
def test_sb3_checker(make: Callable[..., gym.Env[Any, Any]]) -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker", reason="needs the extra 'agents'")
    checker.check_env(make(render_mode="ansi"), warn=True, skip_render_check=False)


@every_env
def test_one_seed_one_episode(make: Callable[..., gym.Env[Any, Any]]) -> None:
    one, other = make(), make()
    one.action_space.seed(1)
    assert data_equivalence(one.reset(seed=7), other.reset(seed=7), exact=True)
    ended = False
    while not ended:
        action = one.action_space.sample()
        step = one.step(action)
        assert data_equivalence(step, other.step(action), exact=True)
        ended = step[2] or step[3]
    assert data_equivalence(one.reset(), other.reset(), exact=True)  # nothing random is left over


@every_env
def test_another_seed_another_episode(make: Callable[..., gym.Env[Any, Any]]) -> None:
    env = make(allow_repeats=True)
    episodes = []
    for seed in (1, 2):
        _, info = env.reset(seed=seed)
        episodes.append((info["student"], info["targets"].tolist(), [env.step(0)[4]["response"] for _ in range(20)]))
    assert episodes[0] != episodes[1]


@every_env
def test_a_whole_episode_stays_in_the_spaces(make: Callable[..., gym.Env[Any, Any]]) -> None:
    env = make()
    observation, info = env.reset(seed=3)
    ended = False
    while not ended:
        assert observation in env.observation_space
        observation, _, terminated, truncated, info = env.step(
            env.action_space.sample(info["action_mask"].astype(np.int8))
        )
        assert info["asked"]
        ended = terminated or truncated
    assert observation in env.observation_space


def test_gymnasium_enforces_the_order() -> None:
    with pytest.raises(gym.error.ResetNeeded, match=r"Cannot call env.step\(\) before calling env.reset\(\)"):
        make_small().step(0)


def test_a_spec_makes_the_same_environment_again() -> None:
    spec = make_small(max_episode_steps=4, n_targets=2).spec
    assert spec is not None
    again = gym.make(spec)
    assert len(again.reset()[1]["targets"]) == 2
    assert again.get_wrapper_attr("step_budget") == 4


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_sync_vector_env_equals_single_envs(mode: AutoresetMode) -> None:
    vector = SyncVectorEnv([lambda: make_small(max_episode_steps=5)] * 3, autoreset_mode=mode)
    singles = [make_small(max_episode_steps=5) for _ in range(3)]
    observations, infos = vector.reset(seed=20)
    for i, env in enumerate(singles):
        observation, info = env.reset(seed=20 + i)
        assert np.array_equal(observations[i], observation)
        assert np.array_equal(infos["action_mask"][i], info["action_mask"])
    for actions in np.array([[0, 1, 2], [0, 2, 3], [5, 5, 5], [8, 9, 10]]):
        observations, rewards, _, _, infos = vector.step(actions)
        for i, env in enumerate(singles):
            observation, reward, _, _, info = env.step(actions[i])
            assert np.array_equal(observations[i], observation)
            assert rewards[i] == reward
            assert infos["concept_names"][i] == info["concept_names"]
            assert infos["reward_terms"]["zpd"][i] == info["reward_terms"]["zpd"]
            assert infos["response"][i] == info["response"]
    if mode is not AutoresetMode.DISABLED:
        for _ in range(3):
            vector.step(np.array([6, 6, 6]))
    vector.close()


@pytest.mark.slow
def test_async_vector_env_equals_sync() -> None:
    makers = [make_small] * 2
    vectors = [SyncVectorEnv(makers), AsyncVectorEnv(makers, context="spawn")]
    results = [(vector.reset(seed=1), vector.step(np.array([0, 5]))) for vector in vectors]
    for vector in vectors:
        vector.close()
    assert data_equivalence(results[0][0], results[1][0])
    assert data_equivalence(results[0][1][:4], results[1][1][:4])


def test_make_vec() -> None:
    register_small()
    vector = gym.make_vec(SMALL_ID, num_envs=2, vectorization_mode="sync")
    vector.reset(seed=0)
    vector.step(np.array([0, 1]))
    vector.close()


@pytest.mark.parametrize(
    "wrap",
    [
        gym.wrappers.RecordEpisodeStatistics,
        gym.wrappers.FlattenObservation,
        lambda env: gym.wrappers.TransformReward(env, lambda reward: 2 * reward),
    ],
)
def test_wrappers(wrap: Callable[[Any], gym.Env[Any, Any]]) -> None:
    env = wrap(make_small())
    env.reset(seed=0)
    env.step(0)
    assert env.get_wrapper_attr("action_masks")().sum() == 11


def test_ppo_learns_from_the_id_alone() -> None:
    sb3 = pytest.importorskip("stable_baselines3", reason="needs the extra 'agents'")
    register_small()
    sb3.PPO("MlpPolicy", SMALL_ID, n_steps=64, batch_size=32, n_epochs=1, device="cpu").learn(64)


def test_maskable_ppo_finds_the_masks() -> None:
    contrib = pytest.importorskip("sb3_contrib", reason="needs the extra 'agents'")
    env = make_small(masked_action="error")  # a masked action would end the test
    contrib.MaskablePPO("MlpPolicy", env, n_steps=64, batch_size=32, n_epochs=1, device="cpu").learn(128)
