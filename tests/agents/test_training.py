"""Every agent: trained on a few questions, saved, read again, and played in a comparison."""

from __future__ import annotations

import importlib
import json
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sb3_contrib", reason="needs the extra 'agents'")
pytest.importorskip("polars", reason="needs the extra 'report'")
from agents import training
from agents.settings import TrainingSettings, read_settings
from agents.settings import settings_of as own_settings
from ldsim_env.envs import to_sb3
from ldsim_env.errors import SettingsError
from ldsim_env.recommenders import SB3Recommender
from tests.envs.fake_student import SMALL_ID, make_small, register_small

QUICK: dict[str, dict[str, Any]] = {
    "ppo": {"n_steps": 5, "batch_size": 20, "hidden": 8},
    "a2c": {"n_steps": 5, "hidden": 8},
    "dqn": {"learning_starts": 8, "batch_size": 8, "hidden": 8},
    "maskable_ppo": {"n_steps": 5, "batch_size": 20, "hidden": 8},
    "recurrent_ppo": {"n_steps": 5, "batch_size": 20, "hidden": 8, "lstm_hidden": 8},
    "sac": {"learning_starts": 8, "batch_size": 8, "hidden": 8},
}


def settings_of(agent: str, out: Path, **others: Any) -> Any:
    register_small()
    module = importlib.import_module(f"agents.{agent}")
    kind = own_settings(module)
    quick = {"n_envs": 4, "total_timesteps": 40, "n_curve_points": 2, "n_curve_students": 3, "n_students": 0}
    return module, kind(env_id=SMALL_ID, out=out, **quick | QUICK[agent] | others)


@pytest.mark.parametrize("agent", QUICK)
def test_every_agent_is_trained_saved_and_played(agent: str, tmp_path: Path) -> None:
    module, settings = settings_of(agent, tmp_path)
    model, curve = training.train(agent, settings, module.make_model)
    training.save(model, settings, curve, agent)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves.parquet", "model.zip", "settings.json"]
    assert json.loads((tmp_path / "settings.json").read_text())["agent"] == agent
    recommender = SB3Recommender.load(tmp_path / "model.zip")
    env = make_small(cohort_split="eval", **settings.env_options)
    observation, info = env.reset(seed=0)
    recommender.start(env, np.random.default_rng(0))
    for _ in range(3):
        observation, *_, info = env.step(recommender.recommend(observation, info))  # type: ignore[arg-type]
        assert info["asked"]


def test_dqn_chooses_concepts_as_well(tmp_path: Path) -> None:
    module, settings = settings_of("dqn", tmp_path, action="concept")
    model, _ = training.train("dqn", settings, module.make_model)
    assert model.action_space.n == 4
    with pytest.raises(SettingsError, match="action: expected one of candidates, concept for DQN, got 'question'"):
        settings_of("dqn", tmp_path, action="question")


def test_the_curve_has_a_row_a_point(tmp_path: Path) -> None:
    module, settings = settings_of("a2c", tmp_path, seed=3)
    model, curve = training.train("a2c", settings, module.make_model)
    training.save(model, settings, curve, "a2c")
    import polars as pl

    table = pl.read_parquet(tmp_path / "curves.parquet")
    assert table.columns == ["agent", "seed", "steps", "seconds", "gain"]
    assert table["steps"].to_list() == [0, 20, 40]
    assert set(table["agent"]) == {"a2c"}
    assert set(table["seed"]) == {3}
    assert table["seconds"].is_sorted()
    assert training.expected_gain(model, training.held_out(settings)) == pytest.approx(table["gain"][-1])


def test_a_curve_of_no_points(tmp_path: Path) -> None:
    module, settings = settings_of("a2c", tmp_path, n_curve_points=0)
    model, curve = training.train("a2c", settings, module.make_model)
    training.save(model, settings, curve, "a2c")
    assert curve == []
    assert not (tmp_path / "curves.parquet").exists()


def test_the_gain_is_that_of_the_first_episode() -> None:
    register_small()

    class First:
        """Asks the questions in their order; the fourth ends the episode of targets a, c and d."""

        def predict(self, observations: Any, state: Any, starts: Any, deterministic: bool) -> Any:
            step = np.where(starts, 0, 0 if state is None else state)
            return step, step + 1

    env = to_sb3(SMALL_ID, 3, reward="expected_gain", targets=["Adding"], max_episode_steps=2)
    # two of the concept's questions, each of which raises mastery from .2 by .02
    gain = training.expected_gain(First(), env)  # type: ignore[arg-type]
    assert gain == pytest.approx(2 * 0.02 / 0.8, rel=0.3)


@pytest.mark.parametrize("agent", QUICK)
def test_every_setting_is_an_option_with_an_explanation(agent: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, made = settings_of(agent, Path("out"))
    with pytest.raises(SystemExit, match="0"):
        read_settings(type(made), agent, ["--help"])
    page = capsys.readouterr().out
    assert all(f"--{setting.name.replace('_', '-')} " in page for setting in fields(made))
    assert read_settings(type(made), agent, ["--n-envs", "8"]).n_envs == 8
    with pytest.raises(FrozenInstanceError):
        made.seed = 1


def test_the_student_model_to_train_on_is_an_option() -> None:
    assert "student_model" not in TrainingSettings().env_options
    assert TrainingSettings(student_model="bkt").env_options["student_model"] == "bkt"
    robust = TrainingSettings(student_model="ldsim,bkt", member="random", observer="ldsim").env_options
    assert robust["student_model"] == ["ldsim", "bkt"]
    assert (robust["member"], robust["observer"]) == ("random", "ldsim")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_envs": 0}, "n_envs: expected at least 1, got 0"),
        ({"n_students": -1}, "n_students: expected at least 0, got -1"),
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        TrainingSettings(**wrong)
