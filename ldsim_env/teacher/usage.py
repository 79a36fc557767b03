"""What was used at an endpoint: requests, tokens and money."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from ldsim_env.errors import SettingsError


@dataclass(frozen=True)
class Prices:
    """Prices in any currency for a million tokens.

    Args:
        prompt: Of what is read.
        completion: Of what is written.
    """

    prompt: float = 0.0
    completion: float = 0.0

    def __post_init__(self) -> None:
        for name in ("prompt", "completion"):
            if not getattr(self, name) >= 0:
                raise SettingsError(f"prices: expected at least 0 for a million tokens, got {getattr(self, name)!r}.")

    def cost(self, prompt_tokens: float, completion_tokens: float) -> float:
        """Cost of some tokens."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6


@dataclass
class Usage:
    """A running count; threads may add to it at the same time.

    Args:
        prices: For the cost.
        requests: Requests that got any answer.
        prompt_tokens: Tokens read.
        completion_tokens: Tokens written.
        seconds: Time that these requests took, added up over threads.
    """

    prices: Prices = field(default_factory=Prices)
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def cost(self) -> float:
        """What the tokens cost, in the prices' currency."""
        return self.prices.cost(self.prompt_tokens, self.completion_tokens)

    def add_request(self, seconds: float) -> None:
        """Count a request."""
        with self._lock:
            self.requests += 1
            self.seconds += seconds

    def add_tokens(self, reported: Any, prompt_tokens: int, completion_tokens: int) -> None:
        """Count tokens: those that the endpoint reports, else the estimates."""
        counts = reported if isinstance(reported, dict) else {}
        with self._lock:
            self.prompt_tokens += int(counts.get("prompt_tokens") or prompt_tokens)
            self.completion_tokens += int(counts.get("completion_tokens") or completion_tokens)
