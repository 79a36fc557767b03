"""The paired comparison: every policy teaches the same students, with the same targets and response noise."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import gymnasium
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ldsim_env.compare.episodes import Episode, run_episode
from ldsim_env.compare.results import OUTCOMES, Comparison, outcomes_of
from ldsim_env.compare.settings import CompareSettings
from ldsim_env.errors import SettingsError
from ldsim_env.recommenders import Env, Recommender, uses_simulator


def run_paired(
    recommenders: Sequence[Recommender], settings: CompareSettings, console: Console | None = None
) -> Comparison:
    """Let every policy teach every student under every seed.

    Args:
        recommenders: The policies; names must differ.
        settings: What to compare on.
        console: Where to show progress and the time left; None shows nothing.

    Raises:
        SettingsError: If two policies share a name, the environment can't be made, or its ``reset`` gives two policies
            different students or targets for the same seed, so that they are not paired.
    """
    _check_names(recommenders)
    with closing(_make_env(settings)) as env:
        _check_cohort(env, settings)
        outcomes = _run(env, recommenders, settings, console)
    names = tuple(recommender.name for recommender in recommenders)
    return Comparison(settings, names, tuple(uses_simulator(recommender) for recommender in recommenders), **outcomes)


def _run(
    env: Env, recommenders: Sequence[Recommender], settings: CompareSettings, console: Console | None
) -> dict[str, NDArray[np.float64]]:
    """Each outcome by name, ``(n_policies, n_seeds, n_students)``."""
    shape = (len(OUTCOMES), len(recommenders), len(settings.seeds), settings.n_students)
    outcomes = np.empty(shape)
    with _progress(console, math.prod(shape[1:])) as progress:
        for row, seed in enumerate(settings.seeds):
            for student in range(settings.n_students):
                episodes = _teach(env, recommenders, seed, student, progress)
                _check_paired(episodes)
                outcomes[:, :, row, student] = np.transpose([outcomes_of(episode) for episode in episodes])
    return dict(zip(OUTCOMES, outcomes, strict=True))


def _teach(env: Env, recommenders: Sequence[Recommender], seed: int, student: int, progress: Progress) -> list[Episode]:
    """One student with all policies in turn: the time left is then a fair guess, though some policies are slow."""
    episodes = []
    for recommender in recommenders:
        episodes.append(run_episode(env, recommender, seed, student))
        progress.advance(progress.task_ids[0])
    return episodes


def _check_names(recommenders: Sequence[Recommender]) -> None:
    if not recommenders:
        raise SettingsError("policies: expected at least one, got none.")
    twice = sorted(name for name, count in Counter(r.name for r in recommenders).items() if count > 1)
    if twice:
        raise SettingsError(f"policies: expected different names, these come twice: {', '.join(twice)}. Rename one.")


def _make_env(settings: CompareSettings) -> Env:
    try:
        # The checker would look at every observation and mask of some ten thousand steps.
        return gymnasium.make(settings.env_id, disable_env_checker=True, **settings.env_kwargs)
    except (gymnasium.error.Error, TypeError) as error:
        raise SettingsError(
            f"env_id: can't make {settings.env_id!r} with {dict(settings.env_kwargs)}: {error}"
        ) from error


def _check_cohort(env: Env, settings: CompareSettings) -> None:
    available = env.get_wrapper_attr("n_students") if env.has_wrapper_attr("n_students") else settings.n_students
    if settings.n_students > available:
        raise SettingsError(
            f"n_students: expected at most {available}, the students of {settings.env_id} with "
            f"{dict(settings.env_kwargs)}, got {settings.n_students}. Ask for fewer, or for more seeds."
        )


def _check_paired(episodes: Sequence[Episode]) -> None:
    first = episodes[0]
    for episode in episodes[1:]:
        if episode.exam_start != first.exam_start or not np.array_equal(episode.targets, first.targets):
            raise SettingsError(
                f"env: reset gave {first.policy} and {episode.policy} different students or targets for seed "
                f"{first.seed} and student {first.student}, so policies can't be compared in pairs. "
                "Draw everything in reset from self.np_random, after super().reset(seed=seed)."
            )


@contextmanager
def _progress(console: Console | None, n_episodes: int) -> Iterator[Progress]:
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
        console=console, disable=console is None,
    )  # fmt: skip
    progress.add_task("Episodes", total=n_episodes)
    with progress:
        yield progress
