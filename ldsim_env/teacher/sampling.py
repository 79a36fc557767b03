"""Which students a teacher judges, when, and on which concepts: practised, related and never met ones."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.teacher.graph import ConceptGraph


class Kind(IntEnum):
    """What a concept was to the student when it was judged."""

    PRACTISED = 0
    RELATED = 1  # not met, but the graph joins it to a practised one
    UNMET = 2  # neither: a pseudo record


@dataclass(frozen=True, eq=False)
class Judgements:
    """n times a student, a moment and a concept to judge; arrays of n entries.

    Args:
        student: int64 indices into the log.
        cut: int64: interactions of the student before the moment.
        concept: int64 indices into the bank.
        kind: int8 values of `Kind`.
        outcome: float64: the student's very next response where it is on the concept (1 right, 0 wrong), else NaN.
            For calibration and measuring; the teacher never sees it.
    """

    student: NDArray[np.int64]
    cut: NDArray[np.int64]
    concept: NDArray[np.int64]
    kind: NDArray[np.int8]
    outcome: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.student)

    @property
    def is_unmet(self) -> NDArray[np.bool_]:
        """``(n,)``: whether the student had not met the concept (related or not)."""
        unmet: NDArray[np.bool_] = self.kind != Kind.PRACTISED
        return unmet


@dataclass(frozen=True)
class SamplingSettings:
    """Which concepts of a history are judged.

    Args:
        concepts: Concepts for each history.
        shortest: Interactions before the earliest moment; with fewer there is nothing to judge from.
        longest: Interactions before the latest moment.
        unmet_share: Share of the judged concepts that the student has not met; half of them related to a practised
            concept as far as a graph is given.
    """

    concepts: int = 5
    shortest: int = 10
    longest: int = 200
    unmet_share: float = 0.4

    def __post_init__(self) -> None:
        if self.concepts < 1 or not 1 <= self.shortest <= self.longest:
            raise SettingsError(
                "concepts, shortest, longest: expected at least 1 concept and 1 <= shortest <= longest, got "
                f"{self.concepts}, {self.shortest}, {self.longest}."
            )
        if not 0 <= self.unmet_share <= 1:
            raise SettingsError(f"unmet_share: expected a share from 0 to 1, got {self.unmet_share}.")


_DEFAULT = SamplingSettings()


def sample_judgements(
    log: ResponseLog,
    n: int,
    rng: np.random.Generator,
    settings: SamplingSettings = _DEFAULT,
    graph: ConceptGraph | None = None,
) -> Judgements:
    """Draw histories and, for each, the concepts to judge.

    Each student comes once before any comes twice. The concepts of the next question are always judged, since there
    the teacher can be held against what the student really did.

    Args:
        log: Training students only: labels of others would leak into what is measured on them.
        n: Histories.
        rng: Draws students, moments and concepts.
        settings: Which concepts.
        graph: Relations over the log's bank; tells related concepts.

    Raises:
        SettingsError: If ``n`` is below 1 or no student is long enough.
    """
    able = np.flatnonzero(log.lengths > settings.shortest)
    if n < 1 or not len(able):
        raise SettingsError(
            f"n, shortest: expected at least 1 history of more than {settings.shortest} interactions, got {n} and "
            f"{len(able)} students with so many. Give a larger log or a smaller `shortest`."
        )
    students = np.concatenate([rng.permutation(able) for _ in range(-(-n // len(able)))])[:n]
    choose = _Choice(log, settings, neighbours_of(log.bank, graph), rng)
    moments = [(student, choose.cut(student)) for student in students.tolist()]
    places = [(student, cut, concept) for student, cut in moments for concept in choose.concepts(student, cut)]
    return judgements_at(log, np.array(places, np.int64).reshape(-1, 3), choose.neighbours)


def judgements_at(log: ResponseLog, places: NDArray[np.int64], neighbours: NDArray[np.bool_]) -> Judgements:
    """Judgements of these students, moments and concepts, with what the concept was and what came next.

    Args:
        log: The log.
        places: ``(n, 3)`` student, cut and concept.
        neighbours: ``(n_concepts, n_concepts)``: which concepts the graph joins.
    """
    student, cut, concept = places.T
    return Judgements(student, cut, concept, _kinds(log, places, neighbours), next_outcomes(log, places))


def neighbours_of(bank: QuestionBank, graph: ConceptGraph | None) -> NDArray[np.bool_]:
    """``(n_concepts, n_concepts)`` symmetric: which concepts of a bank a graph joins; none without a graph."""
    if graph is None:
        return np.zeros((bank.n_concepts, bank.n_concepts), bool)
    prerequisites, related = graph.arrays(bank)
    joined: NDArray[np.bool_] = (prerequisites + prerequisites.T + related) > 0
    return joined


def next_outcomes(log: ResponseLog, places: NDArray[np.int64]) -> NDArray[np.float64]:
    """``(n,)``: the student's very next response where it is on the concept, else NaN; places as (student, cut, k)."""
    outcome = np.full(len(places), np.nan)
    for row, (student, cut, concept) in enumerate(places):
        history = log.student(int(student))
        if cut < len(history.questions) and concept in log.bank.concepts_of(int(history.questions[cut])):
            outcome[row] = history.responses[cut]
    return outcome


