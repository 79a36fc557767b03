"""Recommenders that don't look at the student: random questions, and a fixed order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.recommenders.legal import Choices
from ldsim_env.recommenders.protocol import Action, Env, Info


class RandomRecommender:
    """Any legal question of the whole bank, each as likely as the others.

    In a bank of thousands of questions few of them practise the targets, so this is what happens without a
    recommender; `RandomTargetRecommender` is the baseline that at least keeps to the subject.
    """

    name = "random"

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode."""
        self._choices, self._rng = Choices.of(env), rng

    def recommend(self, observation: Any, info: Info) -> Action:
        """Pick a legal question."""
        return self._choices.action(self._rng.choice(np.flatnonzero(self._choices.legal(info))), info)


class RandomTargetRecommender:
    """Any legal question that practises a target, each as likely as the others; then any legal question."""

    name = "random-target"

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode."""
        self._choices, self._rng = Choices.of(env), rng

    def recommend(self, observation: Any, info: Info) -> Action:
        """Pick a legal question of a target."""
        return self._choices.action(self._rng.choice(self._choices.on_targets(info)), info)


class FixedOrderRecommender:
    """A curriculum written down beforehand: the targets in turn, each from its easiest question to its hardest.

    The order is made at the start of an episode from the bank alone (its concepts' order and its difficulties), and
    neither mastery nor answers change it. The targets alternate rather than follow one another, so that every one of
    them gets its share of a short episode. Questions of equal difficulty come in the bank's order, as do all questions
    of a bank without difficulties. When the targets' questions are used up, the rest of the bank follows from easy to
    hard.
    """

    name = "fixed"

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode; ``rng`` is not used."""
        self._choices = Choices.of(env)
        self._order = _curriculum(self._choices)

    def recommend(self, observation: Any, info: Info) -> Action:
        """Pick the first legal question of the order."""
        legal = self._choices.legal(info)
        return self._choices.action(self._order[np.argmax(legal[self._order])], info)


def _curriculum(choices: Choices) -> NDArray[np.int64]:
    """Every question once: a question stands where the first of its targets asks for it."""
    bank = choices.env.bank
    easiest_first = np.argsort(bank.difficulty if bank.difficulty.size else np.zeros(bank.n_questions), kind="stable")
    place = np.full(bank.n_questions, bank.n_questions * choices.practises.shape[1], np.int64)
    in_bank_order = np.argsort(choices.env.targets, kind="stable")
    for turn, target in enumerate(in_bank_order):
        questions = easiest_first[choices.practises[easiest_first, target]]
        turns = np.arange(questions.size) * in_bank_order.size + turn
        place[questions] = np.minimum(place[questions], turns)
    return easiest_first[np.argsort(place[easiest_first], kind="stable")]
