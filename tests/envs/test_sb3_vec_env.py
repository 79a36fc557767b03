"""The batched form as Stable-Baselines3 sees it."""

import copy
import sys
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode

from ldsim_env.envs.sb3 import to_sb3
from ldsim_env.envs.sb3_memory import RolloutMemory, byte_mask_buffer, mask_list_buffer, rollout_memory
from ldsim_env.envs.vector_env import LDSimVectorEnv
from ldsim_env.errors import MissingExtraError, SettingsError
from tests.envs.fake_student import SMALL_ID, FakeStudent, make_small, register_small, small_bank, small_vector_env

sb3 = pytest.importorskip("stable_baselines3", reason="needs the extra 'agents'")
from stable_baselines3.common.evaluation import evaluate_policy  # noqa: E402
from stable_baselines3.common.monitor import Monitor  # noqa: E402
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecMonitor, VecNormalize  # noqa: E402

N = 3
SMALL_NET = {"n_steps": 16, "batch_size": 16, "n_epochs": 1, "device": "cpu", "seed": 0}


def student() -> FakeStudent:
    return FakeStudent(small_bank(), practice=0.05, evidence=0.1, from_mastery=True)


def vec(num_envs: int = N, **kwargs: Any) -> Any:
    kwargs = {"student": student()} | kwargs
    return to_sb3(small_vector_env(num_envs, autoreset_mode=AutoresetMode.SAME_STEP, **kwargs))


def same(one: Any, other: Any) -> None:
    if isinstance(other, dict):
        assert set(one) - {"episode"} == set(other)
        for key in other:
            same(one[key], other[key])
    elif isinstance(other, list):
        for left, right in zip(one, other, strict=True):
            same(left, right)
    elif isinstance(other, np.ndarray | float):
        np.testing.assert_allclose(one, other, atol=1e-6)
    else:
        assert one == other


def test_it_is_a_vec_env_of_stable_baselines() -> None:
    env = vec()
    assert isinstance(env, VecEnv)
    assert env.num_envs == N
    assert env.render_mode is None
    assert env.unwrapped is env


@pytest.mark.parametrize("arguments", [{}, {"observation": "dict"}, {"action": "concept", "reward": "exam_delta"}])
def test_it_equals_a_dummy_vec_env(arguments: dict[str, Any]) -> None:
    env = vec(max_episode_steps=4, **arguments)
    dummy = DummyVecEnv([lambda: make_small(student=student(), max_episode_steps=4, **arguments)] * N)
    for one in (env, dummy):
        one.seed(5)
    same(env.reset(), dummy.reset())
    env.action_space.seed(1)
    for _ in range(11):
        actions = np.array([env.action_space.sample() for _ in range(N)])
        for one, other in zip(env.step(actions), dummy.step(actions), strict=True):
            if not isinstance(one, list):
                assert getattr(one, "dtype", None) == getattr(other, "dtype", None)
            same(one, other)
        same(env.reset_infos, dummy.reset_infos)


def test_options_may_differ() -> None:
    env, dummy = vec(), DummyVecEnv([lambda: make_small(student=student())] * N)
    for one in (env, dummy):
        one.seed(2)
        one.set_options([{"targets": [0, 1, 2]}, {"student": 3}, {"targets": [0, 1, 2]}])
    same(env.reset(), dummy.reset())
    same(env.reset_infos, dummy.reset_infos)
    same(env.reset(), dummy.reset())  # options are for one reset only


def test_the_end_of_an_episode() -> None:
    env = vec(2, max_episode_steps=2)
    env.reset()
    _, _, _, infos = env.step(np.array([0, 1]))
    assert [info["TimeLimit.truncated"] for info in infos] == [False, False]
    assert "terminal_observation" not in infos[0]
    assert "episode" not in infos[0]
    observations, rewards, ended, infos = env.step(np.array([2, 3]))
    assert rewards.dtype == np.float32
    assert ended.all()
    assert observations[:, -1].tolist() == [0, 0]
    for info in infos:
        assert info["TimeLimit.truncated"]
        assert info["terminal_observation"][-1] == 1
        assert info["action_mask"].sum() == 10
        assert info["episode"]["l"] == 2
        assert info["episode"]["r"] == pytest.approx(info["learning_gain"], abs=1e-6)
    assert [info["action_mask"].sum() for info in env.reset_infos] == [12, 12]


