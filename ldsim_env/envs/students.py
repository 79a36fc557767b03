"""The ``students`` argument of the environment: a cohort, or logs that a cohort is made of."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ldsim_env.envs.cohort import Cohort, check_bank
from ldsim_env.errors import SettingsError
from ldsim_env.logs import QuestionBank, ResponseLog, match_bank, read_logs


def make_cohort(students: Any, bank: QuestionBank, folder: Path | None) -> Cohort:
    """Read the ``students`` argument of the environment.

    Args:
        students: None for the cohort in ``folder``; a `Cohort`; a `ResponseLog`, or the path (or several paths) of
            logs that `read_logs` reads, which are matched to the bank and cut at random.
        bank: The student model's bank.
        folder: The simulator's folder; needed only where ``students`` is None.

    Raises:
        SettingsError: If ``students`` is of another type, or no student is left.
        LogError: If a log can't be read.
        CheckpointError: If the cohort was made for another bank.
    """
    if isinstance(students, Cohort):
        check_bank(students.histories.bank.fingerprint, bank, "students")
        return students
    if students is None and folder is not None:
        return Cohort.load(folder, bank)
    if isinstance(students, ResponseLog):
        return Cohort.from_log(matched_log(students, bank))
    if isinstance(students, str | PathLike):
        students = [students]
    if isinstance(students, Sequence) and all(isinstance(path, str | PathLike) for path in students):
        return Cohort.from_log(matched_log(read_logs(students), bank))
    raise SettingsError(f"students: expected None, a path of logs, a ResponseLog or a Cohort, got {students!r}.")


def matched_log(log: ResponseLog, bank: QuestionBank) -> ResponseLog:
    """The log over the student model's bank; interactions with questions that it doesn't know are left out."""
    matched = match_bank(log, bank)
    if matched.unknown_interactions:
        warnings.warn(
            f"students: {matched.unknown_interactions} of {log.n_interactions} interactions of "
            f"{log.source or 'the log'} are on {matched.unknown_questions} questions that bank {bank.name!r} "
            "doesn't have; they are left out.",
            stacklevel=2,
        )
    known = matched.log.questions < matched.n_known
    return ResponseLog(
        bank=bank,
        student_ids=log.student_ids,
        offsets=np.concatenate([[0], np.cumsum(known)])[log.offsets],
        questions=matched.log.questions[known],
        responses=matched.log.responses[known],
        source=log.source,
    )
