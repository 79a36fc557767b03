"""What infos and pictures tell of the students being taught: one list of keys for the single and the batched form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.later import LaterDict
from ldsim_env.envs.members import uncertainty
from ldsim_env.envs.questions import NO_QUESTION
from ldsim_env.envs.rendering import Panel, PathStep
from ldsim_env.envs.session import NOT_ASKED, Answers
from ldsim_env.envs.teaching import Teaching
from ldsim_env.logs.bank import QuestionBank

Info: TypeAlias = dict[str, Any]
Terms: TypeAlias = Mapping[str, NDArray[np.float64]]
REWARD_TERMS = "reward_terms"


class Step(NamedTuple):
    """What one step was, for all n students."""

    bank: QuestionBank
    answers: Answers
    terms: Terms


def state_names(teaching: Teaching) -> tuple[str, ...]:
    """The keys that ``reset`` and ``step`` both return."""
    return _state_names(*_what_is_there(teaching))


def _what_is_there(teaching: Teaching) -> tuple[bool, bool, bool]:
    """Masks, candidates, members of an ensemble."""
    return teaching.has_masks, teaching.action.n_candidates > 0, teaching.learners.members is not None


@cache
def _state_names(has_masks: bool, has_candidates: bool, has_members: bool) -> tuple[str, ...]:
    is_there = {"action_mask": has_masks, "candidates": has_candidates, "uncertainty": has_members}
    return tuple(name for name in STATE_COLUMNS if is_there.get(name, True))


@cache
def _step_names(has_masks: bool, has_candidates: bool, has_members: bool) -> tuple[str, ...]:
    return (*_state_names(has_masks, has_candidates, has_members), *STEP_COLUMNS, REWARD_TERMS)


def reset_info(teaching: Teaching) -> Info:
    """What ``reset`` tells of the only student."""
    then = teaching.frozen()
    return LaterDict(state_names(teaching), lambda name: _only(STATE_COLUMNS[name](then)))


def step_info(teaching: Teaching, step: Step) -> Info:
    """What ``step`` tells of the only student."""
    then = teaching.frozen()
    terms = LaterDict(step.terms, lambda name: _only(step.terms[name]))

    def make(name: str) -> Any:
        if name == REWARD_TERMS:
            return terms
        return _only(STEP_COLUMNS[name](step) if name in STEP_COLUMNS else STATE_COLUMNS[name](then))

    return LaterDict(_step_names(*_what_is_there(teaching)), make)


def _only(column: NDArray[Any]) -> Any:
    """The value of the only student, as a Python number where it is one."""
    value = column[0]
    return value.item() if isinstance(value, np.generic) else value


# ---- the columns: each has a row a student, and is a new array ----------------------------------------------------


def _targets(teaching: Teaching) -> NDArray[Any]:
    """Concept indices in ascending order: ``(n, n_targets)`` int64, or ``(n,)`` arrays if they differ in number."""
    rows = [np.flatnonzero(row) for row in teaching.session.targets]
    if len({len(row) for row in rows}) == 1:
        return np.array(rows)
    return objects(rows)


def _responses(step: Step) -> NDArray[np.int64]:
    return np.where(step.answers.asked, step.answers.response, NOT_ASKED).astype(np.int64)


def _question_ids(step: Step) -> NDArray[np.object_]:
    return objects([name_of_question(step.bank, question) for question in step.answers.question.tolist()])


def _concept_names(step: Step) -> NDArray[np.object_]:
    return objects([names_of_concepts(step.bank, question) for question in step.answers.question.tolist()])


def name_of_question(bank: QuestionBank, question: int) -> str:
    """The id of a question, empty for `NO_QUESTION`."""
    return "" if question == NO_QUESTION else bank.question_ids[question]


def names_of_concepts(bank: QuestionBank, question: int) -> tuple[str, ...]:
    """The names of a question's concepts, none for `NO_QUESTION`."""
    if question == NO_QUESTION:
        return ()
    return tuple(bank.concept_names[concept] for concept in bank.concepts_of(question))


def objects(values: Sequence[Any]) -> NDArray[np.object_]:
    """``(n,)`` of any values; `numpy.array` would make a matrix of tuples."""
    return np.fromiter(values, object, len(values))


STATE_COLUMNS: dict[str, Callable[[Teaching], NDArray[Any]]] = {
    "action_mask": lambda teaching: teaching.action_masks(),
    "candidates": lambda teaching: teaching.offered.copy(),
    "mastery": lambda teaching: teaching.learners.mastery.copy(),
    "observed_mastery": lambda teaching: teaching.observer.mastery.copy(),
    "exam_score": lambda teaching: teaching.session.exam_now.copy(),
    "learning_gain": lambda teaching: teaching.session.learning_gains(),
    "uncertainty": lambda teaching: uncertainty(teaching.learners.members, teaching.session.targets),
    "targets": _targets,
    "student": lambda teaching: teaching.student_ids.copy(),
}
"""The keys that ``reset`` and ``step`` both return, as they stand in a `Teaching.frozen`."""

STEP_COLUMNS: dict[str, Callable[[Step], NDArray[Any]]] = {
    "asked": lambda step: step.answers.asked.copy(),
    "question_id": _question_ids,
    "concept_names": _concept_names,
    "answer_prob": lambda step: step.answers.prob.copy(),
    "response": _responses,
}
"""The keys that only ``step`` returns, but for the reward terms by name."""


# ---- pictures -----------------------------------------------------------------------------------------------------


def path_step(teaching: Teaching, answers: Answers, row: int = 0) -> PathStep:
    """One step in the words of the log, once the student has learned from it."""
    bank, question = teaching.model.bank, int(answers.question[row])
    response = int(answers.response[row]) if answers.asked[row] else NOT_ASKED
    exam_score = float(teaching.session.exam_now[row])
    return PathStep(
        name_of_question(bank, question),
        names_of_concepts(bank, question),
        float(answers.prob[row]),
        response,
        exam_score,
    )


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
