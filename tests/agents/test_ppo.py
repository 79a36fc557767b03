from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("sb3_contrib")

from agents.ppo import PPOSettings, main, policy_arguments, read_settings, save, train
from ldsim_env.compare import CompareSettings, compare, summarise
from ldsim_env.envs import to_sb3
from ldsim_env.errors import SettingsError
from ldsim_env.recommenders import SB3Recommender, load_recommender
from tests.envs.fake_student import SMALL_ID, register_small

SMALL = {"env_id": SMALL_ID, "n_envs": 8, "n_steps": 30, "batch_size": 120, "hidden": 16}


def small_settings(**changes: object) -> PPOSettings:
    register_small()
    return PPOSettings(**{**SMALL, **changes})  # type: ignore[arg-type]


def test_ppo_learns_to_practise_the_targets() -> None:
    # on the fake student practice of a target is all that pays: 10 of 12 questions of 4 concepts, 3 targets of them
    settings = small_settings(total_timesteps=7_200, seed=1)
    learned = SB3Recommender(train(settings), "ppo")
    within = CompareSettings(env_id=SMALL_ID, env_kwargs={"max_episode_steps": 6}, n_students=16, reference="random")
    ppo = {summary.policy: summary for summary in summarise(compare(["random", learned], within))}["ppo"]
    assert ppo.difference > 0
    assert ppo.difference_interval.excludes(0)


def test_the_same_seed_gives_the_same_recommender() -> None:
    first, again, other = (
        train(small_settings(total_timesteps=240, seed=seed)).policy.state_dict() for seed in (3, 3, 4)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_a_saved_recommender_acts_alike_and_is_legal(tmp_path: Path) -> None:
    settings = small_settings(total_timesteps=240)
    model = train(settings)
    save(model, tmp_path / "model.zip")
    loaded = load_recommender(str(tmp_path / "model.zip"))
    within = CompareSettings(env_id=SMALL_ID, env_kwargs={}, n_students=4, reference="ppo")
    comparison = compare([SB3Recommender(model, "ppo"), loaded], within)
    np.testing.assert_array_equal(comparison.gains_of("ppo"), comparison.gains_of(loaded.name))


def test_the_policy_knows_the_bank(tmp_path: Path) -> None:
    settings = small_settings()
    known = policy_arguments(settings, to_sb3(SMALL_ID, 2))
    assert known["n_concepts"] == 4
    assert known["question_concepts"].shape[0] == 12


def test_the_command_line_trains_saves_and_examines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    register_small()
    options = {**SMALL, "total_timesteps": 240, "n_students": 0, "out": tmp_path / "ppo"}
    main([part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))])
    assert {path.name for path in (tmp_path / "ppo").iterdir()} == {"model.zip", "settings.json"}
    assert "Saved" in capsys.readouterr().out


def test_settings_come_from_the_command_line_and_are_checked() -> None:
    assert read_settings(["--seed", "7"]) == PPOSettings(seed=7)
    with pytest.raises(SettingsError, match=r"batch_size: expected a divisor of n_envs \* n_steps = 960, got 7"):
        PPOSettings(batch_size=7)
