"""The last interactions of each student, those before the episode included: what a tutor really sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.questions import NO_QUESTION
from ldsim_env.envs.session import Answers
from ldsim_env.logs.response_log import StudentHistory


class RecentInteractions:
    """The last ``length`` interactions of n students, the newest at the end.

    Attributes:
        questions: ``(n, length)`` int64, `NO_QUESTION` where the student has fewer.
        responses: ``(n, length)`` int8, 1 right, 0 wrong or nothing.
    """

    def __init__(self, n: int, length: int):
        self.questions = np.full((n, length), NO_QUESTION)
        self.responses = np.zeros((n, length), np.int8)

    @property
    def length(self) -> int:
        """Interactions that are kept of each student."""
        return self.questions.shape[1]

    def begin(self, students: NDArray[np.int64], histories: Sequence[StudentHistory]) -> None:
        """Start anew for some of the students, with what each of them answered before the episode."""
        self.questions[students], self.responses[students] = NO_QUESTION, 0
        if not self.length:
            return
        for student, history in zip(students.tolist(), histories, strict=True):
            n = min(self.length, len(history.questions))
            if n:
                self.questions[student, -n:] = history.questions[-n:]
                self.responses[student, -n:] = history.responses[-n:]

    def enter(self, answers: Answers) -> None:
        """Add the questions that were asked, each at the end of its student's row."""
        if not self.length:
            return
        asked = answers.asked
        for kept, new in ((self.questions, answers.question), (self.responses, answers.response)):
            kept[asked] = np.column_stack([kept[asked, 1:], new[asked]])