def test_mastered_targets_are_no_time_limit() -> None:
    env = vec(2, student=FakeStudent(practice=0.8), targets=[0], max_episode_steps=1)
    env.set_options({"history": []})
    env.reset()
    infos = env.step(np.array([0, 5]))[3]
    assert [info["TimeLimit.truncated"] for info in infos] == [False, True]


def test_masks() -> None:
    env = vec()
    assert env.has_attr("action_masks")
    assert not env.has_attr("action_mask")
    env.reset()
    env.step(np.array([0, 1, 2]))
    masks = env.env_method("action_masks")
    assert [mask.dtype for mask in masks] == [np.uint8] * N
    assert [int(np.flatnonzero(mask == 0)[0]) for mask in masks] == [0, 1, 2]
    assert np.array_equal(env.env_method("action_masks", indices=[2, 0]), [masks[2], masks[0]])
    assert np.array_equal(env.env_method("action_masks", indices=1), [masks[1]])


def test_masks_are_built_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    env = vec(max_episode_steps=2)
    monkeypatch.setattr("ldsim_env.envs.asked.AskedQuestions.masks", lambda _: 1 / 0)
    env.reset()
    for question in range(5):
        env.step(np.array([question] * N))
    with pytest.raises(ZeroDivisionError):
        env.env_method("action_masks")


def test_attributes() -> None:
    env = vec()
    assert env.get_attr("n_students") == [16] * N
    assert env.get_attr("bank", indices=0)[0].name == "SMALL"
    with pytest.raises(AttributeError):
        env.get_attr("no_such_thing")
    env.set_attr("marker", 7)
    assert env.get_attr("marker", [1, 2]) == [7, 7]
    with pytest.raises(SettingsError, match="indices: the 3 environments share 'marker'"):
        env.set_attr("marker", 8, indices=[0])
    assert env.env_is_wrapped(Monitor) == [True] * N
    assert env.env_is_wrapped(gym.wrappers.TimeLimit, indices=[0]) == [False]


def test_readings_by_method() -> None:
    env = vec()
    env.reset()
    assert len(env.env_method("answer_probs")[0]) == 12
    assert env.env_method("mastery", indices=2)[0].shape == (4,)
    assert env.env_method("expected_gains", [0, 1])[1].shape == (2,)


def test_copies_go_on_alike() -> None:
    env = vec(max_episode_steps=3)
    env.seed(1)
    env.reset()
    twin = copy.deepcopy(env)
    for question in range(5):
        actions = np.array([question] * N)
        for one, other in zip(twin.step(actions)[:3], env.step(actions)[:3], strict=True):
            same(one, other)


def test_made_by_id() -> None:
    register_small()
    env = to_sb3(SMALL_ID, num_envs=5, max_episode_steps=7, n_targets=2)
    assert env.num_envs == 5
    assert env.get_attr("step_budget")[0] == 7
    env.reset()
    assert len(env.reset_infos[4]["targets"]) == 2


@pytest.mark.parametrize("env", [3, "CartPole-v1"])
def test_other_environments_are_refused(env: Any) -> None:
    with pytest.raises((SettingsError, TypeError), match=r"env: expected the id|autoreset_mode"):
        to_sb3(env)


def test_the_autoreset_mode_is_checked() -> None:
    with pytest.raises(SettingsError, match=r"autoreset_mode=AutoresetMode\.SAME_STEP"):
        to_sb3(small_vector_env(2))


def test_without_stable_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    from ldsim_env.envs import sb3 as module

    monkeypatch.setitem(sys.modules, "stable_baselines3.common.vec_env", None)
    monkeypatch.setattr(module, "_vec_env_class", module._vec_env_class.__wrapped__)
    with pytest.raises(MissingExtraError, match=r"pip install 'ldsim-env\[agents\]'"):
        to_sb3(SMALL_ID)


# ---- training -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [lambda env: env, VecMonitor, VecNormalize])
@pytest.mark.filterwarnings("ignore:The environment is already wrapped with a `Monitor` wrapper")
def test_ppo_trains(wrap: Any) -> None:
    model = sb3.PPO("MlpPolicy", wrap(vec(max_episode_steps=6)), **SMALL_NET).learn(96)
    assert len(model.ep_info_buffer) >= 12
    assert all(episode["l"] == 6 for episode in model.ep_info_buffer)


