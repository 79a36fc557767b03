"""Actions that name a concept: its question nearest a wished success probability is asked."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.actions import nearest, no_offer, read_index
from ldsim_env.envs.questions import NO_QUESTION
from ldsim_env.envs.tutor_view import TutorView
from ldsim_env.logs.bank import QuestionBank


class ConceptAction:
    """An action is the index of a concept.

    Of the concept's questions that may be asked, the one whose P(right) by the observer is nearest the wished success
    is asked; ties go to the question that comes first in the bank.

    Args:
        bank: The question bank.
        wished_success: P(right) in (0, 1].
    """

    n_candidates = 0
    n_draws = 0

    def __init__(self, bank: QuestionBank, wished_success: float):
        self.space = gym.spaces.Discrete(bank.n_concepts)
        self._names, self._wished_success = bank.concept_names, wished_success
        lists = [bank.questions_of(concept) for concept in range(bank.n_concepts)]
        self._n_questions = np.array([len(questions) for questions in lists])
        self._questions = np.full((bank.n_concepts, max(int(self._n_questions.max(initial=0)), 1)), NO_QUESTION)
        for concept, questions in enumerate(lists):
            self._questions[concept, : len(questions)] = questions

    def read(self, action: Any) -> NDArray[np.int64]:
        """See `ActionRule`."""
        return read_index(action, int(self.space.n), "a concept index")

    def offer(self, view: TutorView, students: NDArray[np.int64], uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
        """Nothing; see `ActionRule`."""
        return no_offer(students)

    def to_questions(self, actions: NDArray[np.int64], view: TutorView) -> NDArray[np.int64]:
        """The concept's question nearest the wished success, ``(n,)``; `NO_QUESTION` where all were asked."""
        questions = self._questions[actions, : max(int(self._n_questions[actions].max(initial=0)), 1)]
        legal = view.session.legal(questions) & (questions != NO_QUESTION)
        distance = np.abs(view.observer.answer_probs(np.maximum(questions, 0)) - self._wished_success)
        chosen = nearest(np.where(legal, distance, np.inf))
        return np.where(legal.any(axis=1), questions[np.arange(len(actions)), chosen], NO_QUESTION)

    def masks(self, view: TutorView) -> NDArray[np.uint8]:
        """1 for the concepts of which a question may be asked."""
        with_questions = np.flatnonzero(self._n_questions)
        masks = np.zeros((len(view.session.targets), len(self._names)), np.uint8)
        members = np.concatenate([self._questions[k, : self._n_questions[k]] for k in with_questions])
        starts = np.concatenate([[0], np.cumsum(self._n_questions[with_questions])[:-1]])
        masks[:, with_questions] = np.maximum.reduceat(view.session.action_masks()[:, members], starts, axis=1)
        return masks

    def refusal(self, action: Any) -> str:
        """See `ActionRule`."""
        return f"no question of concept {self._names[int(action)]!r} is left to ask in this episode"
