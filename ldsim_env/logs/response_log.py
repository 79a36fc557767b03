"""The response log: who answered which question, in order, and whether the answer was right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import LogError
from ldsim_env.logs.bank import QuestionBank

RIGHT, WRONG = 1, 0


class StudentHistory(NamedTuple):
    """One student's interactions in order."""

    student_id: str
    questions: NDArray[np.int32]  # (n,) indices into the bank
    responses: NDArray[np.int8]  # (n,) 1 right at first attempt, 0 wrong


@dataclass(frozen=True, eq=False)
class ResponseLog:
    """Interactions of many students, one per question asked, in compact arrays (rows of ragged lengths end to end).

    Args:
        bank: The question bank that ``questions`` indexes.
        student_ids: Each student's id as the log writes it, shape ``(n_students,)``; unique.
        offsets: ``(n_students + 1,)`` int64: student ``i`` has the interactions ``offsets[i]:offsets[i + 1]``.
        questions: ``(n_interactions,)`` int32 indices into the bank.
        responses: ``(n_interactions,)`` int8, 1 right at first attempt, 0 wrong.
        source: Where the log came from, for messages.

    Raises:
        LogError: If the arrays don't agree with each other or with the bank.
    """

    bank: QuestionBank
    student_ids: tuple[str, ...]
    offsets: NDArray[np.int64]
    questions: NDArray[np.int32]
    responses: NDArray[np.int8]
    source: str = field(default="")

    def __post_init__(self) -> None:
        if len(set(self.student_ids)) != len(self.student_ids):
            raise LogError("student_ids: expected each student once; merge the parts of a student that stands twice.")
        if len(self.offsets) != len(self.student_ids) + 1 or int(self.offsets[-1]) != len(self.questions):
            raise LogError(
                f"offsets: expected {len(self.student_ids) + 1} entries ending at {len(self.questions)}, "
                f"got {len(self.offsets)} ending at {int(self.offsets[-1]) if len(self.offsets) else 'nothing'}."
            )
        if len(self.responses) != len(self.questions):
            raise LogError(f"responses: expected {len(self.questions)} entries, got {len(self.responses)}.")
        if len(self.responses) and not np.isin(self.responses, (WRONG, RIGHT)).all():
            raise LogError("responses: expected only 0 (wrong) and 1 (right).")
        if len(self.questions) and not 0 <= self.questions.min() <= self.questions.max() < self.bank.n_questions:
            raise LogError(f"questions: expected indices from 0 to {self.bank.n_questions - 1}.")
        for array in (self.offsets, self.questions, self.responses):
            array.setflags(write=False)

    def __repr__(self) -> str:
        """Source, counts and bank: the ids alone would fill pages."""
        counts = f"n_students={self.n_students}, n_interactions={self.n_interactions}"
        return f"ResponseLog(source={self.source!r}, {counts}, bank={self.bank.name!r})"

    @classmethod
    def from_histories(cls, bank: QuestionBank, histories: Sequence[StudentHistory], source: str = "") -> ResponseLog:
        """Join single histories into a log."""
        lengths = [len(history.questions) for history in histories]
        return cls(
            bank=bank,
            student_ids=tuple(history.student_id for history in histories),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            questions=np.concatenate([np.empty(0, np.int32), *(h.questions for h in histories)]),
            responses=np.concatenate([np.empty(0, np.int8), *(h.responses for h in histories)]),
            source=source,
        )

    @property
    def n_students(self) -> int:
        """Number of students."""
        return len(self.student_ids)

    @property
    def n_interactions(self) -> int:
        """Number of interactions of all students together."""
        return len(self.questions)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over bank, students and interactions."""
        digest = hashlib.sha256(json.dumps([self.bank.fingerprint, self.student_ids]).encode())
        for array in (self.offsets, self.questions, self.responses):
            digest.update(array.tobytes())
        return digest.hexdigest()

    @property
    def lengths(self) -> NDArray[np.int64]:
        """``(n_students,)`` int64: number of interactions of each student."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return self.n_students

    def __iter__(self) -> Iterator[StudentHistory]:
        return (self.student(i) for i in range(self.n_students))

    def student(self, index: int) -> StudentHistory:
        """The history of one student (views, not copies)."""
        span = slice(int(self.offsets[index]), int(self.offsets[index + 1]))
        return StudentHistory(self.student_ids[index], self.questions[span], self.responses[span])

    def select(self, students: Sequence[int] | NDArray[np.integer]) -> ResponseLog:
        """The log of these students only (indices, in the given order), over the same bank."""
        return ResponseLog.from_histories(self.bank, [self.student(int(i)) for i in students], self.source)
