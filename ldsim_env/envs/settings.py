"""The rules of a session that a user may choose, checked at construction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ldsim_env.envs.rewards import reward_weights
from ldsim_env.errors import SettingsError, unknown_name

RESPONSE_RULES = ("bernoulli", "deterministic")
MASKED_ACTION_RULES = ("skip", "error")


@dataclass(frozen=True)
class EnvSettings:
    """Session rules; the single and the batched form of the environment share them.

    Args:
        reward: Name of a reward term (`ldsim_env.envs.rewards.TERMS`), or weights by name for a weighted sum.
        response: ``"bernoulli"`` draws the response from P(right); ``"deterministic"`` is right where P(right) > 0.5.
        allow_repeats: Whether a question may be asked twice in an episode.
        masked_action: What an action does that the mask forbids: ``"skip"`` lets the step pass without a question,
            ``"error"`` raises.
        n_targets: Number of target concepts drawn for an episode, at least 1.
        min_questions: Questions a concept must have in the bank to be drawn as a target, at least 1.
        mastery_threshold: Mastery in (0, 1] from which on a target counts as mastered.
        min_gap: Least denominator of the learning gain, in (0, 1]: the gain is measured against
            ``max(1 - exam score at the start, min_gap)``, so that a student who starts near 1 doesn't blow it up.

    Raises:
        SettingsError: If a value is of the wrong type or out of range.
    """

    reward: str | Mapping[str, float] = "step_gain"
    response: str = "bernoulli"
    allow_repeats: bool = False
    masked_action: str = "skip"
    n_targets: int = 3
    min_questions: int = 10
    mastery_threshold: float = 0.95
    min_gap: float = 0.05
    weights: dict[str, float] = field(init=False, repr=False, compare=False)
    """Weight of each reward term that the reward consists of."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", reward_weights(self.reward))
        _check_choice("response", self.response, RESPONSE_RULES)
        _check_choice("masked_action", self.masked_action, MASKED_ACTION_RULES)
        _check_flag("allow_repeats", self.allow_repeats)
        _check_count("n_targets", self.n_targets)
        _check_count("min_questions", self.min_questions)
        _check_share("mastery_threshold", self.mastery_threshold)
        _check_share("min_gap", self.min_gap)


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str):
        raise SettingsError(f"{name}: expected one of {', '.join(map(repr, choices))}, got {value!r}.")
    if value not in choices:
        raise SettingsError(f"{name}: {unknown_name('value', value, choices)}")


def _check_flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise SettingsError(f"{name}: expected True or False, got {value!r}.")


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SettingsError(f"{name}: expected a whole number of at least 1, got {value!r}.")


def _check_share(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 < value <= 1:
        raise SettingsError(f"{name}: expected a number above 0 and up to 1, got {value!r}.")
