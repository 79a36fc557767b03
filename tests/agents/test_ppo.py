from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode
from torch import Tensor

pytest.importorskip("sb3_contrib", reason="needs the extra 'agents'")
from agents.ppo import AGENT, PPOSettings, main, train
from agents.settings import read_settings
from agents.training import save_model
from ldsim_env.compare import CompareSettings, compare
from ldsim_env.envs import to_sb3
from ldsim_env.errors import SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.recommenders import SB3Recommender
from ldsim_env.simulator.protocol import State
from tests.envs.fake_student import SMALL_ID, FakeStudent, register_small, small_vector_env

REPOSITORY = Path(__file__).parents[2]
NO_CURVE = {"n_curve_points": 0}
DIFFICULTIES = (-1.5, -0.5, 0.5, 1.5)
N_CONCEPTS, N_STEPS = 5, 6
START, MOST = 0.2, 0.1  # mastery of a new student, and what the best question adds to it
QUICK = {"n_envs": 8, "n_steps": N_STEPS, "batch_size": 48, "hidden": 16}


class Choosy(FakeStudent):
    """Only questions of one level of difficulty teach in full: those at 0.5, relative to the concept."""

    def __init__(self) -> None:
        concepts = [(k,) for k in range(N_CONCEPTS) for _ in DIFFICULTIES]
        names = [f"c{k}" for k in range(N_CONCEPTS)]
        bank = QuestionBank.from_concept_lists("CHOOSY", [f"q{i}" for i in range(len(concepts))], concepts, names)
        super().__init__(bank.with_difficulty(np.tile(DIFFICULTIES, N_CONCEPTS)), start=START, practice=0.0)
        self.rise = torch.tensor(np.tile([0.0, 0.04, MOST, 0.06], N_CONCEPTS), dtype=torch.float32)

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        after = super().learn(state, question, response)
        return after | {"level": state["level"] + self.concepts[question] * self.rise[question].unsqueeze(1)}


def choosy_env(num_envs: int, split: str = "train") -> Any:
    """Whoever asks the question at 0.5 of the one target at every step is at the optimum."""
    env = small_vector_env(
        num_envs,
        Choosy(),
        n_targets=1,
        allow_repeats=True,
        reward="expected_gain",
        cohort_split=split,
        max_episode_steps=N_STEPS,
        autoreset_mode=AutoresetMode.SAME_STEP,
    )
    return to_sb3(env)


def mean_gain(env: Any, choose: Any) -> float:
    """Mean E_p of one episode with new students, one in each environment."""
    env.seed(3)
    env.set_options({"history": []})
    observations = env.reset()
    total = np.zeros(env.num_envs)
    for _ in range(N_STEPS):
        observations, rewards, _, _ = env.step(choose(observations))
        total += rewards
    return float(total.mean())


def test_it_reaches_the_optimum_of_a_small_bank_where_random_does_not() -> None:
    model = train(PPOSettings(total_timesteps=6_000, learning_rate=2e-2, **QUICK), choosy_env(QUICK["n_envs"]))
    optimum = N_STEPS * MOST / (1 - START)
    rng = np.random.default_rng(0)
    env = choosy_env(40, "eval")
    learned = mean_gain(env, lambda seen: model.predict(seen, deterministic=True)[0])
    by_chance = mean_gain(env, lambda seen: rng.integers(env.action_space.n, size=len(seen)))
    assert learned == pytest.approx(optimum, rel=0.02)
    assert by_chance < optimum / 4


def test_one_seed_gives_one_policy() -> None:
    first, again, other = (
        train(PPOSettings(total_timesteps=100, seed=seed, **QUICK), choosy_env(QUICK["n_envs"])).policy.state_dict()
        for seed in (3, 3, 4)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_training_ends_when_its_minutes_are_used_up() -> None:
    model = train(PPOSettings(total_timesteps=10**9, max_minutes=0.0, **QUICK), choosy_env(QUICK["n_envs"]))
    assert model.num_timesteps == QUICK["n_envs"]


def test_the_command_line_has_every_setting_with_an_explanation(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        read_settings(PPOSettings, AGENT, ["--help"])
    page = capsys.readouterr().out
    for setting in fields(PPOSettings):
        assert f"--{setting.name.replace('_', '-')} " in page
    read = read_settings(
        PPOSettings, AGENT, ["--total-timesteps", "10", "--learning-rate", "0.1", "--out", "somewhere"]
    )
    assert read == PPOSettings(total_timesteps=10, learning_rate=0.1, out=Path("somewhere"))


def test_a_batch_must_fit_the_rollout() -> None:
    with pytest.raises(SettingsError, match=r"batch_size: expected a divisor of n_envs \* n_steps = 960, got 100"):
        PPOSettings(batch_size=100)


def test_main_trains_saves_and_examines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    register_small()
    arguments = ["--env-id", SMALL_ID, "--total-timesteps", "1", "--n-students", "4", "--out", str(tmp_path)]
    arguments += ["--n-curve-points", "1", "--n-curve-students", "4"]
    main([*arguments, "--seed", "5", "--n-envs", "4", "--batch-size", "60"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves.parquet", "model.zip", "settings.json"]
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert (settings["env_id"], settings["seed"], settings["out"]) == (SMALL_ID, 5, str(tmp_path))
    page = capsys.readouterr().out
    assert "rollout buffer: " in page.partition("Training")[0]
    assert "zpd-weakest" in page


def test_a_saved_model_acts_alike_and_asks_no_question_twice(tmp_path: Path) -> None:
    register_small()
    model = train(PPOSettings(env_id=SMALL_ID, total_timesteps=240, n_envs=8, batch_size=120, **NO_CURVE))
    save_model(model, tmp_path / "model.zip")
    within = CompareSettings(env_id=SMALL_ID, env_options={}, n_students=4, reference="ppo")
    episodes = compare([SB3Recommender(model, "ppo"), f"saved={tmp_path / 'model.zip'}"], within).episodes
    ours, saved = (episodes.filter(policy=name).sort("student")["gain"].to_list() for name in ("ppo", "saved"))
    assert ours == saved
    assert episodes["repeat_rate"].sum() == 0


def test_a_saved_model_is_loaded_where_the_clone_is_the_current_directory(tmp_path: Path) -> None:
    model = train(PPOSettings(total_timesteps=1, **QUICK), choosy_env(QUICK["n_envs"]))
    save_model(model, tmp_path / "model.zip")
    code = (
        "import sys; sys.path[:] = [path for path in sys.path if path not in ('', sys.argv[2])]\n"  # as `ldsim` has it
        "from ldsim_env.recommenders import load_recommender\n"
        "recommender = load_recommender(sys.argv[1])\n"
        "print(recommender.name, type(recommender._model).__name__)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "model.zip"), str(REPOSITORY)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert result.stdout.split() == ["model", "MaskablePPO"], result.stderr
