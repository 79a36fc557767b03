"""Recommenders that read the student: the weakest target, and the zone of proximal development.

They read mastery and success probability from the environment's student model, as a tutor reads them from a
knowledge-tracing model. They never try a question out on it; `GreedyRecommender` does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.recommenders.legal import Choices
from ldsim_env.recommenders.protocol import Action, Env, Info

EVEN_CHANCE = 0.5


class WeakestRecommender:
    """A random legal question of the target with the least mastery.

    A target whose questions are used up is passed over; when all are, any legal question.
    """

    name = "weakest"

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode."""
        self._choices, self._rng = Choices.of(env), rng

    def recommend(self, observation: Any, info: Info) -> Action:
        """Pick a legal question of the weakest target."""
        return self._choices.action(self._rng.choice(self._choices.on_weakest_target(info)), info)


class ZPDRecommender:
    """The legal question of a target that the student answers right with a probability nearest 0.5.

    Neither too easy nor too hard: Vygotsky's zone of proximal development. Ties go to the question that comes first in
    the bank; when the targets' questions are used up, all legal questions compete.
    """

    name = "zpd"

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode; ``rng`` is not used."""
        self._choices = Choices.of(env)

    def recommend(self, observation: Any, info: Info) -> Action:
        """Pick the legal question of a target with P(right) nearest 0.5."""
        question = _nearest_even_chance(self._choices, self._choices.on_targets(info))
        return self._choices.action(question, info)


class ZPDWeakestRecommender:
    """As `ZPDRecommender`, but only among the questions of the target with the least mastery."""

    name = "zpd-weakest"

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode; ``rng`` is not used."""
        self._choices = Choices.of(env)

    def recommend(self, observation: Any, info: Info) -> Action:
        """Pick the legal question of the weakest target with P(right) nearest 0.5."""
        question = _nearest_even_chance(self._choices, self._choices.on_weakest_target(info))
        return self._choices.action(question, info)


def _nearest_even_chance(choices: Choices, questions: NDArray[np.int64]) -> int:
    prob = choices.env.answer_probs()[questions]
    return int(questions[np.argmin(np.abs(prob - EVEN_CHANCE))])
