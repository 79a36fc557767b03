"""The ``options`` of ``reset``: checked as a whole, before anything changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.questions import question_index
from ldsim_env.envs.response_noise import checked_noise
from ldsim_env.envs.targets import concept_indices
from ldsim_env.errors import SettingsError, unknown_name
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.logs.response_log import RIGHT, WRONG, ResponseLog, StudentHistory

GIVEN_HISTORY = "given history"
"""Stands for the student's id where the history was given by ``options``."""


class ResetOptions(NamedTuple):
    """What the user fixed for one episode; None where it is drawn."""

    student: int | None = None  # index among the environment's students
    history: ResponseLog | None = None  # one student
    targets: NDArray[np.int64] | None = None  # concept indices
    response_noise: NDArray[np.float64] | None = None  # (n_steps,) in [0, 1)


def read_options(options: Mapping[str, Any] | None, bank: QuestionBank, students: ResponseLog) -> ResetOptions:
    """Check and translate the options of ``reset``.

    Args:
        options: ``student``: index among ``students``, or a student id of it. ``history``: list of
            (question index or question id, response) pairs that takes the student's place. ``targets``: concept
            indices or names. ``response_noise``: numbers in [0, 1), one a step, that decide the responses of the first
            steps in place of the generator's: a student answers right where P(right) is above the number.
        bank: The question bank.
        students: The students of the environment's split.

    Raises:
        SettingsError: If a key is unknown or a value wrong; all bad entries of a list together.
    """
    if options is None:
        return ResetOptions()
    if not isinstance(options, Mapping):
        raise SettingsError(f"options: expected a dict, got {options!r}.")
    for key in options:
        if key not in ResetOptions._fields:
            raise SettingsError(f"options: {unknown_name('key', str(key), ResetOptions._fields)}")
    if "student" in options and "history" in options:
        raise SettingsError("options: expected student or history, got both; the history takes the student's place.")
    return ResetOptions(
        student=_student_index(options["student"], students) if "student" in options else None,
        history=_history(options["history"], bank) if "history" in options else None,
        targets=concept_indices(bank, options["targets"]) if "targets" in options else None,
        response_noise=_noise(options["response_noise"]) if "response_noise" in options else None,
    )


def _noise(noise: Any) -> NDArray[np.float64]:
    return checked_noise(noise, "options['response_noise']")


def _student_index(student: Any, students: ResponseLog) -> int:
    if isinstance(student, str):
        if student not in students.student_ids:
            raise SettingsError(f"options['student']: {unknown_name('student id', student, students.student_ids)}")
        return students.student_ids.index(student)
    if isinstance(student, bool) or not isinstance(student, int | np.integer):
        raise SettingsError(f"options['student']: expected an index (int) or a student id (str), got {student!r}.")
    if not 0 <= student < students.n_students:
        raise SettingsError(
            f"options['student']: expected an index from 0 to {students.n_students - 1} among the students of this "
            f"environment's cohort_split, got {student}."
        )
    return int(student)


def _history(history: Any, bank: QuestionBank) -> ResponseLog:
    if isinstance(history, str) or not isinstance(history, Sequence | np.ndarray):
        raise SettingsError(f"options['history']: expected a list of (question, response) pairs, got {history!r}.")
    questions, responses, problems = [], [], []
    for position, pair in enumerate(history):
        try:
            question, response = _interaction(pair, bank)
            questions.append(question)
            responses.append(response)
        except SettingsError as error:
            problems.append(f"at {position}: {error}")
    if problems:
        raise SettingsError("options['history']: " + " ".join(problems))
    student = StudentHistory(GIVEN_HISTORY, np.array(questions, np.int32), np.array(responses, np.int8))
    return ResponseLog.from_histories(bank, [student])


def _interaction(pair: Any, bank: QuestionBank) -> tuple[int, int]:
    if isinstance(pair, str) or not isinstance(pair, Sequence | np.ndarray) or len(pair) != 2:
        raise SettingsError(f"expected a pair (question, response), got {pair!r}.")
    question, response = pair
    if np.ndim(response) or response not in (WRONG, RIGHT):
        raise SettingsError(f"expected the response 0 (wrong) or 1 (right), got {response!r}.")
    return question_index(bank, question), int(response)
