"""One cell of a comparison: a policy teaches all students of one student model under one seed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import gymnasium

from ldsim_env.compare.batched import may_be_batched, run_batched
from ldsim_env.compare.episodes import Episode, run_episode
from ldsim_env.compare.result_tables import episode_table, step_table, write_table
from ldsim_env.compare.settings import OWN_MODEL, CompareSettings
from ldsim_env.compare.student_view import NeedsOwnEnvError
from ldsim_env.envs.vector_env import LDSimVectorEnv
from ldsim_env.errors import ExploitableWarning, SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.recommenders import Env, Recommender

EPISODES_ENDING = ".episodes.parquet"
COMPAT = "compat"
"""The argument of the environment for published protocols, which have no batched form."""
STEPS_ENDING = ".steps.parquet"


@dataclass(frozen=True)
class Cell:
    """What is taught together.

    Args:
        policy: Name of the policy.
        student_model: Name of the student model.
        seed: Seed of the targets and of the response noise.
        observer: Name of the student model that the policy sees through; None is the student model itself.
        modes: What an action is and what is observed where the policy was trained so: arguments of the environment.
    """

    policy: str
    student_model: str
    seed: int
    observer: str | None = None
    modes: tuple[tuple[str, str], ...] = ()

    def path(self, folder: Path, ending: str) -> Path:
        """Its file in a folder; names may have any characters."""
        return folder / f"{quote(self.policy, safe='')}@{quote(self.student_model, safe='')}@{self.seed}{ending}"

    def is_done(self, folder: Path) -> bool:
        """Whether its results are there: the table of episodes is written last."""
        return self.path(folder, EPISODES_ENDING).is_file()


class Place(NamedTuple):
    """Where a student model answers, by which observer it is seen, and in which modes the environment is."""

    student_model: str
    observer: str | None
    modes: tuple[tuple[str, str], ...] = ()


class CellRunner:
    """Runs cells and keeps the environments it made for the next one.

    Args:
        settings: Of the comparison.
    """

    def __init__(self, settings: CompareSettings):
        self._settings = settings
        self._single: dict[Place, Env] = {}
        self._batched: dict[Place, LDSimVectorEnv | None] = {}

    def run(self, cell: Cell, recommender: Recommender, folder: Path) -> None:
        """Teach, and write what happened into two files, whole or not at all.

        Raises:
            SettingsError: If the environment can't be made or lacks what is to be written down.
        """
        place = Place(cell.student_model, cell.observer, cell.modes)
        episodes = [replace(one, policy=cell.policy) for one in self._teach(place, recommender, cell.seed)]
        env = self.single(place)
        bank = env.get_wrapper_attr("bank")
        recorded = episodes[: self._settings.n_recorded]
        write_table(step_table(recorded, cell.student_model, bank), cell.path(folder, STEPS_ENDING))
        outcomes = episode_table(episodes, cell.student_model, bank, mastery_threshold(env))
        write_table(outcomes, cell.path(folder, EPISODES_ENDING))

    def single(self, place: Place) -> Env:
        """The environment of one student."""
        if place not in self._single:
            self._single[place] = make_env(self._settings, place)
        return self._single[place]

    def _teach(self, place: Place, recommender: Recommender, seed: int) -> list[Episode]:
        students = range(self._settings.n_students)
        env = self._batch(place) if may_be_batched(recommender) else None
        if env is not None:
            with suppress(NeedsOwnEnvError):
                return run_batched(env, recommender, seed, students)
        return [run_episode(self.single(place), recommender, seed, student) for student in students]

    def _batch(self, place: Place) -> LDSimVectorEnv | None:
        if place not in self._batched:
            self._batched[place] = _make_batch(self._settings, place)
        return self._batched[place]


def make_env(settings: CompareSettings, place: Place) -> Env:
    """The environment of one student.

    Raises:
        SettingsError: If it can't be made.
    """
    arguments = env_arguments(settings, place)
    try:
        with _no_word_of_exploits():
            # The checker would look at every observation and mask of some ten thousand steps.
            return gymnasium.make(settings.env_id, disable_env_checker=True, **arguments)
    except (gymnasium.error.Error, TypeError) as error:
        raise SettingsError(f"env_id: can't make {settings.env_id!r} with {arguments}: {error}") from error


def env_arguments(settings: CompareSettings, place: Place) -> dict[str, Any]:
    """Arguments of ``gymnasium.make``; the environment's own student model needs no naming."""
    arguments = dict(settings.env_options) | dict(place.modes)
    if settings.n_steps is not None:
        arguments["max_episode_steps"] = settings.n_steps
    model = settings.models[place.student_model]
    if model != OWN_MODEL:
        arguments["student_model"] = model
    if place.observer is not None and place.observer != place.student_model:
        arguments["observer"] = settings.models.get(place.observer, place.observer)
    return arguments


def bank_of(env: Env) -> QuestionBank:
    """The environment's bank.

    Raises:
        SettingsError: If it has none.
    """
    if not env.has_wrapper_attr("bank"):
        raise SettingsError("env: expected an environment with a question bank. Use an id that starts with 'LDSim-'.")
    bank: QuestionBank = env.get_wrapper_attr("bank")
    return bank


def mastery_threshold(env: Env) -> float | None:
    """Mastery from which on a target counts as mastered; None where the environment has no such rule."""
    rules = env.get_wrapper_attr("settings") if env.has_wrapper_attr("settings") else None
    return getattr(rules, "mastery_threshold", None)


@contextmanager
def _no_word_of_exploits() -> Iterator[None]:
    """Nobody is trained here: examining policies on such a student model is what it is good for; the tables mark it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExploitableWarning)
        yield


def _make_batch(settings: CompareSettings, place: Place) -> LDSimVectorEnv | None:
    """The environment of all students; None where the id has none of this package's."""
    spec = gymnasium.spec(settings.env_id)
    if spec.vector_entry_point is None or COMPAT in settings.env_options:
        return None
    arguments = env_arguments(settings, place)
    with _no_word_of_exploits():
        env = gymnasium.make_vec(settings.env_id, settings.n_students, "vector_entry_point", **arguments)
    return env if isinstance(env, LDSimVectorEnv) else None
