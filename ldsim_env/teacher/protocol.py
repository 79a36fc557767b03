"""What a teacher is: an LLM, or a record of one, that scores short answers to prompts or completes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Prompt:
    """One question to a teacher.

    Args:
        system: The system message; always given, since chat templates put in their own otherwise.
        user: The user message.
        examples: Earlier turns (user message, answer) shown before it.
        template: Name and version of the template it was made from, for example ``"connected/1"``; part of the cache
            key and of the provenance.
    """

    system: str
    user: str
    examples: tuple[tuple[str, str], ...] = ()
    template: str = ""


@runtime_checkable
class Teacher(Protocol):
    """A backend. Both methods keep the order of the prompts; a prompt without a usable answer is an abstention."""

    @property
    def model(self) -> str:
        """Name of the model, for the cache key and for provenance."""
        ...

    def score(self, prompts: Sequence[Prompt], choices: Sequence[str]) -> NDArray[np.float64]:
        """Log-probabilities of the choices, normalised over them.

        Args:
            prompts: n prompts.
            choices: m short answers, for example ``("Yes", "No")``.

        Returns:
            ``(n, m)`` float64 <= 0; a row of NaN where the teacher gave no usable answer.
        """
        ...

    def complete(self, prompts: Sequence[Prompt]) -> list[str | None]:
        """The teacher's text for each prompt; None where it gave none."""
        ...
