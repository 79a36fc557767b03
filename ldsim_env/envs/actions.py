"""What an action is: the rule that turns it into a question, for n students at once. Questions are the simplest.

The other rules are in `concept_action`, `candidate_action` and `embedding_action`. A rule holds no student's state, so
one rule serves any number of students.
"""

from __future__ import annotations

import operator
from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from gymnasium.error import InvalidAction
from numpy.typing import NDArray

from ldsim_env.envs.questions import NO_QUESTION
from ldsim_env.envs.tutor_view import TutorView
from ldsim_env.logs.bank import QuestionBank

TIE = 1e-6


class ActionRule(Protocol):
    """One kind of action."""

    @property
    def space(self) -> gym.Space[Any]:
        """The action space of one student."""
        ...

    @property
    def n_candidates(self) -> int:
        """Questions offered to each student at each step; 0 where actions name questions of the whole bank."""
        ...

    @property
    def n_draws(self) -> int:
        """Random numbers that `offer` takes for each student."""
        ...

    def read(self, action: Any) -> NDArray[Any]:
        """One student's action as a batch of one.

        Raises:
            gymnasium.error.InvalidAction: If it isn't of the action space.
        """
        ...

    def offer(self, view: TutorView, students: NDArray[np.int64], uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
        """Choose the questions offered to some of the students for their next step.

        Args:
            view: All students.
            students: ``(m,)`` those who get an offer.
            uniforms: ``(m, n_draws)`` random numbers in [0, 1).

        Returns:
            ``(m, n_candidates)`` question indices, `NO_QUESTION` where there are fewer.
        """
        ...

    def to_questions(self, actions: NDArray[Any], view: TutorView) -> NDArray[np.int64]:
        """The question that each action asks, ``(n,)``; `NO_QUESTION` where none is left for it."""
        ...

    def masks(self, view: TutorView) -> NDArray[np.uint8] | None:
        """Which actions ask a question that may be asked, ``(n, n_actions)``; None where every action does."""
        ...

    def refusal(self, action: Any) -> str:
        """Say why an action that the mask forbids is refused."""
        ...


class QuestionAction:
    """An action is the index of the question to ask."""

    n_candidates = 0
    n_draws = 0

    def __init__(self, bank: QuestionBank):
        self.space = gym.spaces.Discrete(bank.n_questions)

    def read(self, action: Any) -> NDArray[np.int64]:
        """See `ActionRule`."""
        return read_index(action, int(self.space.n), "a question index")

    def offer(self, view: TutorView, students: NDArray[np.int64], uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
        """Nothing; see `ActionRule`."""
        return no_offer(students)

    def to_questions(self, actions: NDArray[np.int64], view: TutorView) -> NDArray[np.int64]:
        """The actions themselves."""
        return actions

    def masks(self, view: TutorView) -> NDArray[np.uint8]:
        """1 for the questions that may be asked."""
        return view.session.action_masks()

    def refusal(self, action: Any) -> str:
        """See `ActionRule`."""
        return f"question {action} was already asked in this episode"


def read_index(action: Any, n: int, what: str) -> NDArray[np.int64]:
    """An action of ``Discrete(n)`` as an array ``(1,)``.

    Raises:
        gymnasium.error.InvalidAction: If it is no integer from 0 to ``n - 1``; ``what`` says what it should be.
    """
    try:
        index = operator.index(action)
    except TypeError:
        index = NO_QUESTION
    if not 0 <= index < n:
        raise InvalidAction(f"action: expected {what}, an integer from 0 to {n - 1}, got {action!r}.")
    return np.array([index])


def no_offer(students: NDArray[np.int64]) -> NDArray[np.int64]:
    """The offer of a rule without candidates, ``(m, 0)``."""
    return np.empty((len(students), 0), np.int64)


def nearest(distance: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """The column of the least entry in each row of ``(n, m)``; ties go to the first.

    Entries that differ by rounding alone are a tie: a batch and a single student round differently.
    """
    least = distance.min(axis=1, keepdims=True)
    return np.asarray((distance <= least + TIE).argmax(axis=1))
