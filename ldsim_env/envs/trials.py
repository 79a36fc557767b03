"""Trials on copies of the students, for the reward terms that need them: nothing here changes a student.

A trial costs as much as a step or more, so it is only prepared here, and made when the term is read.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.exam import Exam
from ldsim_env.envs.learners import Learners
from ldsim_env.envs.questions import NO_QUESTION
from ldsim_env.envs.rewards import StepRecord, Trial
from ldsim_env.envs.rows import with_rows
from ldsim_env.envs.session import Answers, Session
from ldsim_env.logs.bank import QuestionBank


def expected_change(learners: Learners, session: Session, answers: Answers) -> Trial | None:
    """Mean over both answers of the change of the exam score, ``(n,)``; to be called before the students learn.

    None where no reward term reads it.
    """
    if "expected_gain" not in session.settings.terms:
        return None
    return partial(_expected_change, learners.before(), session.targets, answers)


def _expected_change(before: Learners, targets: NDArray[np.bool_], answers: Answers) -> NDArray[np.float64]:
    questions = np.maximum(answers.question, 0)[:, None]
    return np.where(answers.asked, before.expected_gains(questions, targets)[:, 0], 0.0)


def retained_exam(learners: Learners, session: Session, record: StepRecord) -> Trial | None:
    """Exam scores after practice of other concepts, ``(n,)``, right where the episode ended.

    Each student who ended answers ``retention_steps`` questions of `other_practice` as the student model expects
    (the response is P(right) itself), so there is no noise in it. None where no reward term reads it.
    """
    if "retention" not in session.settings.terms:
        return None
    if not np.count_nonzero(record.ended):
        return lambda: record.exam_now
    ended = np.flatnonzero(record.ended)
    return partial(_retained_exam, learners.some(ended), session.targets[ended], session, record)


def _retained_exam(
    learners: Learners, targets: NDArray[np.bool_], session: Session, record: StepRecord
) -> NDArray[np.float64]:
    """``learners`` and ``targets`` are those of the students who ended."""
    exam = Exam(len(targets))
    exam.set_targets(targets)
    practice = other_practice(session.bank, targets, session.settings.retention_steps)
    retained, _ = exam.sit(learners.mastery_after(practice), session.settings.mastery_threshold)
    return with_rows(record.exam_now, np.flatnonzero(record.ended), retained)


def other_practice(bank: QuestionBank, targets: NDArray[np.bool_], n_steps: int) -> NDArray[np.int64]:
    """Questions on concepts that are no targets: evenly spread over all such questions, in the bank's order.

    They are the same for everyone with the same targets, so that what is left of the gain can be compared. Questions
    repeat where the bank has fewer of them.

    Args:
        bank: The question bank.
        targets: ``(n, n_concepts)`` bool.
        n_steps: Questions for each student.

    Returns:
        ``(n, n_steps)`` question indices; a row of `NO_QUESTION` where every question practises a target.
    """
    others = (np.flatnonzero(~bank.concept_matrix[:, row].any(axis=1)) for row in targets)
    return np.array([_spread(questions, n_steps) for questions in others], np.int64).reshape(len(targets), n_steps)


def _spread(questions: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    if not questions.size:
        return np.full(n, NO_QUESTION)
    return questions[np.arange(n) * questions.size // n]
