"""A dry run: how many prompts, tokens, minutes and how much money, stated before the first call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import add
from typing import Protocol, runtime_checkable

from ldsim_env.teacher.asking import PromptBatch
from ldsim_env.teacher.cache import CachedTeacher
from ldsim_env.teacher.chat import estimated_tokens
from ldsim_env.teacher.protocol import Prompt, Teacher
from ldsim_env.teacher.replay import ReplayTeacher


@runtime_checkable
class Estimating(Protocol):
    """A teacher that can say beforehand what prompts take."""

    def count_tokens(self, prompts: Sequence[Prompt]) -> int:
        """Tokens to read."""
        ...

    def seconds_for(self, prompts: Sequence[Prompt]) -> float:
        """Seconds that scoring takes; a local model measures it on a few prompts."""
        ...

    def cost_for(self, prompts: Sequence[Prompt], choices: Sequence[str] | None) -> float:
        """Cost in the currency of the prices."""
        ...


@dataclass(frozen=True)
class Budget:
    """What a run takes. Budgets of several questions add up.

    Args:
        prompts: All prompts; equal ones count once where the answers are kept.
        to_ask: Those that the cache doesn't answer.
        tokens: Tokens to read for them.
        seconds: About how long that takes; None where it is not known.
        cost: About what it costs, in the currency of the prices.
    """

    prompts: int = 0
    to_ask: int = 0
    tokens: int = 0
    seconds: float | None = 0.0
    cost: float = 0.0

    def __add__(self, other: Budget) -> Budget:
        known = self.seconds is not None and other.seconds is not None
        return Budget(
            prompts=self.prompts + other.prompts,
            to_ask=self.to_ask + other.to_ask,
            tokens=self.tokens + other.tokens,
            seconds=(self.seconds or 0) + (other.seconds or 0) if known else None,
            cost=self.cost + other.cost,
        )

    def __str__(self) -> str:
        time = "unknown time" if self.seconds is None else f"about {timedelta(seconds=round(self.seconds))} h"
        cost = f"cost {self.cost:.2f}" if self.cost else "no cost"
        in_cache = self.prompts - self.to_ask
        return (
            f"{self.prompts:,} prompts: {in_cache:,} answered already, {self.to_ask:,} to ask, "
            f"{self.tokens:,} tokens, {time}, {cost}"
        )


def budget_of_batches(teacher: Teacher, batches: Iterable[PromptBatch]) -> Budget:
    """Estimate a run of several batches, such as `relation_batches` and `reference_batches` list.

    A prompt that stands in two batches of one template is asked once by a teacher whose answers are kept.
    """
    joined: dict[tuple[str, tuple[str, ...]], list[Prompt]] = {}
    for batch in batches:
        joined.setdefault((batch.template, batch.choices), []).extend(batch.prompts)
    budgets = (budget_for(teacher, prompts, choices) for (_, choices), prompts in joined.items())
    return reduce(add, budgets, Budget())


def budget_for(teacher: Teacher, prompts: Sequence[Prompt], choices: Sequence[str] | None) -> Budget:
    """Estimate a run without paying for anything.

    Args:
        teacher: The teacher. One that is no `Estimating` has its tokens estimated at four characters each.
        prompts: The prompts.
        choices: The choices to score, or None for texts.
    """
    if isinstance(teacher, CachedTeacher | ReplayTeacher):
        prompts = list(dict.fromkeys(prompts))
    to_ask, asked = list(prompts), teacher
    if isinstance(teacher, CachedTeacher):
        to_ask, asked = teacher.missing(prompts, choices), teacher.teacher
    if not to_ask or isinstance(teacher, ReplayTeacher):  # a replay asks nobody
        return Budget(prompts=len(prompts))
    if not isinstance(asked, Estimating):
        return Budget(len(prompts), len(to_ask), sum(map(estimated_tokens, to_ask)), seconds=None)
    return Budget(
        prompts=len(prompts),
        to_ask=len(to_ask),
        tokens=asked.count_tokens(to_ask),
        seconds=asked.seconds_for(to_ask),
        cost=asked.cost_for(to_ask, choices),
    )
