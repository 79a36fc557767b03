"""How the distillation asks for choices: batches of prompts, and what the answers are checked for before their use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import TeacherError
from ldsim_env.teacher.protocol import Prompt, Teacher

Ask: TypeAlias = Callable[[Teacher, Sequence[Prompt], Sequence[str]], NDArray[np.float64]]
"""Asks a teacher and gives what `Teacher.score` gives; a caller can show progress in it."""

_LARGEST = 15.0  # log-odds beyond this are rounding errors of a probability of 0 or 1


class PromptBatch(NamedTuple):
    """Prompts of one template, to be scored together."""

    template: str  # its label
    prompts: tuple[Prompt, ...]
    choices: tuple[str, ...]


def ask_directly(teacher: Teacher, prompts: Sequence[Prompt], choices: Sequence[str]) -> NDArray[np.float64]:
    """Ask without showing anything."""
    return teacher.score(prompts, choices)


def ask_batch(teacher: Teacher, batch: PromptBatch, ask: Ask) -> NDArray[np.float64]:
    """``(n, m)`` log-probabilities of a batch's choices; a row of NaN is an abstention. Nothing is asked for n = 0.

    Raises:
        TeacherError: If the shape is not as asked for.
    """
    if not batch.prompts:
        return np.empty((0, len(batch.choices)))
    scores = np.array(ask(teacher, batch.prompts, batch.choices), np.float64)
    expected = (len(batch.prompts), len(batch.choices))
    if scores.shape != expected:
        raise TeacherError(
            f"{teacher.model}: expected scores of shape {expected} for {batch.template}, got {scores.shape}. "
            "See Teacher.score for what a backend returns."
        )
    scores[np.isnan(scores).any(axis=1) | ~np.isfinite(scores).any(axis=1)] = np.nan
    return scores


def log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n,)``: how much likelier the first of two choices is, in logits from -15 to 15; NaN for abstentions."""
    odds: NDArray[np.float64] = np.clip(scores[:, 0] - scores[:, 1], -_LARGEST, _LARGEST)
    return odds


def share_of_nan(values: NDArray[np.float64]) -> float:
    """Share of abstentions; 0 where nothing was asked."""
    return float(np.isnan(values).mean()) if values.size else 0.0
