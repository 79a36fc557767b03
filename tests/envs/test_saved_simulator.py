"""The environment on a simulator's folder, as `ldsim fit` and the bundled banks have it."""

import copy
import pickle
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
import torch
from gymnasium.utils.env_checker import data_equivalence

import ldsim_env
from ldsim_env.envs import LDSimEnv
from ldsim_env.errors import CheckpointError
from ldsim_env.simulator import checkpoint
from ldsim_env.simulator.checkpoint import save_simulator
from ldsim_env.simulator.network import LDSimNetwork
from ldsim_env.simulator.settings import NetworkSettings
from tests.envs.fake_student import small_bank, small_cohort


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An untrained simulator with a cohort, in a folder TOY."""
    bank = small_bank()
    prior, weight = torch.zeros(bank.n_questions), torch.ones(bank.n_questions)
    network = LDSimNetwork(bank, prior, weight, NetworkSettings())
    network.initialise(torch.Generator().manual_seed(0))
    save_simulator(network, tmp_path / "TOY")
    small_cohort(bank).save(tmp_path / "TOY")
    return tmp_path / "TOY"


@pytest.mark.parametrize("kind", [Path, str])
def test_a_folder_is_enough(folder: Path, kind: Any) -> None:
    env = LDSimEnv(bank=kind(folder), min_questions=2)
    _, info = env.reset(seed=0)
    assert env.n_students == 16
    assert 0 < info["exam_score"] < 1
    assert env.step(0)[4]["asked"]


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["deepcopy", "pickle"]
)
def test_copies_of_the_network_go_on_alike(folder: Path, copied: Any) -> None:
    env = LDSimEnv(bank=folder, min_questions=2)
    env.reset(seed=1)
    env.step(3)
    twin = copied(env)
    for question in (0, 5, 7):
        assert data_equivalence(env.step(question), twin.step(question), exact=True)
    assert data_equivalence(env.reset(), twin.reset(), exact=True)


def test_expected_gains_average_the_two_branches(folder: Path) -> None:
    env = LDSimEnv(bank=folder, min_questions=2)
    env.reset(seed=1)
    prob, gain = env.answer_probs()[5], env.expected_gains([5])[0]
    exam = env.mastery()[env.targets].mean()
    after: dict[int, float] = {}
    for seed in range(60):
        branch = copy.deepcopy(env)
        branch.np_random = gym.utils.seeding.np_random(seed)[0]
        info = branch.step(5)[4]
        after[info["response"]] = info["exam_score"]
    assert gain == pytest.approx(prob * after[1] + (1 - prob) * after[0] - exam, abs=1e-6)


def test_a_bundled_bank_is_made_by_its_id(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ldsim_env, "BANKS", folder.parent)
    monkeypatch.setattr(checkpoint, "BUNDLED", folder.parent)
    try:
        assert ldsim_env.register_envs() == ["LDSim-TOY-v0"]
        env = gym.make("LDSim-TOY-v0", min_questions=2, max_episode_steps=2)
        env.reset(seed=0)
        ends = [env.step(question)[2:4] for question in (0, 1)]
    finally:
        gym.registry.pop("LDSim-TOY-v0", None)
    assert ends == [(False, False), (False, True)]
    assert env.get_wrapper_attr("step_budget") == 2


def test_without_a_cohort(folder: Path) -> None:
    (folder / "cohort.json").unlink()
    with pytest.raises(CheckpointError, match=r"cohort\.json"):
        LDSimEnv(bank=folder)


def test_an_unknown_bank(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="NOWHERE"):
        LDSimEnv(bank="NOWHERE")
