from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from ldsim_env.errors import CheckpointError, MissingExtraError, SettingsError
from ldsim_env.recommenders import SB3Recommender, load_recommender
from ldsim_env.recommenders.sb3_archive import algorithm_of
from tests.recommenders.toy_env import ToyEnv

stable_baselines3 = pytest.importorskip("stable_baselines3", reason="needs the extra 'agents'")
sb3_contrib = pytest.importorskip("sb3_contrib", reason="needs the extra 'agents'")

DISCRETE = {
    "PPO": (stable_baselines3.PPO, "MlpPolicy", {"n_steps": 8, "batch_size": 8}),
    "A2C": (stable_baselines3.A2C, "MlpPolicy", {}),
    "DQN": (stable_baselines3.DQN, "MlpPolicy", {"buffer_size": 10}),
    "MaskablePPO": (sb3_contrib.MaskablePPO, "MlpPolicy", {"n_steps": 8, "batch_size": 8}),
    "RecurrentPPO": (sb3_contrib.RecurrentPPO, "MlpLstmPolicy", {"n_steps": 8, "batch_size": 8}),
}


def save(algorithm: str, folder: Path) -> tuple[Any, Path]:
    make, policy, settings = DISCRETE[algorithm]
    model = make(policy, ToyEnv(), device="cpu", seed=0, **settings)
    path = folder / f"my_{algorithm}.zip"
    model.save(path)
    return model, path


@pytest.mark.parametrize("algorithm", DISCRETE)
def test_each_algorithm_is_recognised_and_asks_every_question_once(algorithm: str, tmp_path: Path) -> None:
    model, path = save(algorithm, tmp_path)
    assert algorithm_of(path) == algorithm
    recommender = load_recommender(str(path))
    assert recommender.name == f"my_{algorithm}"
    env = ToyEnv()
    observation, info = env.reset(seed=1)
    recommender.start(env, np.random.default_rng(0))
    favourite = int(model.predict(observation, deterministic=True)[0])
    asked = []
    for _ in range(env.bank.n_questions):
        asked.append(recommender.recommend(observation, info))
        observation, *_, info = env.step(asked[-1])
    assert asked[0] == favourite
    assert sorted(asked) == list(range(env.bank.n_questions))


def test_a_recurrent_policy_remembers_within_an_episode_only(tmp_path: Path) -> None:
    model, path = save("RecurrentPPO", tmp_path)
    recommender, env = SB3Recommender.load(path), ToyEnv()
    observation, _ = env.reset(seed=1)
    for _ in range(2):
        recommender.start(env, np.random.default_rng(0))
        recommender.recommend(observation, {"action_mask": np.ones(12, np.uint8)})
        recommender.recommend(observation, {"action_mask": np.ones(12, np.uint8)})
        state = model.predict(observation, None, np.array([True]), deterministic=True)[1]
        state = model.predict(observation, state, np.array([False]), deterministic=True)[1]
        np.testing.assert_allclose(recommender._memory[0], state[0], rtol=1e-5)


class OwnPolicy(stable_baselines3.common.policies.ActorCriticPolicy):
    """A user's own policy class, whose module says nothing about the algorithm."""


class OwnMaskablePolicy(sb3_contrib.common.maskable.policies.MaskableActorCriticPolicy):
    """As above, of an algorithm with masks."""


@pytest.mark.parametrize(
    ("make", "policy"), [(stable_baselines3.PPO, OwnPolicy), (sb3_contrib.MaskablePPO, OwnMaskablePolicy)]
)
def test_an_own_policy_class_does_not_hide_the_algorithm(make: Any, policy: Any, tmp_path: Path) -> None:
    make(policy, ToyEnv(), device="cpu", n_steps=8, batch_size=8).save(tmp_path / "own.zip")
    assert algorithm_of(tmp_path / "own.zip") == make.__name__


def test_a_box_action_comes_back_as_an_array(tmp_path: Path) -> None:
    env = gymnasium.make("Pendulum-v1")
    stable_baselines3.SAC("MlpPolicy", env, device="cpu", buffer_size=10).save(tmp_path / "sac.zip")
    recommender = SB3Recommender.load(tmp_path / "sac.zip")
    observation, info = env.reset(seed=0)
    recommender.start(env, np.random.default_rng(0))
    assert np.shape(recommender.recommend(observation, info)) == (1,)


def test_an_env_without_masks_gets_the_plain_prediction(tmp_path: Path) -> None:
    env = gymnasium.make("CartPole-v1")
    model = stable_baselines3.PPO("MlpPolicy", env, device="cpu", n_steps=8, batch_size=8)
    observation, info = env.reset(seed=0)
    recommender = SB3Recommender(model, "cart")
    recommender.start(env, np.random.default_rng(0))
    assert recommender.recommend(observation, info) == int(model.predict(observation, deterministic=True)[0])


def test_other_spaces_are_refused(tmp_path: Path) -> None:
    _, path = save("PPO", tmp_path)
    with pytest.raises(SettingsError, match=r"my_PPO: trained with the observation_space Box.*\(8,\).*\(4,\)"):
        SB3Recommender.load(path).start(gymnasium.make("CartPole-v1"), np.random.default_rng(0))


def test_an_unsupported_algorithm_is_named(tmp_path: Path) -> None:
    env = gymnasium.make("Pendulum-v1")
    stable_baselines3.TD3("MlpPolicy", env, device="cpu", buffer_size=10).save(tmp_path / "td3.zip")
    with pytest.raises(CheckpointError, match=r"'stable_baselines3.td3.policies'.*Supported: PPO, A2C, DQN"):
        algorithm_of(tmp_path / "td3.zip")
    sb3_contrib.QRDQN("MlpPolicy", ToyEnv(), device="cpu", buffer_size=10).save(tmp_path / "qrdqn.zip")
    with pytest.raises(CheckpointError, match=r"sb3_contrib\.qrdqn"):
        algorithm_of(tmp_path / "qrdqn.zip")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "not a Stable-Baselines3 file"),
        ({"data": "no json"}, "not a Stable-Baselines3 file"),
        ({"data": "[]"}, "it names no policy"),
        ({"data": "{}"}, "it names no policy"),
        ({"data": json.dumps({"policy_class": {"__module__": "x"}, "clip_range": 0.2})}, "can't load it"),
    ],
)
def test_a_damaged_file_is_refused(content: dict[str, str], message: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    with pytest.raises(CheckpointError, match=message):
        SB3Recommender.load(tmp_path / "bad.zip")


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_text("text")
    with pytest.raises(CheckpointError, match=r"bad.zip: not a Stable-Baselines3 file \(File is not a zip file\)"):
        load_recommender(str(tmp_path / "bad.zip"))


def test_missing_library_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, path = save("MaskablePPO", tmp_path)
    monkeypatch.setitem(sys.modules, "sb3_contrib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ldsim-env\[agents\]'"):
        SB3Recommender.load(path)