def _kinds(log: ResponseLog, places: NDArray[np.int64], neighbours: NDArray[np.bool_]) -> NDArray[np.int8]:
    kinds = np.full(len(places), Kind.UNMET, np.int8)
    for row, (student, cut, concept) in enumerate(places):
        met = _met(log, int(student), int(cut))
        if met[concept]:
            kinds[row] = Kind.PRACTISED
        elif neighbours[concept][met].any():
            kinds[row] = Kind.RELATED
    return kinds


def _met(log: ResponseLog, student: int, cut: int) -> NDArray[np.bool_]:
    """``(n_concepts,)``: which concepts the student met in the first ``cut`` interactions."""
    met = log.bank.concept_matrix[log.student(student).questions[:cut]]
    return np.asarray(met.any(axis=0))


@dataclass(frozen=True)
class _Choice:
    """Draws a student's moment, and the concepts to judge then."""

    log: ResponseLog
    settings: SamplingSettings
    neighbours: NDArray[np.bool_]
    rng: np.random.Generator

    def cut(self, student: int) -> int:
        """Interactions before the moment; one is left after it to compare with."""
        last = min(int(self.log.lengths[student]) - 1, self.settings.longest)
        return int(self.rng.integers(self.settings.shortest, last + 1))

    def concepts(self, student: int, cut: int) -> list[int]:
        """The next question's concepts, then practised and unmet ones in the wanted shares as far as there are any."""
        upcoming = self.log.bank.concepts_of(int(self.log.student(student).questions[cut]))
        chosen = [int(concept) for concept in upcoming[: self.settings.concepts]]
        met = _met(self.log, student, cut)
        near = ~met & self.neighbours[:, met].any(axis=1)
        n_unmet = int(self.rng.binomial(self.settings.concepts - len(chosen), self.settings.unmet_share))
        chosen += self._draw(met, chosen, self.settings.concepts - len(chosen) - n_unmet)
        n_unmet = self.settings.concepts - len(chosen)  # more where too few were practised
        chosen += self._draw(near, chosen, int(self.rng.binomial(n_unmet, 0.5)))
        for pool in (~met & ~near, ~met, met):  # the later ones only where there are no more of those before
            chosen += self._draw(pool, chosen, self.settings.concepts - len(chosen))
        return chosen

    def _draw(self, pool: NDArray[np.bool_], chosen: list[int], wanted: int) -> list[int]:
        """Up to ``wanted`` more concepts of a pool."""
        others = self.rng.permutation(np.setdiff1d(np.flatnonzero(pool), chosen))
        return [int(concept) for concept in others[:wanted]]
