"""The concept graph: the teacher's world knowledge as relations between concepts, each with a confidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import TeacherError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.teacher.concept_matching import UNKNOWN, match_concepts
from ldsim_env.teacher.provenance import Provenance


class Relation(NamedTuple):
    """One relation: concept indices and a confidence in [0, 1]. A related pair has ``source < target``."""

    source: int
    target: int
    confidence: float


class GraphArrays(NamedTuple):
    """A graph as the student's network reads it; 0 where there is no relation."""

    prerequisites: NDArray[np.float32]  # (K, K): confidence that the row's concept is a prerequisite of the column's
    related: NDArray[np.float32]  # (K, K), symmetric


class GraphStats(NamedTuple):
    """Counts of a graph."""

    concepts: int
    prerequisites: int
    related: int
    isolated: int
    removed: int  # prerequisites that were taken out to break cycles
    depth: int  # prerequisites on the longest chain
    mean_confidence: float


@dataclass(frozen=True, eq=False)
class ConceptGraph:
    """Relations between the concepts of a course.

    Args:
        concept_ids: Each concept's id as the log writes it, shape ``(n_concepts,)``; unique.
        concept_names: Each concept's name, shape ``(n_concepts,)``.
        prerequisites: Directed: the source is learnt before the target and helps with it. Without cycles.
        related: Undirected, source < target; at most one relation, of either kind, between two concepts.
        removed: Prerequisites that were taken out since they closed a cycle.
        provenance: Where the relations come from.

    Raises:
        TeacherError: If an index or a confidence is out of range, a pair stands twice, or prerequisites form a cycle.
    """

    concept_ids: tuple[str, ...]
    concept_names: tuple[str, ...]
    prerequisites: tuple[Relation, ...]
    related: tuple[Relation, ...]
    removed: tuple[Relation, ...] = ()
    provenance: Provenance = field(default_factory=lambda: Provenance("unknown"))

    def __post_init__(self) -> None:
        if len(self.concept_names) != self.n_concepts or len(set(self.concept_ids)) != self.n_concepts:
            raise TeacherError(
                f"concept_ids: expected unique ids and as many concept_names, got {len(set(self.concept_ids))} "
                f"different of {self.n_concepts} ids and {len(self.concept_names)} names."
            )
        _check_relations((*self.prerequisites, *self.related), self.n_concepts)
        if any(one.source > one.target for one in self.related):
            raise TeacherError("related: expected each pair with the smaller index as source.")
        self.depths  # noqa: B018 - refuses cycles

    @property
    def n_concepts(self) -> int:
        """Number of concepts."""
        return len(self.concept_ids)

    @cached_property
    def depths(self) -> NDArray[np.int64]:
        """``(n_concepts,)``: prerequisites on the longest chain that leads to each concept."""
        before: dict[int, list[int]] = {concept: [] for concept in range(self.n_concepts)}
        for one in self.prerequisites:
            before[one.target].append(one.source)
        depths = np.zeros(self.n_concepts, np.int64)
        try:
            for concept in TopologicalSorter(before).static_order():
                depths[concept] = max((depths[source] + 1 for source in before[concept]), default=0)
        except CycleError as error:
            names = " -> ".join(self.concept_names[concept] for concept in reversed(error.args[1]))
            raise TeacherError(
                f"prerequisites: expected none that go in a circle, got {names}. Use break_cycles."
            ) from error
        return depths

    @property
    def isolated(self) -> tuple[int, ...]:
        """Indices of the concepts without any relation."""
        connected = {concept for one in (*self.prerequisites, *self.related) for concept in one[:2]}
        return tuple(concept for concept in range(self.n_concepts) if concept not in connected)

    def stats(self) -> GraphStats:
        """Count concepts, relations and depth."""
        relations = (*self.prerequisites, *self.related)
        return GraphStats(
            concepts=self.n_concepts,
            prerequisites=len(self.prerequisites),
            related=len(self.related),
            isolated=len(self.isolated),
            removed=len(self.removed),
            depth=int(self.depths.max(initial=0)),
            mean_confidence=float(np.mean([one.confidence for one in relations])) if relations else 0.0,
        )

    def before(self, concept: int) -> tuple[Relation, ...]:
        """Prerequisites of a concept, most confident first."""
        return _most_confident(one for one in self.prerequisites if one.target == concept)

    def near(self, concept: int) -> tuple[Relation, ...]:
        """Relations to the other neighbours of a concept (those that need it, and related ones), surest first."""
        needs = (one for one in self.prerequisites if one.source == concept)
        alike = (one for one in self.related if concept in one[:2])
        return _most_confident((*needs, *alike))

    def for_bank(self, bank: QuestionBank) -> ConceptGraph:
        """The graph over the concepts of a bank, in the bank's order.

        Concepts are the same if their names are (but for case and blanks), else if their ids are. Relations of
        concepts that the bank doesn't have are left out.

        Raises:
            TeacherError: If the bank has none of the graph's concepts.
        """
        index = match_concepts(self.concept_ids, self.concept_names, bank.concept_ids, bank.concept_names)
        if (index == UNKNOWN).all():
            raise TeacherError(
                f"bank: expected concepts of the graph ({', '.join(self.concept_names[:3])}, ...), bank {bank.name} "
                f"has none of its {self.n_concepts} ({', '.join(bank.concept_names[:3])}, ...). Give the course's bank."
            )
        return replace(
            self,
            concept_ids=bank.concept_ids,
            concept_names=bank.concept_names,
            prerequisites=_renumber(self.prerequisites, index),
            related=tuple(undirected(*one) for one in _renumber(self.related, index)),
            removed=_renumber(self.removed, index),
        )

    def arrays(self, bank: QuestionBank) -> GraphArrays:
        """The relations as matrices over the concepts of a bank; see `for_bank`."""
        aligned = self.for_bank(bank)
        related = _matrix(aligned.related, bank.n_concepts)
        return GraphArrays(_matrix(aligned.prerequisites, bank.n_concepts), np.maximum(related, related.T))


def undirected(first: int, second: int, confidence: float) -> Relation:
    """A related pair, the smaller index as source."""
    return Relation(min(first, second), max(first, second), confidence)


def _most_confident(relations: Iterable[Relation]) -> tuple[Relation, ...]:
    return tuple(sorted(relations, key=lambda one: (-one.confidence, one.source, one.target)))


def _renumber(relations: Sequence[Relation], index: NDArray[np.int64]) -> tuple[Relation, ...]:
    moved = (Relation(int(index[one.source]), int(index[one.target]), one.confidence) for one in relations)
    return tuple(one for one in moved if UNKNOWN not in one[:2])


def _matrix(relations: Sequence[Relation], n_concepts: int) -> NDArray[np.float32]:
    matrix = np.zeros((n_concepts, n_concepts), np.float32)
    for source, target, confidence in relations:
        matrix[source, target] = confidence
    return matrix


def _check_relations(relations: Sequence[Relation], n_concepts: int) -> None:
    pairs = set()
    for source, target, confidence in relations:
        if not (0 <= source < n_concepts and 0 <= target < n_concepts and source != target):
            raise TeacherError(
                f"relations: expected two different concepts of {n_concepts}, got {source} and {target}."
            )
        if not 0 <= confidence <= 1:
            raise TeacherError(f"relations: expected confidences from 0 to 1, got {confidence} for {source}, {target}.")
        pairs.add(frozenset((source, target)))
    if len(pairs) != len(relations):
        raise TeacherError(
            f"relations: expected one relation between two concepts, {len(relations) - len(pairs)} pairs stand twice."
        )
