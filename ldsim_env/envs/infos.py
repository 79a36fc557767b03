"""What ``info`` and the pictures tell of one of the students being taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.rendering import Panel, PathStep
from ldsim_env.envs.session import NOT_ASKED, Answers
from ldsim_env.envs.teaching import Teaching
from ldsim_env.logs.bank import QuestionBank

Info = dict[str, Any]


def state_info(teaching: Teaching, row: int = 0) -> Info:
    """The keys that ``reset`` and ``step`` both return; every array is a copy."""
    session = teaching.session
    return {
        "action_mask": session.action_masks()[row],
        "mastery": teaching.learners.mastery[row].copy(),
        "exam_score": float(session.exam_now[row]),
        "learning_gain": float(session.learning_gains()[row]),
        "targets": np.flatnonzero(session.targets[row]),
        "student": teaching.student_ids[row],
    }


def step_info(step: PathStep, terms: Mapping[str, NDArray[np.float64]], row: int = 0) -> Info:
    """The keys that only ``step`` returns."""
    return {
        "asked": step.response != NOT_ASKED,
        "question_id": step.question_id,
        "concept_names": step.concept_names,
        "answer_prob": step.prob,
        "response": step.response,
        "reward_terms": {name: float(value[row]) for name, value in terms.items()},
    }


def path_step(bank: QuestionBank, answers: Answers, row: int = 0) -> PathStep:
    """One step in the words of the log."""
    question = int(answers.question[row])
    names = tuple(bank.concept_names[concept] for concept in bank.concepts_of(question))
    response = int(answers.response[row]) if answers.asked[row] else NOT_ASKED
    return PathStep(bank.question_ids[question], names, float(answers.prob[row]), response)


def panel(teaching: Teaching, path: Sequence[PathStep], row: int = 0) -> Panel:
    """What a picture of the episode shows."""
    session = teaching.session
    return Panel(
        student=teaching.student_ids[row],
        concept_names=teaching.model.bank.concept_names,
        targets=np.flatnonzero(session.targets[row]),
        start_mastery=teaching.start_mastery[row],
        mastery=teaching.learners.mastery[row],
        exam_start=float(session.exam_start[row]),
        exam_score=float(session.exam_now[row]),
        learning_gain=float(session.learning_gains()[row]),
        step_budget=session.step_budget,
        path=path,
    )
