"""The rules of teaching sessions for n students at once: questions asked, exam, rewards, ends. Plain numpy.

A single environment is a session of one student; the batched form runs the same code. Nothing here knows how a student
answers or learns: the caller brings P(right), the response and the mastery that followed.
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.asked import AskedQuestions
from ldsim_env.envs.exam import Exam
from ldsim_env.envs.rewards import StepRecord, learning_gain, reward_terms, weighted_sum
from ldsim_env.envs.rows import ALL_ROWS, Rows, with_rows
from ldsim_env.envs.settings import EnvSettings
from ldsim_env.logs.bank import QuestionBank

DEFAULT_STEP_BUDGET = 30
RESPONSE_FLAGS = np.array([[0, 1], [1, 0]], np.float32)  # (right, wrong) by the response
NOT_ASKED = -1  # stands for the response of a step that passed without a question


class Answers(NamedTuple):
    """What n students did with the questions of one step; every array is ``(n,)``."""

    question: NDArray[np.int64]
    prob: NDArray[np.float64]  # P(right) before answering
    response: NDArray[np.int8]  # 1 right, 0 wrong
    asked: NDArray[np.bool_]  # False where the action was masked and the step passes without a question


_NOT_SAVED = ("bank", "settings", "step_limit", "step_budget")


class Session:
    """Sessions of n students over one bank.

    Args:
        bank: The question bank.
        settings: The rules.
        n: Number of students.
        step_limit: Steps after which an episode is cut off; None is never.

    Attributes:
        step_limit: See above; change it by `set_step_limit`.
        step_budget: The measure of progress: the step limit, or `DEFAULT_STEP_BUDGET` where there is none.
        asked: Which questions were asked.
        targets: ``(n, n_concepts)`` bool.
        steps: ``(n,)`` int64, steps of the episode so far, skipped ones included.
        last_response: ``(n, 2)`` float32 flags (right, wrong); both 0 before the first response.
        exam_start, exam_before, exam_now: ``(n,)`` float64 exam scores after reset, before and after the last step.

    The arrays are replaced, never written to, so that what was read off an earlier step stays true.
    """

    def __init__(self, bank: QuestionBank, settings: EnvSettings, n: int, step_limit: int | None = DEFAULT_STEP_BUDGET):
        self.bank, self.settings = bank, settings
        self.set_step_limit(step_limit)
        self.asked = AskedQuestions(n, bank.n_questions)
        self.targets = np.zeros((n, bank.n_concepts), bool)
        self.steps = np.zeros(n, np.int64)
        self.last_response = np.zeros((n, 2), np.float32)
        self.exam_start, self.exam_before, self.exam_now = np.zeros((3, n))
        self._exam = Exam(n)
        self._uncovered = np.zeros((n, bank.n_concepts + 1), bool)  # one column more for the padding of questions
        self._first = np.arange(n)[:, None] * (bank.n_concepts + 1)  # where each row begins in it
        self._mastered = np.zeros(n, bool)

    def set_step_limit(self, step_limit: int | None) -> None:
        """Cut episodes off after so many steps; None is never."""
        self.step_limit = step_limit
        self.step_budget = DEFAULT_STEP_BUDGET if step_limit is None else step_limit

    def begin(self, targets: NDArray[np.bool_], mastery: NDArray[np.float32], rows: Rows = ALL_ROWS) -> None:
        """Start new episodes for the students in ``rows``, with their targets and mastery ``(len(rows), K)``."""
        self.asked.clear(rows)
        self.steps = with_rows(self.steps, rows, 0)
        self.last_response = with_rows(self.last_response, rows, 0)
        self.targets = with_rows(self.targets, rows, targets)
        self._uncovered[rows, :-1] = targets
        self._exam.set_targets(targets, rows)
        score, mastered = self._exam.sit(mastery, self.settings.mastery_threshold, rows)
        self._mastered = with_rows(self._mastered, rows, mastered)
        self.exam_start = with_rows(self.exam_start, rows, score)
        self.exam_before = with_rows(self.exam_before, rows, score)
        self.exam_now = with_rows(self.exam_now, rows, score)

    # ---- what may be asked ----------------------------------------------------------------------------------------

    def legal(self, questions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each student may be asked the questions of the same row; of the shape ``(n,)`` or ``(n, m)``."""
        if self.settings.allow_repeats:
            return np.ones(questions.shape, bool)
        return ~self.asked.contains(questions)

    def action_masks(self) -> NDArray[np.uint8]:
        """Which questions may be asked, ``(n, n_questions)``, 1 legal, 0 not; a new array."""
        if self.settings.allow_repeats:
            return np.ones((len(self.steps), self.bank.n_questions), np.uint8)
        return self.asked.masks()

    # ---- one step -------------------------------------------------------------------------------------------------

    def record(self, answers: Answers, mastery: NDArray[np.float32]) -> StepRecord:
        """Enter one step.

        Args:
            answers: What was asked and answered.
            mastery: ``(n, n_concepts)`` after the step.

        Returns:
            The step as the reward terms read it.
        """
        self.steps = self.steps + 1
        self.asked.add(answers.question, answers.asked)
        self.last_response = np.where(answers.asked[:, None], RESPONSE_FLAGS[answers.response], self.last_response)
        newly_covered = self._cover(answers)
        self.exam_before = self.exam_now
        self.exam_now, self._mastered = self._exam.sit(mastery, self.settings.mastery_threshold)
        return StepRecord(
            exam_start=self.exam_start,
            exam_before=self.exam_before,
            exam_now=self.exam_now,
            answer_prob=answers.prob,
            response=answers.response,
            asked=answers.asked,
            newly_covered=newly_covered,
            ended=self.terminated() | self.truncated(),
            min_gap=self.settings.min_gap,
        )

    def _cover(self, answers: Answers) -> NDArray[np.float64]:
        """Share of the targets that each question is the first of the episode to practise, ``(n,)``."""
        # Padding is -1: the last column of the row above, where nothing ever stands.
        where = self._first + self.bank.question_concepts.take(answers.question, axis=0)  # (n, C)
        new = self._uncovered.take(where) & answers.asked[:, None]
        if not np.count_nonzero(new):
            return np.zeros(len(new))
        self._uncovered.put(where[new], False)
        return np.asarray(new.sum(axis=1) / self._exam.n_targets)

    def rewards(self, record: StepRecord) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
        """The reward ``(n,)`` and the reward terms by name, each ``(n,)``."""
        terms = reward_terms(record, self.settings.terms)
        return weighted_sum(terms, self.settings.weights), terms

    # ---- where the episodes stand ---------------------------------------------------------------------------------

    def terminated(self) -> NDArray[np.bool_]:
        """``(n,)``: all targets are mastered, or no legal question is left."""
        if self.settings.allow_repeats or self.asked.most < self.bank.n_questions:
            return self._mastered
        return self._mastered | (self.asked.counts >= self.bank.n_questions)

    def truncated(self) -> NDArray[np.bool_]:
        """``(n,)``: the step limit is reached."""
        if self.step_limit is None:
            return np.zeros(len(self.steps), bool)
        return self.steps >= self.step_limit

    def frozen(self) -> Session:
        """The session as it stands, to be read after it went on: what may be asked, targets and exam scores."""
        then = Session.__new__(Session)  # as copy.copy, which takes several times as long
        then.__dict__ = self.__dict__.copy()
        then.asked = self.asked.snapshot()
        return then

    def save(self) -> dict[str, Any]:
        """Everything that changes, copied, by name; the step limit is the environment's and is left out."""
        return {name: copy.deepcopy(value) for name, value in vars(self).items() if name not in _NOT_SAVED}

    def load(self, saved: dict[str, Any]) -> None:
        """Go on from where `save` was called."""
        vars(self).update(copy.deepcopy(saved))

    def learning_gains(self) -> NDArray[np.float64]:
        """Normalised learning gain since the start of the episode, ``(n,)``."""
        return learning_gain(self.exam_start, self.exam_now, self.settings.min_gap)

    def progress(self) -> NDArray[np.float32]:
        """Share of the step budget used, ``(n,)`` in [0, 1]."""
        return np.minimum(self.steps / self.step_budget, 1.0).astype(np.float32)

    @property
    def uncovered(self) -> NDArray[np.bool_]:
        """``(n, n_concepts)``: targets that no question of the episode has practised yet."""
        return self._uncovered[:, :-1]
