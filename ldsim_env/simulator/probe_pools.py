"""Which questions a scripted recommender chooses among: a short list for each student, drawn up before the episode.

A bank has thousands of questions and a script asks a few dozen, so it looks at a short list instead of the whole bank
at every step: the easiest of all that are unrelated to the targets, a random choice of those that practise them, ...
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ldsim_env.simulator.probe_ground import ProbeGround

NONE = -1  # fills up where a student has fewer questions
AT_LEAST = 120
RANDOM_STREAM, CONCEPT_STREAM = 11, 12

Pool = Callable[[ProbeGround], NDArray[np.int64]]
"""Gives ``(n, m)`` question indices, `NONE` where a student has fewer."""


def easiest_unrelated(ground: ProbeGround) -> NDArray[np.int64]:
    """The unrelated questions with the highest P(right) at the start."""
    return _best(ground, ground.prob, ~ground.on_target)


def hardest_unrelated(ground: ProbeGround) -> NDArray[np.int64]:
    """The unrelated questions with the lowest P(right) at the start."""
    return _best(ground, -ground.prob, ~ground.on_target)


def both_ends_unrelated(ground: ProbeGround) -> NDArray[np.int64]:
    """As many of the easiest as of the hardest unrelated questions."""
    return np.concatenate([easiest_unrelated(ground), hardest_unrelated(ground)], axis=1)


def random_unrelated(ground: ProbeGround) -> NDArray[np.int64]:
    """Unrelated questions."""
    return _best(ground, _noise(ground), ~ground.on_target)


def random_of_bank(ground: ProbeGround) -> NDArray[np.int64]:
    """Any questions."""
    return _best(ground, _noise(ground), np.ones_like(ground.on_target))


def random_of_targets(ground: ProbeGround) -> NDArray[np.int64]:
    """Questions of the targets."""
    return _best(ground, _noise(ground), ground.on_target)


def easiest_of_targets(ground: ProbeGround) -> NDArray[np.int64]:
    """The questions of the targets with the highest P(right) at the start."""
    return _best(ground, ground.prob, ground.on_target)


def hardest_of_targets(ground: ProbeGround) -> NDArray[np.int64]:
    """The questions of the targets with the lowest P(right) at the start."""
    return _best(ground, -ground.prob, ground.on_target)


def one_unrelated(ground: ProbeGround) -> NDArray[np.int64]:
    """One unrelated question, another one for each student."""
    return random_unrelated(ground)[:, :1]


def easiest_and_hardest(ground: ProbeGround) -> NDArray[np.int64]:
    """Two unrelated questions: the easiest and the hardest."""
    return np.concatenate([easiest_unrelated(ground)[:, :1], hardest_unrelated(ground)[:, :1]], axis=1)


def one_concept_unrelated(ground: ProbeGround) -> NDArray[np.int64]:
    """The questions of one concept that is no target, another one for each student; none of them practises a target."""
    matrix = ground.bank.concept_matrix
    n_questions = (~ground.on_target).astype(np.float32) @ matrix.astype(np.float32)  # (n, K)
    large = n_questions >= np.minimum(ground.settings.min_questions, n_questions.max(1, keepdims=True))
    concept = np.where(large, ground.rng(CONCEPT_STREAM).random(large.shape), -1.0).argmax(1)
    return _best(ground, _noise(ground), matrix.T[concept] & ~ground.on_target)


def easiest_of_each_concept(ground: ProbeGround) -> NDArray[np.int64]:
    """The easiest unrelated question of each concept, ``(n, K)``, the concepts in a random order."""
    prob = np.where(ground.on_target, -1.0, ground.prob)
    pool = np.full((ground.n, ground.bank.n_concepts), NONE)
    for place, concept in enumerate(ground.rng(CONCEPT_STREAM).permutation(ground.bank.n_concepts).tolist()):
        questions = ground.bank.questions_of(concept)
        if len(questions):
            of_concept = prob[:, questions]
            pool[:, place] = np.where(of_concept.max(1) >= 0, questions[of_concept.argmax(1)], NONE)
    return pool


def search_pool(ground: ProbeGround) -> NDArray[np.int64]:
    """What the greedy probe looks at in turn: the easiest, the hardest, and twice as many at random, all unrelated."""
    size = max(ground.settings.n_greedy, ground.settings.steps)
    ends = [pool(ground)[:, :size] for pool in (easiest_unrelated, hardest_unrelated)]
    return np.concatenate([*ends, random_unrelated(ground)[:, : 2 * size]], axis=1)


def _noise(ground: ProbeGround) -> NDArray[np.float32]:
    return ground.rng(RANDOM_STREAM).random(ground.on_target.shape, dtype=np.float32)


def _best(ground: ProbeGround, score: NDArray[np.float32], allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The allowed questions with the highest score, best first; four times as many as an episode has steps."""
    size = min(max(4 * ground.settings.steps, AT_LEAST), score.shape[1])
    score = np.where(allowed, score, np.float32(-np.inf))
    found = np.argpartition(-score, size - 1, axis=1)[:, :size]
    scores = np.take_along_axis(score, found, axis=1)
    found = np.where(np.isfinite(scores), found, NONE)
    return np.take_along_axis(found, np.argsort(-scores, axis=1, kind="stable"), axis=1)
