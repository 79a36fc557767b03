"""Settings are checked when they are made; an unknown key names the nearest one."""

from dataclasses import asdict
from typing import Any

import pytest

from ldsim_env.errors import SettingsError
from ldsim_env.simulator import NetworkSettings, TrainingSettings
from ldsim_env.simulator.settings import settings_from


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("n_factors", 0, "at least 1, got 0"),
        ("concept_size", 0, "at least 1, got 0"),
        ("gain_size", -3, "at least 1, got -3"),
        ("past_size", -1, "at least 0, got -1"),
        ("memory", 0, "at least 1, got 0"),
        ("max_discrimination", 0.5, "at least 1, got 0.5"),
        ("max_discrimination", float("nan"), "at least 1, got nan"),
    ],
)
def test_network_sizes_out_of_range(name: str, value: Any, expected: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: expected {expected}"):
        NetworkSettings(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("epochs", 0, "at least 1, got 0"),
        ("patience", 0, "at least 1, got 0"),
        ("batch_size", 0, "at least 1, got 0"),
        ("window", 2, "at least 3, got 2"),
        ("seed", -1, "at least 0, got -1"),
        ("weight_decay", -0.1, "at least 0, got -0.1"),
        ("question_penalty", -1.0, "at least 0, got -1.0"),
        ("learning_rate", 0.0, "above 0, got 0.0"),
        ("gradient_clip", float("nan"), "above 0, got nan"),
        ("rollout_share", 1.5, "from 0 to 1, got 1.5"),
        ("averaging", -0.1, "from 0 to 1, got -0.1"),
        ("stopping_share", 2, "from 0 to 1, got 2"),
    ],
)
def test_training_settings_out_of_range(name: str, value: Any, expected: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: expected .*{expected}"):
        TrainingSettings(**{name: value})


@pytest.mark.parametrize("value", [2.5, "8", None, True])
def test_counts_are_whole_numbers(value: Any) -> None:
    with pytest.raises(SettingsError, match="memory: expected a whole number, got"):
        NetworkSettings(memory=value)
    with pytest.raises(SettingsError, match="epochs: expected a whole number, got"):
        TrainingSettings(epochs=value)


def test_questions_differ() -> None:
    with pytest.raises(SettingsError, match="question_spread: expected a number above 0, got 0"):
        TrainingSettings(question_spread=0.0)


@pytest.mark.parametrize("settings", [NetworkSettings(memory=7), TrainingSettings(seed=3)])
def test_settings_from_their_own_values(settings: Any) -> None:
    assert settings_from(type(settings), asdict(settings)) == settings


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"unknown key of NetworkSettings 'n_factor'\. Did you mean 'n_factors'\?"):
        settings_from(NetworkSettings, {"n_factor": 3})


def test_settings_can_not_be_changed() -> None:
    with pytest.raises(AttributeError):
        NetworkSettings().memory = 3  # type: ignore[misc]
