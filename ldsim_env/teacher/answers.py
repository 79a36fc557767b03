"""What a backend hands over: one answer at a time, so that each can be kept the moment it is there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError
from ldsim_env.teacher.protocol import Prompt, Teacher

FOREIGN_BATCH = 16


@dataclass(frozen=True)
class Answer:
    """What came back for one prompt.

    Args:
        log_probs: Log-probabilities of the choices, normalised over them; None where choices were not asked for or the
            answer is unusable.
        text: The text; None where choices were asked for or the answer is unusable.
        failed: The teacher could not be asked (no connection, no answer in time): asking again may help. An unusable
            answer that is not ``failed`` came back and was off-topic; asking again gives the same.
    """

    log_probs: tuple[float, ...] | None = None
    text: str | None = None
    failed: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether there is an answer; without one the prompt is an abstention."""
        return self.log_probs is not None or self.text is not None


FAILED = Answer(failed=True)
OFF_TOPIC = Answer()


class AnsweringTeacher(ABC):
    """A teacher whose answers come one by one; `score` and `complete` collect them."""

    @property
    @abstractmethod
    def model(self) -> str:
        """Name of the model, for the cache key and for provenance."""

    @abstractmethod
    def answers(self, prompts: Sequence[Prompt], choices: Sequence[str] | None) -> Iterator[tuple[int, Answer]]:
        """Ask, and yield each prompt's place and answer as soon as it is there, in any order.

        Args:
            prompts: The prompts.
            choices: The short answers to score, or None for a text.
        """

    def score(self, prompts: Sequence[Prompt], choices: Sequence[str]) -> NDArray[np.float64]:
        """Log-probabilities of the choices, see `Teacher.score`."""
        return collect_scores(self.answers(prompts, checked_choices(choices)), len(prompts), len(choices))

    def complete(self, prompts: Sequence[Prompt]) -> list[str | None]:
        """The teacher's texts, see `Teacher.complete`."""
        return collect_texts(self.answers(prompts, None), len(prompts))


def stream(teacher: Teacher, prompts: Sequence[Prompt], choices: Sequence[str] | None) -> Iterator[tuple[int, Answer]]:
    """The answers of any teacher as they come: one by one where it can, else in small batches."""
    if isinstance(teacher, AnsweringTeacher):
        yield from teacher.answers(prompts, choices)
        return
    for start in range(0, len(prompts), FOREIGN_BATCH):
        batch = prompts[start : start + FOREIGN_BATCH]
        yield from enumerate(_ask_batch(teacher, batch, choices), start)


def _ask_batch(teacher: Teacher, batch: Sequence[Prompt], choices: Sequence[str] | None) -> list[Answer]:
    """Such a teacher doesn't say why it abstained, so its abstentions are taken for failures."""
    if choices is None:
        return [FAILED if text is None else Answer(text=text) for text in teacher.complete(batch)]
    scores = teacher.score(batch, choices)
    return [FAILED if np.isnan(row).any() else Answer(log_probs=tuple(row.tolist())) for row in scores]


def collect_scores(answers: Iterator[tuple[int, Answer]], n: int, n_choices: int) -> NDArray[np.float64]:
    """``(n, n_choices)``: the log-probabilities in the prompts' order, NaN for abstentions."""
    scores = np.full((n, n_choices), np.nan)
    for i, answer in answers:
        if answer.log_probs is not None:
            scores[i] = answer.log_probs
    return scores


def collect_texts(answers: Iterator[tuple[int, Answer]], n: int) -> list[str | None]:
    """The texts in the prompts' order, None for abstentions."""
    texts: list[str | None] = [None] * n
    for i, answer in answers:
        texts[i] = answer.text
    return texts


def checked_choices(choices: Sequence[str]) -> tuple[str, ...]:
    """The choices, if they can be told apart.

    Raises:
        SettingsError: If there are fewer than two, or two that differ in case and blanks only, or an empty one.
    """
    plain = [choice.strip().casefold() for choice in choices]
    if isinstance(choices, str) or len(set(plain)) < max(2, len(plain)) or "" in plain:
        raise SettingsError(f"choices: expected at least two different short answers, got {choices!r}.")
    return tuple(choices)


def normalised(log_probs: NDArray[np.float64], least_mass: float) -> Answer:
    """Answer from the log-probabilities that the model gave the choices among all it might have said.

    Args:
        log_probs: ``(m,)``, their exponentials sum to at most 1.
        least_mass: With less than this probability on all choices together the model wants to say something else.
    """
    total = float(np.logaddexp.reduce(log_probs))
    if not np.isfinite(total) or np.exp(total) < least_mass:
        return OFF_TOPIC
    return Answer(log_probs=tuple(np.minimum(log_probs - total, 0.0).tolist()))
