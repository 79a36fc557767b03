"""Sessions of the students of one class, who share the questions: exposure limit, question budget, who goes first.

What holds for each student alone is the session's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.class_settings import ClassSettings
from ldsim_env.envs.rewards import StepRecord
from ldsim_env.envs.rows import ALL_ROWS, Rows
from ldsim_env.envs.session import Answers, Session
from ldsim_env.envs.settings import EnvSettings
from ldsim_env.logs.bank import QuestionBank

BoolArray = NDArray[np.bool_]


class ClassSession(Session):
    """Sessions of all students of a class, which begin together.

    Args:
        bank: The question bank.
        settings: The rules for each student.
        rules: The rules for the class.

    Attributes:
        exposure: ``(n_questions,)`` int64, students who were given each question; replaced, never written to.
        n_asked: Questions asked in the class.
        rules: See above.
    """

    def __init__(self, bank: QuestionBank, settings: EnvSettings, rules: ClassSettings):
        super().__init__(bank, settings, rules.n_students, rules.max_episode_steps)
        self.rules = rules
        self.exposure = np.zeros(bank.n_questions, np.int64)
        self.n_asked = 0

    def begin(self, targets: BoolArray, mastery: NDArray[np.float32], rows: Rows = ALL_ROWS) -> None:
        """See `Session`; questions are given out anew, whichever rows begin."""
        self.exposure = np.zeros(self.bank.n_questions, np.int64)
        self.n_asked = 0
        super().begin(targets, mastery, rows)

    # ---- what may be asked ----------------------------------------------------------------------------------------

    def legal(self, questions: NDArray[np.int64]) -> BoolArray:
        """See `Session`; nor may a question be asked that was given to as many students as it may be."""
        if self.questions_left == 0:
            return np.zeros(questions.shape, bool)
        has_seat = self._seats()[questions] > 0
        if self.settings.allow_repeats:
            has_seat |= self.asked.contains(questions)
        return super().legal(questions) & has_seat

    def action_masks(self) -> NDArray[np.uint8]:
        """See `Session`."""
        masks = super().action_masks()
        if self.questions_left == 0:
            return np.zeros_like(masks)
        full = self._seats() <= 0
        # To repeat a question to a student exposes it to nobody new.
        masks[:, full] = 1 - self.asked.masks()[:, full] if self.settings.allow_repeats else 0
        return masks

    @property
    def questions_left(self) -> int | None:
        """Questions that may still be asked in the class; None where there is no budget."""
        return None if self.rules.question_budget is None else self.rules.question_budget - self.n_asked

    @property
    def budget_used(self) -> float | None:
        """Share of the question budget used, in [0, 1]; None where there is none."""
        return None if self.rules.question_budget is None else self.n_asked / self.rules.question_budget

    def _seats(self) -> NDArray[np.int64]:
        """How many more students each question may be given to, ``(n_questions,)``."""
        return self.rules.students_a_question - self.exposure

    # ---- one step -------------------------------------------------------------------------------------------------

    def served(self, questions: NDArray[np.int64], wanted: BoolArray, draws: NDArray[np.float64]) -> BoolArray:
        """Who is given the question wanted, where some want the same one or the last ones of the budget.

        Students are served in the order of their draws, so each of them has the same chance to be first.

        Args:
            questions: ``(n,)`` the question wanted by each student.
            wanted: ``(n,)`` False for those who want none, or one that they may not be asked.
            draws: ``(n,)`` random numbers, one a student.
        """
        line = np.flatnonzero(wanted)
        line = line[np.argsort(draws[line], kind="stable")]
        places = _places(questions[line], takes_seat=~self.asked.contains(questions)[line])
        first_come = line[places < self._seats()[questions[line]]]
        served = np.zeros_like(wanted)
        served[first_come[: self.questions_left]] = True
        return served

    def record(self, answers: Answers, mastery: NDArray[np.float32]) -> StepRecord:
        """See `Session`; enters who was given what, too."""
        new = answers.asked & ~self.asked.contains(answers.question)
        self.exposure = self.exposure + np.bincount(answers.question[new], minlength=self.bank.n_questions)
        self.n_asked += int(answers.asked.sum())
        return super().record(answers, mastery)

    # ---- where the episodes stand ---------------------------------------------------------------------------------

    def terminated(self) -> BoolArray:
        """``(n,)``: all targets are mastered, or no question is left that may be asked."""
        return self._mastered | self._nothing_left()

    def _nothing_left(self) -> BoolArray:
        if self.questions_left != 0 and not self.exposure.all():
            return np.zeros_like(self._mastered)  # a question that nobody was given may be asked of everyone
        return np.asarray(~self.action_masks().any(axis=1))

    def frozen(self) -> ClassSession:
        """See `Session`."""
        then = ClassSession.__new__(ClassSession)
        then.__dict__ = super().frozen().__dict__
        return then


def _places(questions: NDArray[np.int64], takes_seat: BoolArray) -> NDArray[np.int64]:
    """How many who take a seat of the same question stand before each in the line, ``(m,)``.

    Those who take none, since they were given the question before, are always let through: -1 stands before all seats.
    """
    same = (questions[:, None] == questions) & takes_seat
    return np.where(takes_seat, np.tril(same, -1).sum(axis=1), -1)
