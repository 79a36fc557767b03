"""Asking many prompts with a progress bar; an `Ask` for the distillation commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ldsim_env.teacher.answers import Answer, checked_choices, collect_scores, collect_texts, stream
from ldsim_env.teacher.protocol import Prompt, Teacher

SECONDS_THAT_TELL_THE_SPEED = 300.0  # answers come in batches, and the cache's all at once


def ask(
    teacher: Teacher,
    prompts: Sequence[Prompt],
    choices: Sequence[str],
    progress: bool = True,
    *,
    what: str = "Asking",
    console: Console | None = None,
) -> NDArray[np.float64]:
    """Score choices, as `Teacher.score`, and show how far it is.

    Args:
        teacher: The teacher; give a `CachedTeacher` where the answers cost anything.
        prompts: n prompts.
        choices: m short answers.
        progress: Whether to show a bar, with the time left and the number of abstentions.
        what: The words before the bar.
        console: Where the bar is shown; standard error by default.

    Returns:
        ``(n, m)`` float64 log-probabilities, a row of NaN for an abstention.
    """
    coming = stream(teacher, prompts, checked_choices(choices))
    return collect_scores(_shown(coming, len(prompts), progress, what, console), len(prompts), len(choices))


def ask_texts(
    teacher: Teacher,
    prompts: Sequence[Prompt],
    progress: bool = True,
    *,
    what: str = "Asking",
    console: Console | None = None,
) -> list[str | None]:
    """Ask for texts, as `Teacher.complete`, and show how far it is; the arguments are those of `ask`."""
    return collect_texts(_shown(stream(teacher, prompts, None), len(prompts), progress, what, console), len(prompts))


def _shown(
    answers: Iterator[tuple[int, Answer]], total: int, progress: bool, what: str, console: Console | None
) -> Iterator[tuple[int, Answer]]:
    if not progress or not total:
        yield from answers
        return
    abstentions = 0
    with _bar(console or Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total, abstentions=0)
        for i, answer in answers:
            abstentions += not answer.is_usable
            bar.update(task, advance=1, abstentions=abstentions)
            yield i, answer


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[abstentions]} abstentions"),
        console=console,
        speed_estimate_period=SECONDS_THAT_TELL_THE_SPEED,
    )
