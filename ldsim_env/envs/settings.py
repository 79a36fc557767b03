"""The rules of a session that a user may choose, checked at construction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ldsim_env.envs.rewards import reward_weights, terms_offered
from ldsim_env.errors import SettingsError, unknown_name

ACTIONS = ("question", "concept", "candidates", "embedding")
OBSERVATIONS = ("flat", "dict", "history", "latent")
RESPONSE_RULES = ("bernoulli", "deterministic")
MASKED_ACTION_RULES = ("skip", "error")


@dataclass(frozen=True)
class EnvSettings:
    """Session rules; the single and the batched form of the environment share them.

    Args:
        action: What an action is: ``"question"``, ``"concept"``, ``"candidates"`` or ``"embedding"``; see
            `ldsim_env.envs.actions`.
        observation: What is observed: ``"flat"``, ``"dict"``, ``"history"`` or ``"latent"``; see
            `ldsim_env.envs.observations`.
        reward: Name of a reward term (`ldsim_env.envs.rewards.TERMS`), or weights by name for a weighted sum.
        response: ``"bernoulli"`` draws the response from P(right); ``"deterministic"`` is right where P(right) > 0.5.
        allow_repeats: Whether a question may be asked twice in an episode.
        masked_action: What an action does that the mask forbids: ``"skip"`` lets the step pass without a question,
            ``"error"`` raises.
        n_targets: Number of target concepts chosen for an episode, at least 1.
        min_questions: Questions a concept must have in the bank to be chosen as a target, at least 1.
        mastery_threshold: Mastery in (0, 1] from which on a target counts as mastered.
        min_gap: Least denominator of the learning gain, in (0, 1]: the gain is measured against
            ``max(1 - exam score at the start, min_gap)``, so that a student who starts near 1 doesn't blow it up.
        wished_success: P(right) in (0, 1] that the question of an action ``"concept"`` should come nearest to.
        n_candidates: Questions proposed at each step for the action ``"candidates"``, at least 1.
        history_length: Interactions in the observation ``"history"``, at least 1.
        retention_steps: Questions on other concepts before the exam of the reward term ``retention``, at least 1.
        pessimism: How much of the members' disagreement the reward term ``pessimistic_gain`` takes off, at least 0.
        full_info: Whether infos have the reward terms that cost as much as a step or more (`rewards.COSTLY`) where the
            reward doesn't consist of them. They are worked out when they are read; False is for those who read infos
            as a whole.
        compiled: Whether the student model steps as machine code; see `ldsim_env.simulator.compiled_step`.

    Raises:
        SettingsError: If a value is of the wrong type or out of range.
    """

    action: str = "question"
    observation: str = "flat"
    reward: str | Mapping[str, float] = "step_gain"
    response: str = "bernoulli"
    allow_repeats: bool = False
    masked_action: str = "skip"
    n_targets: int = 3
    min_questions: int = 10
    mastery_threshold: float = 0.95
    min_gap: float = 0.05
    wished_success: float = 0.6
    n_candidates: int = 32
    history_length: int = 20
    retention_steps: int = 10
    pessimism: float = 1.0
    full_info: bool = True
    compiled: bool = False
    weights: dict[str, float] = field(init=False, repr=False, compare=False)
    """Weight of each reward term that the reward consists of."""
    terms: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The reward terms in infos."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", reward_weights(self.reward))
        for name in ("allow_repeats", "full_info", "compiled"):
            _check_flag(name, getattr(self, name))
        for name, choices in _CHOICES.items():
            check_choice(name, getattr(self, name), choices)
        for name in ("n_targets", "min_questions", "n_candidates", "history_length", "retention_steps"):
            check_count(name, getattr(self, name))
        for name in ("mastery_threshold", "min_gap", "wished_success"):
            _check_share(name, getattr(self, name))
        _check_not_negative("pessimism", self.pessimism)
        object.__setattr__(self, "terms", terms_offered(self.weights, self.full_info))


_CHOICES = {
    "action": ACTIONS,
    "observation": OBSERVATIONS,
    "response": RESPONSE_RULES,
    "masked_action": MASKED_ACTION_RULES,
}


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Refuse a setting that isn't one of its choices.

    Raises:
        SettingsError: Names the nearest choice.
    """
    if not isinstance(value, str):
        raise SettingsError(f"{name}: expected one of {', '.join(map(repr, choices))}, got {value!r}.")
    if value not in choices:
        raise SettingsError(f"{name}: {unknown_name('value', value, choices)}")


def _check_flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise SettingsError(f"{name}: expected True or False, got {value!r}.")


def check_count(name: str, value: Any) -> None:
    """Refuse a setting that is no whole number of at least 1.

    Raises:
        SettingsError: If it isn't.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SettingsError(f"{name}: expected a whole number of at least 1, got {value!r}.")


def _check_not_negative(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise SettingsError(f"{name}: expected a finite number of at least 0, got {value!r}.")


def _check_share(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 < value <= 1:
        raise SettingsError(f"{name}: expected a number above 0 and up to 1, got {value!r}.")
