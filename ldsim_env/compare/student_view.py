"""One student of a batched environment, looking to a recommender like an environment of one."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.vector_env import LDSimVectorEnv
from ldsim_env.logs.bank import QuestionBank


class NeedsOwnEnvError(Exception):
    """A recommender asked for something that only an environment of one student can give."""


class SharedReadings:
    """What recommenders read of all students at once, worked out for the first who asks and kept for one step.

    Args:
        env: The batched environment.
    """

    def __init__(self, env: LDSimVectorEnv):
        self.env = env
        self._kept: dict[str, NDArray[Any]] = {}

    def next_step(self) -> None:
        """Forget what was read: the students went on."""
        self._kept.clear()

    def read(self, name: str) -> NDArray[Any]:
        """What the environment's method of this name gives, a row a student."""
        if name not in self._kept:
            self._kept[name] = getattr(self.env, name)()
        return self._kept[name]


class StudentView(gymnasium.Env[Any, Any]):
    """What a recommender may ask about one student; it can neither be stepped nor reset.

    Args:
        readings: Of all students.
        row: The student's row.
        targets: ``(n_targets,)`` indices of the concepts to teach.
    """

    def __init__(self, readings: SharedReadings, row: int, targets: NDArray[np.int64]):
        self._readings, self._row, self.targets = readings, row, targets
        self.action_space = readings.env.single_action_space
        self.observation_space = readings.env.single_observation_space
        self.settings = readings.env.settings
        self.step_budget = readings.env.step_budget

    @property
    def bank(self) -> QuestionBank:
        """The question bank."""
        return self._readings.env.bank

    def action_masks(self) -> NDArray[np.uint8]:
        """``(n_actions,)``: 1 where the action asks a question that may be asked now."""
        return self._row_of("action_masks")

    def answer_probs(self) -> NDArray[np.float32]:
        """``(n_questions,)`` the observer's P(right) of every question."""
        return self._row_of("answer_probs")

    def mastery(self) -> NDArray[np.float32]:
        """``(n_concepts,)`` the observer's mastery of every concept."""
        return self._row_of("mastery")

    def expected_gains(self, questions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Not to be had here: each student has questions of its own to try.

        Raises:
            NeedsOwnEnvError: Always.
        """
        raise NeedsOwnEnvError("expected_gains")

    def __getattr__(self, name: str) -> Any:
        """Whatever else is asked for, an environment of one student may have."""
        if name.startswith("__"):
            raise AttributeError(name)
        raise NeedsOwnEnvError(name)

    def _row_of(self, name: str) -> NDArray[Any]:
        row: NDArray[Any] = self._readings.read(name)[self._row]
        return row
