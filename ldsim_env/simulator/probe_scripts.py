"""The scripted recommenders of the probes: each chooses the best of a short list of questions at every step.

A question is asked again only when the whole list was asked as often: so a list of one question is one question
repeated, and a list of two is two questions in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ldsim_env.simulator import probe_pools as pools
from ldsim_env.simulator.probe_ground import ProbeGround
from ldsim_env.simulator.probe_pools import Pool
from ldsim_env.simulator.probe_search import best_constant, expected_gains
from ldsim_env.simulator.protocol import State

NOT_LOOKED_AT = -100.0  # below every gain
Kind = Literal["unrelated", "any", "practice"]


@dataclass(frozen=True)
class Moment:
    """What a script may look at before it chooses.

    Args:
        ground: Students, targets, bank.
        state: The students' knowledge.
        pool: ``(n, m)`` questions to choose among, `NONE` where a student has fewer.
        prob: ``(n, m)`` P(right) of each.
        mastery: ``(n, n_concepts)``.
        step: Questions asked so far.
        rng: For scripts that choose at random.
    """

    ground: ProbeGround
    state: State
    pool: NDArray[np.int64]
    prob: NDArray[np.float32]
    mastery: NDArray[np.float32]
    step: int
    rng: np.random.Generator

    @property
    def is_second_half(self) -> bool:
        """Whether half of the episode is over."""
        return 2 * self.step >= self.ground.settings.steps


Score = Callable[[Moment], NDArray[np.floating]]
"""Gives ``(n, m)``: the question of the pool with the highest score is asked."""


@dataclass(frozen=True)
class Script:
    """One scripted recommender.

    Args:
        kind: ``"practice"`` asks questions of the targets only, ``"unrelated"`` none of them, ``"any"`` whatever comes.
        pool: What it chooses among.
        score: How it chooses.
    """

    kind: Kind
    pool: Pool
    score: Score


def easiest(moment: Moment) -> NDArray[np.floating]:
    """Highest P(right) now."""
    return moment.prob


def hardest(moment: Moment) -> NDArray[np.floating]:
    """Lowest P(right) now."""
    return -moment.prob


def in_order(moment: Moment) -> NDArray[np.floating]:
    """As the pool has them."""
    return -np.arange(moment.pool.shape[1], dtype=np.float32) + np.zeros(moment.pool.shape, np.float32)


def near_even(moment: Moment) -> NDArray[np.floating]:
    """P(right) nearest 0.5: the zone of proximal development."""
    return -abs(moment.prob - 0.5)


def even_on_weakest_target(moment: Moment) -> NDArray[np.floating]:
    """P(right) nearest 0.5 among the questions of the target with the lowest mastery."""
    targets = moment.ground.targets
    level = np.take_along_axis(moment.mastery, targets, axis=1)
    weakest = np.take_along_axis(targets, level.argmin(1, keepdims=True), axis=1)
    return near_even(moment) + moment.ground.bank.concept_matrix[moment.pool, weakest]


def weakest_concept(moment: Moment) -> NDArray[np.floating]:
    """Lowest mean mastery of a question's concepts."""
    return -strongest_concept(moment)


def strongest_concept(moment: Moment) -> NDArray[np.floating]:
    """Highest mean mastery of a question's concepts."""
    concepts = moment.ground.bank.question_concepts[moment.pool]  # (n, m, C), negative where padded
    known = concepts >= 0
    level = np.take_along_axis(moment.mastery[:, None], np.maximum(concepts, 0).astype(np.int64), axis=2)
    return np.asarray((level * known).sum(2) / np.maximum(known.sum(2), 1))


def hardest_then_easiest(moment: Moment) -> NDArray[np.floating]:
    """The hardest in the first half of the episode, the easiest in the second."""
    return moment.prob if moment.is_second_half else -moment.prob


def easiest_then_hardest(moment: Moment) -> NDArray[np.floating]:
    """The easiest in the first half of the episode, the hardest in the second."""
    return -hardest_then_easiest(moment)


def greedy(moment: Moment) -> NDArray[np.floating]:
    """Highest expected rise of the exam score, among a few questions of the pool drawn anew at each step."""
    looked_at = moment.rng.random(moment.pool.shape).argsort(1)[:, : moment.ground.settings.n_greedy]
    questions = np.take_along_axis(moment.pool, looked_at, axis=1)
    gains = expected_gains(moment.ground, moment.state, np.maximum(questions, 0))
    score = np.full(moment.pool.shape, NOT_LOOKED_AT)
    np.put_along_axis(score, looked_at, gains, axis=1)
    return score


SCRIPTS: dict[str, Script] = {
    "one question repeated": Script("unrelated", pools.one_unrelated, in_order),
    "two questions alternated": Script("unrelated", pools.easiest_and_hardest, in_order),
    "easiest unrelated": Script("unrelated", pools.easiest_unrelated, easiest),
    "hardest unrelated": Script("unrelated", pools.hardest_unrelated, hardest),
    "easiest of other concepts in turn": Script("unrelated", pools.easiest_of_each_concept, in_order),
    "one unrelated concept flooded": Script("unrelated", pools.one_concept_unrelated, in_order),
    "weakest unrelated concepts first": Script("unrelated", pools.random_unrelated, weakest_concept),
    "strongest unrelated concepts first": Script("unrelated", pools.random_unrelated, strongest_concept),
    "hardest first, then easiest": Script("unrelated", pools.both_ends_unrelated, hardest_then_easiest),
    "easiest first, then hardest": Script("unrelated", pools.both_ends_unrelated, easiest_then_hardest),
    "random unrelated": Script("unrelated", pools.random_unrelated, in_order),
    "best constant question": Script("unrelated", best_constant, in_order),
    "greedy on unrelated": Script("unrelated", pools.search_pool, greedy),
    "random": Script("any", pools.random_of_bank, in_order),
    "targets, random": Script("practice", pools.random_of_targets, in_order),
    "targets, success near 0.5": Script("practice", pools.random_of_targets, near_even),
    "weakest target, success near 0.5": Script("practice", pools.random_of_targets, even_on_weakest_target),
    "targets, easiest": Script("practice", pools.easiest_of_targets, easiest),
    "targets, hardest": Script("practice", pools.hardest_of_targets, hardest),
}
"""Every script by name. The two "success near 0.5" are ZPD and ZPD on the weakest target."""

RANDOM_PRACTICE = "targets, random"
"""What nothing unrelated may earn more than."""
