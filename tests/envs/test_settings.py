import dataclasses

import pytest

from ldsim_env.envs import EnvSettings
from ldsim_env.errors import SettingsError


def test_defaults_are_allowed() -> None:
    assert EnvSettings().weights == {"step_gain": 1.0}


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        EnvSettings().n_targets = 4  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("response", "bernouli", r"response: unknown value 'bernouli'. Did you mean 'bernoulli'\?"),
        ("action", "questions", r"action: unknown value 'questions'. Did you mean 'question'\?"),
        ("action", None, "action: expected one of 'question', 'concept', 'candidates', 'embedding', got None"),
        ("observation", "latnet", r"observation: unknown value 'latnet'. Did you mean 'latent'\?"),
        ("wished_success", 0, "wished_success: expected a number above 0 and up to 1, got 0"),
        ("n_candidates", 0, "n_candidates: expected a whole number of at least 1, got 0"),
        ("history_length", -3, "history_length: expected a whole number of at least 1, got -3"),
        ("retention_steps", 1.5, "retention_steps: expected a whole number of at least 1, got 1.5"),
        ("full_info", 1, "full_info: expected True or False, got 1"),
        ("response", 1, "response: expected one of 'bernoulli', 'deterministic', got 1"),
        ("masked_action", "raise", "masked_action: unknown value 'raise'"),
        ("allow_repeats", "no", "allow_repeats: expected True or False, got 'no'"),
        ("n_targets", 0, "n_targets: expected a whole number of at least 1, got 0"),
        ("n_targets", 2.0, "n_targets: expected a whole number"),
        ("n_targets", True, "n_targets: expected a whole number"),
        ("min_questions", -1, "min_questions: expected a whole number of at least 1, got -1"),
        ("mastery_threshold", 0.0, "mastery_threshold: expected a number above 0 and up to 1, got 0.0"),
        ("mastery_threshold", 1.01, "mastery_threshold: expected a number above 0 and up to 1, got 1.01"),
        ("mastery_threshold", float("nan"), "mastery_threshold: expected a number"),
        ("min_gap", "0.1", "min_gap: expected a number above 0 and up to 1, got '0.1'"),
        ("reward", "step_gian", r"reward: unknown reward term 'step_gian'. Did you mean 'step_gain'\?"),
        ("reward", {}, "reward: expected the name of a term or weights by name"),
        ("reward", None, "reward: expected the name of a term or weights by name, got None"),
        ("reward", {"zpd": float("inf")}, "the weight of 'zpd' must be a finite number, got inf"),
    ],
)
def test_wrong_values_are_named(name: str, value: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        EnvSettings(**{name: value})  # type: ignore[arg-type]


def test_all_wrong_reward_terms_are_named_together() -> None:
    with pytest.raises(SettingsError, match=r"'zdp'.*'succes'.*weight of 'coverage'"):
        EnvSettings(reward={"zdp": 1, "succes": 1, "coverage": "much"})  # type: ignore[dict-item]


@pytest.mark.parametrize("boundary", [1, 1.0])
def test_a_threshold_of_one_is_allowed(boundary: float) -> None:
    assert EnvSettings(mastery_threshold=boundary).mastery_threshold == 1