def test_policies_are_evaluated_without_a_warning() -> None:
    model = sb3.PPO("MlpPolicy", vec(), **SMALL_NET)
    _, lengths = evaluate_policy(model, vec(2, max_episode_steps=5), n_eval_episodes=4, return_episode_rewards=True)
    assert lengths == [5] * 4


@pytest.mark.parametrize(
    ("policy", "arguments"), [("MlpPolicy", {}), ("MultiInputPolicy", {"observation": "dict"})], ids=["flat", "dict"]
)
@pytest.mark.parametrize("masks", ["float", "byte"])
def test_maskable_ppo_trains_and_memory_is_as_stated(masks: str, policy: str, arguments: dict[str, Any]) -> None:
    contrib = pytest.importorskip("sb3_contrib", reason="needs the extra 'agents'")
    env = vec(masked_action="error", max_episode_steps=12, **arguments)  # a masked action would end the test
    buffer = byte_mask_buffer(bool(arguments)) if masks == "byte" else None
    stated = rollout_memory(env, n_steps=16, masks=masks)
    model = contrib.MaskablePPO(policy, env, rollout_buffer_class=buffer, **SMALL_NET)
    assert _bytes_of(model.rollout_buffer) == stated.total
    model.learn(96)
    assert model.rollout_buffer.action_masks.dtype == (np.uint8 if masks == "byte" else np.float32)
    assert not model.rollout_buffer.action_masks.all()


@pytest.mark.parametrize("arguments", [{}, {"observation": "dict"}], ids=["flat", "dict"])
@pytest.mark.parametrize("share_forbidden", [0.0, 0.2, 0.9], ids=["none", "few", "most"])
def test_mask_lists_are_the_masks_that_were_added(share_forbidden: float, arguments: dict[str, Any]) -> None:
    pytest.importorskip("sb3_contrib", reason="needs the extra 'agents'")
    env, rng, n_steps, n_actions = vec(**arguments), np.random.default_rng(0), 4, 100
    buffer = mask_list_buffer(bool(arguments))(n_steps, env.observation_space, gym.spaces.Discrete(n_actions), n_envs=N)
    masks = (rng.random((n_steps, N, n_actions)) >= share_forbidden).astype(np.uint8)
    seen = env.reset()
    for step in range(n_steps):
        actions = np.full((N, 1), step) + 10 * np.arange(N)[:, None]
        buffer.add(seen, actions, np.zeros(N), np.zeros(N), torch.zeros(N), torch.zeros(N), action_masks=masks[step])
    for samples in buffer.get(batch_size=5):
        restored = np.ones((len(samples.actions), n_actions), np.uint8)
        restored[samples.action_masks] = 0
        place = samples.actions.long().flatten().numpy()
        np.testing.assert_array_equal(restored, masks[place % 10, place // 10])


def test_memory_of_mask_lists_is_as_stated() -> None:
    pytest.importorskip("sb3_contrib", reason="needs the extra 'agents'")
    env = vec()
    buffer = mask_list_buffer()(16, env.observation_space, env.action_space, n_envs=N)
    buffer.reset()
    assert _bytes_of(buffer) == rollout_memory(env, n_steps=16, masks="list").total


def test_memory_of_ppo_is_as_stated() -> None:
    env = vec()
    model = sb3.PPO("MlpPolicy", env, **SMALL_NET)
    assert _bytes_of(model.rollout_buffer) == rollout_memory(env, n_steps=16).total


def test_memory_in_words() -> None:
    stated = RolloutMemory(2**20, 3 * 2**20, 2**19, 15 * 2**19)
    assert str(stated) == "rollout buffer: 4.5 MiB (observations 1.0 MiB, masks 3.0 MiB), at most 7.5 MiB"


def _bytes_of(buffer: Any) -> int:
    arrays = [*vars(buffer).values(), *getattr(buffer.observations, "values", list)()]
    return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))


def test_both_forms_are_one() -> None:
    assert isinstance(vec().vector_env, LDSimVectorEnv)
