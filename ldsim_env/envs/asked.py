"""Which questions each student was asked in the episode."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.questions import NO_QUESTION
from ldsim_env.envs.rows import ALL_ROWS, Rows, with_rows

FIRST_CAPACITY = 32


class AskedQuestions:
    """What n students were asked, as a list for each: a mask of a byte a question would take a hundred times as much.

    Args:
        n: Number of students.
        n_questions: Questions in the bank.

    Attributes:
        counts: ``(n,)`` int64, questions asked in the episode; replaced, never written to.
        most: No student was asked more.
    """

    def __init__(self, n: int, n_questions: int):
        self.counts = np.zeros(n, np.int64)
        self._n_questions = n_questions
        # (n, capacity), NO_QUESTION from counts on. Only places behind the counts are written to: see `snapshot`.
        self._lists = np.full((n, FIRST_CAPACITY), NO_QUESTION, np.int32)
        self._everyone = np.arange(n)
        self._goes_on = True  # False for a snapshot, behind whose counts others write
        self.most = 0

    def clear(self, rows: Rows = ALL_ROWS) -> None:
        """Forget what the students in ``rows`` were asked."""
        self.counts = with_rows(self.counts, rows, 0)
        self._lists = with_rows(self._lists, rows, NO_QUESTION)
        self.most = int(self.counts.max(initial=0))

    def add(self, questions: NDArray[np.int64], asked: NDArray[np.bool_]) -> None:
        """Each student was asked a question; ``asked`` is False where not. Both are ``(n,)``."""
        self._make_room()
        self._lists[self._everyone, self.counts] = np.where(asked, questions, NO_QUESTION)
        self.counts = self.counts + asked
        self.most += 1

    def contains(self, questions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each student was asked the questions of the same row; of the shape ``(n,)`` or ``(n, m)``."""
        used = self._asked()
        if questions.ndim == 1:
            return np.asarray((used == questions[:, None]).any(axis=1))
        found = np.zeros(questions.shape, bool)
        for asked in used.T:
            found |= questions == asked[:, None]
        return found

    def masks(self) -> NDArray[np.uint8]:
        """``(n, n_questions)``, 0 for the questions that were asked, 1 for the others; a new array."""
        asked = self._asked()
        masks = np.ones((len(asked), self._n_questions), np.uint8)
        rows, places = np.nonzero(asked != NO_QUESTION)
        masks[rows, asked[rows, places]] = 0
        return masks

    def snapshot(self) -> AskedQuestions:
        """What was asked up to now, to be read while the students go on: their lists grow only behind its counts."""
        then = AskedQuestions.__new__(AskedQuestions)  # as copy.copy, which takes several times as long
        then.__dict__ = self.__dict__.copy()
        then._goes_on = False
        return then

    def _asked(self) -> NDArray[np.int32]:
        """``(n, most questions asked)``; `NO_QUESTION` where a student was asked fewer."""
        lists = self._lists[:, : self.most]
        if self._goes_on:
            return lists
        return np.where(np.arange(lists.shape[1]) < self.counts[:, None], lists, NO_QUESTION)

    def _make_room(self) -> None:
        n, capacity = self._lists.shape
        if self.most < capacity:
            return
        self.most = int(self.counts.max(initial=0))
        if self.most == capacity:
            self._lists = np.concatenate([self._lists, np.full((n, capacity), NO_QUESTION, np.int32)], axis=1)
