"""From answers to a graph: the rule that decides each pair, and the refusal of answers that decide nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import TeacherError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.teacher.asking import share_of_nan
from ldsim_env.teacher.cycles import break_cycles
from ldsim_env.teacher.graph import ConceptGraph, Relation, undirected
from ldsim_env.teacher.provenance import Provenance
from ldsim_env.teacher.relation_answers import RelationAnswers

_MANY = 20  # with fewer pairs, all connected or none in order may well be the truth
_SAME = 0.05  # logits: answers that spread less don't depend on the question
_LEAST_ORDERED = 0.05  # share of the connected pairs


def decide_relations(answers: RelationAnswers, bank: QuestionBank) -> ConceptGraph:
    """Apply the rule: connected and a clear order is a prerequisite, connected without one is related.

    The confidence of a related pair is P(connected); of a prerequisite, P(connected) times P(this order). Of each
    concept the most confident relations are kept (see the settings), then cycles are broken at the weakest edge. Pairs
    on which the teacher abstains or contradicts itself have no relation.

    Args:
        answers: Answers about the bank's concepts.
        bank: The course.

    Raises:
        TeacherError: If the answers are such that no graph should be made of them; see `refuse_bad_answers`.
    """
    refuse_bad_answers(answers)
    settings, connected = answers.settings, answers.is_connected
    ordered = connected & (np.abs(answers.order) > settings.order_margin)
    prerequisites = _prerequisites(answers, ordered)
    related = _related(answers, connected & ~ordered)
    strong = _strongest(prerequisites, settings.most_prerequisites, sides=(1,))
    alike = _strongest(related, settings.most_related, sides=(0, 1))
    kept, removed = break_cycles(strong)
    dropped = len(prerequisites) + len(related) - len(strong) - len(alike)
    return ConceptGraph(
        concept_ids=bank.concept_ids,
        concept_names=bank.concept_names,
        prerequisites=kept,
        related=alike,
        removed=removed,
        provenance=Provenance("unknown", counts=_counts(answers, dropped), settings=asdict(settings)),
    )


def refuse_bad_answers(answers: RelationAnswers, *, order: bool = True) -> None:
    """Refuse empty, off-topic, contradictory, all-yes and all-no answers, and answers that order nothing.

    Args:
        answers: The answers.
        order: Whether the order has been asked for as well.

    Raises:
        TeacherError: With the numbers.
    """
    if not len(answers.pairs):
        raise TeacherError("bank: expected at least 2 concepts to relate, got no pair to ask about.")
    faults = list(_faults(answers, order))
    if faults:
        settings = answers.settings
        raise TeacherError(
            f"The teacher's answers about {len(answers.pairs)} pairs make no graph: {'; '.join(faults)} (allowed: at "
            f"least {settings.least_answered:.0%} answered, at most {settings.most_connected:.0%} connected, at most "
            f"{settings.most_contradictory:.0%} contradictory, at most {settings.most_isolated:.0%} of the concepts "
            "alone). Take a larger model, or check the concepts' names, the subject and the templates."
        )


def _faults(answers: RelationAnswers, order: bool) -> Iterator[str]:
    settings = answers.settings
    silent = share_of_nan(answers.connected)
    if silent > 1 - settings.least_answered:
        yield f"no usable answer to {silent:.0%} of the prompts"
        return  # the rest says nothing about a teacher that is silent
    contradictory = float(answers.contradictory.mean())
    if contradictory > settings.most_contradictory:
        yield f"surely connected in one order and surely not in the other in {contradictory:.0%} of the pairs"
    yield from _undecided(answers)
    yield from _scattered(answers)
    if order:
        yield from _unordered(answers)


def _undecided(answers: RelationAnswers) -> Iterator[str]:
    """Yes to everything, no to everything, or the same to everything."""
    relatedness = answers.relatedness[~np.isnan(answers.relatedness)]
    if not len(relatedness):
        return
    yes = float((relatedness > answers.settings.threshold).mean())
    if yes == 0:
        yield f"not one of {len(relatedness)} pairs is connected"
    elif yes > answers.settings.most_connected and len(relatedness) >= _MANY:
        yield f"{yes:.0%} of the pairs are connected"
    elif _is_same(relatedness) and len(relatedness) > 2:
        yield f"the same answer to all {len(relatedness)} pairs (log-odds {relatedness.mean():.2f})"


def _scattered(answers: RelationAnswers) -> Iterator[str]:
    """Most concepts alone."""
    n_concepts, joined = len(answers.grade), np.unique(answers.pairs[answers.is_connected])
    isolated = 1 - len(joined) / n_concepts
    if isolated > answers.settings.most_isolated and len(joined) and n_concepts >= _MANY:
        yield f"{isolated:.0%} of {n_concepts} concepts are connected with none"


def _unordered(answers: RelationAnswers) -> Iterator[str]:
    """Each before the other, or no order at all."""
    asked = ~np.isnan(answers.position).any(axis=1)
    contradictory = float(answers.contradictory_order[asked].mean()) if asked.any() else 0.0
    if contradictory > answers.settings.most_contradictory:
        yield f"each concept surely before the other in {contradictory:.0%} of {asked.sum()} pairs"
    if asked.sum() > 2 and _is_same(answers.position[asked]) and _is_same(answers.grade):
        yield f"the same answer to every question of order (the one named first by {answers.position_bias:.1f} logits)"
    connected = answers.is_connected
    ordered = float((np.abs(answers.order[connected]) > answers.settings.order_margin).mean()) if connected.any() else 1
    if ordered < _LEAST_ORDERED and connected.sum() >= _MANY:
        yield f"an order in {ordered:.0%} of {connected.sum()} connected pairs only"


def _is_same(values: NDArray[np.float64]) -> bool:
    """Whether all answers are alike, or there are none."""
    known = values[~np.isnan(values)]
    return not len(known) or float(known.std()) < _SAME


def _prerequisites(answers: RelationAnswers, which: NDArray[np.bool_]) -> list[Relation]:
    confidence = _probability(answers.relatedness) * _probability(np.abs(answers.order))
    return [
        Relation(*((int(a), int(b)) if order > 0 else (int(b), int(a))), float(sure))
        for (a, b), order, sure in zip(answers.pairs[which], answers.order[which], confidence[which], strict=True)
    ]


def _related(answers: RelationAnswers, which: NDArray[np.bool_]) -> list[Relation]:
    confidence = _probability(answers.relatedness[which])
    return [
        undirected(int(a), int(b), float(sure)) for (a, b), sure in zip(answers.pairs[which], confidence, strict=True)
    ]


def _probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    probability: NDArray[np.float64] = 1 / (1 + np.exp(-log_odds))
    return probability


def _strongest(relations: Sequence[Relation], most: int, sides: Sequence[int]) -> tuple[Relation, ...]:
    """The most confident relations, as long as none of the concepts on these sides has more than ``most``."""
    filled: Counter[int] = Counter()
    kept = []
    for one in sorted(relations, key=lambda one: (-one.confidence, one.source, one.target)):
        concepts = [one[side] for side in sides]
        if most == 0 or all(filled[int(concept)] < most for concept in concepts):
            filled.update(int(concept) for concept in concepts)
            kept.append(one)
    return tuple(kept)


def _counts(answers: RelationAnswers, dropped: int) -> dict[str, float]:
    asked_order = ~np.isnan(answers.position).all(axis=1)
    return {
        "pairs_asked": len(answers.pairs),
        "pairs_connected": int(answers.is_connected.sum()),
        "pairs_unanswered": int(np.isnan(answers.connected).any(axis=1).sum()),
        "pairs_contradictory": int(answers.contradictory.sum()),
        "orders_asked": int(asked_order.sum()),
        "orders_contradictory": int(answers.contradictory_order.sum()),
        "grades_unanswered": int(np.isnan(answers.grade).sum()),
        "position_bias": round(answers.position_bias, 3),
        "relations_dropped": dropped,
    }
