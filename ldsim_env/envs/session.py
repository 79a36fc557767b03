"""The rules of teaching sessions for n students at once: questions asked, exam, rewards, ends. Plain numpy.

A single environment is a session of one student; the batched form runs the same code. Nothing here knows how a student
answers or learns: the caller brings P(right), the response and the mastery that followed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.observations import flat_observation
from ldsim_env.envs.rewards import StepRecord, learning_gain, reward_terms, weighted_sum
from ldsim_env.envs.settings import EnvSettings
from ldsim_env.logs.bank import QuestionBank

DEFAULT_STEP_BUDGET = 30
NOT_ASKED = -1  # stands for the response of a step that passed without a question

Rows = slice | NDArray[np.integer]
ALL_ROWS = slice(None)


class Answers(NamedTuple):
    """What n students did with the questions of one step; every array is ``(n,)``."""

    question: NDArray[np.int64]
    prob: NDArray[np.float64]  # P(right) before answering
    response: NDArray[np.int8]  # 1 right, 0 wrong
    asked: NDArray[np.bool_]  # False where the action was masked and the step passes without a question


class Session:
    """Sessions of n students over one bank.

    Args:
        bank: The question bank.
        settings: The rules.
        n: Number of students.
        step_budget: Steps after which an episode is cut off from outside; the measure of progress.

    Attributes:
        targets: ``(n, n_concepts)`` bool.
        steps: ``(n,)`` int64, steps of the episode so far, skipped ones included.
        last_response: ``(n, 2)`` float32 flags (right, wrong); both 0 before the first response.
        exam_start, exam_before, exam_now: ``(n,)`` float64 exam scores after reset, before and after the last step.
    """

    def __init__(self, bank: QuestionBank, settings: EnvSettings, n: int, step_budget: int = DEFAULT_STEP_BUDGET):
        self.bank, self.settings, self.step_budget = bank, settings, step_budget
        # One bit a question, not one byte: 2 KB a student in a bank of 16,634 questions.
        self._asked = np.zeros((n, -(-bank.n_questions // 8)), np.uint8)
        self._covered = np.zeros((n, bank.n_concepts), bool)
        self._n_asked = np.zeros(n, np.int64)
        self._rows = np.arange(n)
        self.targets = np.zeros((n, bank.n_concepts), bool)
        self.steps = np.zeros(n, np.int64)
        self.last_response = np.zeros((n, 2), np.float32)
        self.exam_start, self.exam_before, self.exam_now = np.zeros((3, n))
        self._mastered = np.zeros(n, bool)

    def begin(self, targets: NDArray[np.bool_], mastery: NDArray[np.float32], rows: Rows = ALL_ROWS) -> None:
        """Start new episodes for the students in ``rows``, with their targets and mastery ``(len(rows), K)``."""
        for counter in (self._asked, self._covered, self._n_asked, self.steps, self.last_response):
            counter[rows] = 0
        self.targets[rows] = targets
        self._mastered[rows] = self._all_mastered(targets, mastery)
        self.exam_start[rows] = exam_score(targets, mastery)
        self.exam_before[rows] = self.exam_now[rows] = self.exam_start[rows]

    # ---- what may be asked ----------------------------------------------------------------------------------------

    def legal(self, questions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each student may be asked the question of the same row, ``(n,)``."""
        if self.settings.allow_repeats:
            return np.ones(len(questions), bool)
        return np.asarray((self._asked[self._rows, questions >> 3] >> (questions & 7)) & 1 == 0)

    def action_masks(self) -> NDArray[np.uint8]:
        """Which questions may be asked, ``(n, n_questions)``, 1 legal, 0 not; a new array."""
        n, n_questions = len(self._rows), self.bank.n_questions
        if self.settings.allow_repeats:
            return np.ones((n, n_questions), np.uint8)
        return np.unpackbits(~self._asked, axis=1, count=n_questions, bitorder="little")

    # ---- one step -------------------------------------------------------------------------------------------------

    def record(self, answers: Answers, mastery: NDArray[np.float32]) -> StepRecord:
        """Enter one step.

        Args:
            answers: What was asked and answered.
            mastery: ``(n, n_concepts)`` after the step.

        Returns:
            The step as the reward terms read it.
        """
        self.steps += 1
        newly_covered = self._enter_questions(answers)
        self.exam_before, self.exam_now = self.exam_now, exam_score(self.targets, mastery)
        self._mastered = self._all_mastered(self.targets, mastery)
        return StepRecord(
            exam_start=self.exam_start,
            exam_before=self.exam_before,
            exam_now=self.exam_now,
            answer_prob=answers.prob,
            response=answers.response,
            asked=answers.asked,
            newly_covered=newly_covered,
            ended=self.terminated() | (self.steps >= self.step_budget),
            min_gap=self.settings.min_gap,
        )

    def _enter_questions(self, answers: Answers) -> NDArray[np.float64]:
        """Mark the questions as asked; give the share of the targets that each one is the first to practise."""
        rows, question, asked = self._rows, answers.question, answers.asked
        bit = (asked.astype(np.uint8) << (question & 7).astype(np.uint8)).astype(np.uint8)
        self._asked[rows, question >> 3] |= bit
        self._n_asked += asked
        right = answers.response == 1
        self.last_response[asked] = np.stack([right, ~right], axis=1)[asked]
        new = self.bank.concept_matrix[question] & self.targets & ~self._covered & asked[:, None]
        self._covered |= new
        return np.asarray(new.sum(axis=1) / self.targets.sum(axis=1))

    def rewards(self, record: StepRecord) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
        """The reward ``(n,)`` and every reward term by name, each ``(n,)``."""
        terms = reward_terms(record)
        return weighted_sum(terms, self.settings.weights), terms

    # ---- where the episodes stand ---------------------------------------------------------------------------------

    def terminated(self) -> NDArray[np.bool_]:
        """``(n,)``: all targets are mastered, or no legal question is left."""
        if self.settings.allow_repeats:
            return self._mastered.copy()
        return self._mastered | (self._n_asked >= self.bank.n_questions)

    def learning_gains(self) -> NDArray[np.float64]:
        """Normalised learning gain since the start of the episode, ``(n,)``."""
        return learning_gain(self.exam_start, self.exam_now, self.settings.min_gap)

    def observations(self, mastery: NDArray[np.float32]) -> NDArray[np.float32]:
        """The flat observation of each student, ``(n, 2 n_concepts + 3)``; ``mastery`` is ``(n, n_concepts)``."""
        progress = np.minimum(self.steps / self.step_budget, 1.0).astype(np.float32)
        return flat_observation(mastery, self.targets, self.last_response, progress)

    def _all_mastered(self, targets: NDArray[np.bool_], mastery: NDArray[np.float32]) -> NDArray[np.bool_]:
        reached = (mastery >= self.settings.mastery_threshold) | ~targets
        return np.asarray(reached.all(axis=1))


def exam_score(targets: NDArray[np.bool_], mastery: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean mastery over the targets, ``(n,)`` float64 in [0, 1].

    Args:
        targets: ``(n, n_concepts)`` bool, at least one a row.
        mastery: ``(n, n_concepts)`` in [0, 1].
    """
    total = np.where(targets, mastery, 0).sum(axis=1, dtype=np.float64)
    return np.asarray(total / targets.sum(axis=1))
