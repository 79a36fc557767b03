"""Scoring choices of several tokens: which token rows a model must read, and how their probabilities add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError

Tokens = tuple[int, ...]


@dataclass(frozen=True)
class ChoiceTokens:
    """The token ids of each choice.

    Where one choice begins another ("1" and "10", written in digits), the shorter one counts only as far as the model
    does not go on to the longer one.

    Args:
        choices: Token ids of each choice, none empty and no two equal.
    """

    choices: tuple[Tokens, ...]

    def __post_init__(self) -> None:
        if () in self.choices or len(set(self.choices)) < len(self.choices):
            raise SettingsError("choices: the model's tokenizer can't tell some of them apart; use other words.")

    @cached_property
    def leads(self) -> tuple[Tokens, ...]:
        """What has to follow the prompt, row by row, so that every token of every choice gets a probability."""
        leads = {choice[:-1] for choice in self.choices}
        return tuple(sorted(lead for lead in leads if not any(_begins(lead, other) for other in leads)))

    def row_of(self, before: Tokens) -> int:
        """The first row that begins with ``before``."""
        return next(i for i, lead in enumerate(self.leads) if lead[: len(before)] == before)

    def log_probs(self, log_prob: Callable[[Tokens, int], float]) -> NDArray[np.float64]:
        """``(m,)``: the log-probability of each choice.

        Args:
            log_prob: Gives log P(token | prompt and the tokens before it), called as ``log_prob(before, token)``.
        """
        return np.array([self._log_prob(choice, log_prob) for choice in self.choices])

    def _log_prob(self, choice: Tokens, log_prob: Callable[[Tokens, int], float]) -> float:
        total = sum(log_prob(choice[:i], token) for i, token in enumerate(choice))
        goes_on = sum(np.exp(log_prob(choice, token)) for token in self._next_tokens(choice))
        return float(total + np.log1p(-min(goes_on, 1 - 1e-9)))

    def _next_tokens(self, choice: Tokens) -> set[int]:
        """First tokens by which other choices go on from this one."""
        return {other[len(choice)] for other in self.choices if _begins(choice, other)}


def _begins(tokens: Sequence[int], other: Sequence[int]) -> bool:
    return len(tokens) < len(other) and tuple(other[: len(tokens)]) == tuple(tokens)
