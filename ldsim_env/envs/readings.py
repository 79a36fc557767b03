"""What recommenders may ask of an environment about its present student; nothing here changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from ldsim_env.envs.embedding_action import EmbeddingAction
from ldsim_env.envs.questions import question_indices
from ldsim_env.envs.teaching import Teaching
from ldsim_env.errors import SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.simulator.protocol import State, StudentModel

Scalar = TypeVar("Scalar", bound=np.generic)


class CourseReadings:
    """What holds for one student and for many; the environment that has this as a base sets ``_teaching``."""

    _teaching: Teaching

    @property
    def bank(self) -> QuestionBank:
        """The question bank."""
        return self._teaching.model.bank

    @property
    def student_model(self) -> StudentModel:
        """The student model that answers, learns and is examined."""
        return self._teaching.model

    @property
    def n_students(self) -> int:
        """Number of students in the environment's split of the cohort."""
        return self._teaching.students.n_students

    @property
    def step_budget(self) -> int:
        """Steps that progress is measured against: the time limit where there is one."""
        return self._teaching.session.step_budget


class StudentReadings(CourseReadings):
    """The readings of one student.

    What a tutor can know (`answer_probs`, `mastery`) is the observer's, by default the student model itself.

    The readings of an episode raise `gymnasium.error.ResetNeeded` before the first reset.
    """

    @property
    def step_budget(self) -> int:
        """Steps that progress is measured against: the time limit where there is one.

        Setting it makes it the limit, after which the terms that come with the last step are paid; who steps the
        environment without Gymnasium's `TimeLimit` ends the episode there.
        """
        return super().step_budget

    @step_budget.setter
    def step_budget(self, steps: int) -> None:
        if steps < 1:
            raise SettingsError(f"step_budget: expected at least 1, got {steps}.")
        self._teaching.session.set_step_limit(steps)

    @property
    def targets(self) -> NDArray[np.int64]:
        """The target concepts, indices in ascending order, ``(n_targets,)`` int64."""
        return np.flatnonzero(self._taught("targets").session.targets[0])

    def action_masks(self) -> NDArray[np.uint8]:
        """Which actions ask a question that may be asked, ``(n_actions,)`` uint8: 1 yes, 0 no.

        Raises:
            SettingsError: If actions are vectors (``action="embedding"``), all of which ask a question.
        """
        return first(self._taught("action_masks").action_masks())

    def question_masks(self) -> NDArray[np.uint8]:
        """Which questions may be asked, ``(n_questions,)`` uint8, 1 yes, 0 no, whatever an action is."""
        return first(self._taught("question_masks").session.action_masks())

    def question_vectors(self) -> NDArray[np.float32]:
        """The vectors that stand for the questions with ``action="embedding"``, ``(n_questions, d)`` in [-1, 1].

        Raises:
            SettingsError: If actions aren't vectors.
        """
        action = self._teaching.action
        if not isinstance(action, EmbeddingAction):
            raise SettingsError(
                f"question_vectors: actions are {action.space}, not vectors. Make the environment with "
                'action="embedding".'
            )
        return action.vectors

    def knowledge_state(self) -> State:
        """The student's knowledge state as `student_model` has it: a copy on the CPU, each entry ``(1, ...)``.

        With `student_model` it lets a planner try out what it likes; no tutor can know it.
        """
        return self._taught("knowledge_state").learners.save()

    def answer_probs(self) -> NDArray[np.float32]:
        """The observer's P(right) of every question in the present state, ``(n_questions,)`` float32 in (0, 1)."""
        return first(self._taught("answer_probs").observer.answer_probs())

    def mastery(self) -> NDArray[np.float32]:
        """The observer's mastery of every concept in the present state, ``(n_concepts,)`` float32 in [0, 1]."""
        return first(self._taught("mastery").observer.mastery).copy()

    def expected_gains(self, questions: Sequence[int] | NDArray[np.integer]) -> NDArray[np.float32]:
        """Expected change of the exam score if a question were asked now: the mean over both answers.

        The student model's own, whoever the observer is: no tutor can know it.

        Nothing is changed and no random number is used.

        Args:
            questions: Question indices, ``(m,)``.

        Returns:
            ``(m,)`` float32 in [-1, 1].

        Raises:
            SettingsError: If an index is outside the bank; names all of them.
        """
        taught = self._taught("expected_gains")
        return first(taught.learners.expected_gains(question_indices(self.bank, questions), taught.session.targets))

    def _taught(self, reading: str) -> Teaching:
        """The teaching, once there is a student."""
        if self._teaching.student_ids[0] is None:
            raise ResetNeeded(f"{reading}: there is no student before the first reset(); call reset().")
        return self._teaching


def first(rows: NDArray[Scalar]) -> NDArray[Scalar]:
    """The row of the only student."""
    row: NDArray[Scalar] = rows[0]
    return row
