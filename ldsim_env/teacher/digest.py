"""A student's history digested for the teacher: counts and the answers on a concept, not a raw list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.logs.response_log import RIGHT, ResponseLog
from ldsim_env.teacher.graph import ConceptGraph, Relation
from ldsim_env.teacher.prompts import Course, readable

_WORDS = {True: "right", False: "wrong"}


@dataclass(frozen=True)
class DigestSettings:
    """What of a history the teacher is told.

    Args:
        history: The last so many interactions count.
        answers: The last so many answers on the judged concept are listed.
        evidence: At most so many prerequisites and so many other connected concepts are told, the most confident.
    """

    history: int = 200
    answers: int = 12
    evidence: int = 3

    def __post_init__(self) -> None:
        if self.history < 1 or self.answers < 1 or self.evidence < 0:
            raise SettingsError(
                f"history, answers, evidence: expected at least 1, 1 and 0, got {self.history}, {self.answers} and "
                f"{self.evidence}."
            )


class Tally(NamedTuple):
    """k of n right."""

    right: int
    n: int

    @property
    def percent(self) -> int:
        """Right answers in percent, rounded; 0 where there are none at all."""
        return round(100 * self.right / self.n) if self.n else 0


class HistoryDigest:
    """Digests histories over one bank.

    Args:
        bank: The course.
        course: Its texts.
        graph: Relations over the bank; None tells nothing of connected concepts.
        settings: What is told.
    """

    def __init__(
        self, bank: QuestionBank, course: Course, graph: ConceptGraph | None, settings: DigestSettings
    ) -> None:
        self._bank, self._course, self._settings = bank, course, settings
        aligned = graph.for_bank(bank) if graph is not None else None
        concepts = range(bank.n_concepts)
        self._before = [_others(aligned.before(k), k) if aligned else () for k in concepts]
        self._near = [_others(aligned.near(k), k) if aligned else () for k in concepts]
        self._question_texts = [self._typical_text(k) if course.question_texts else "" for k in concepts]

    def values(self, log: ResponseLog, student: int, cut: int, concept: int) -> dict[str, Any]:
        """What stands for the placeholders of the mastery template.

        Args:
            log: The log, over the bank.
            student: Index of the student.
            cut: Interactions before the moment; later ones are not looked at.
            concept: Index of the judged concept.
        """
        history = log.student(student)
        recent = slice(max(cut - self._settings.history, 0), cut)
        met = self._bank.concept_matrix[history.questions[recent]]
        right = history.responses[recent] == RIGHT
        tally = _Tallies(met, right)
        answers = right[met[:, concept]][-self._settings.answers :]
        return {
            "subject": self._course.subject,
            "level": self._course.level,
            "concept": readable(self._bank.concept_names[concept]),
            "text": self._course.concept_texts.get(self._bank.concept_ids[concept], ""),
            "question_text": self._question_texts[concept],
            "own": {**_told(tally.of(concept)), "answers": ", ".join(_WORDS[bool(one)] for one in answers)},
            "before": self._evidence(tally, self._before[concept]),
            "near": self._evidence(tally, self._near[concept]),
            "overall": _told(Tally(int(right.sum()), len(right))),
        }

    def _evidence(self, tallies: _Tallies, concepts: tuple[int, ...]) -> list[dict[str, Any]]:
        """The tallies of the connected concepts that the student has met."""
        met = [(k, tally) for k in concepts if (tally := tallies.of(k)).n][: self._settings.evidence]
        return [{"concept": readable(self._bank.concept_names[k]), **_told(tally)} for k, tally in met]

    def _typical_text(self, concept: int) -> str:
        """The text of the first question on the concept alone, or of the first at all, that has one."""
        texts = self._course.question_texts
        asked = sorted(self._bank.questions_of(concept), key=lambda q: len(self._bank.concepts_of(int(q))))
        return next((texts[one] for q in asked if (one := self._bank.question_ids[q]) in texts), "")


class _Tallies:
    """Right answers and answers on each concept."""

    def __init__(self, met: NDArray[np.bool_], right: NDArray[np.bool_]) -> None:
        self._n, self._right = met.sum(axis=0), met[right].sum(axis=0)

    def of(self, concept: int) -> Tally:
        return Tally(int(self._right[concept]), int(self._n[concept]))


def _told(tally: Tally) -> dict[str, Any]:
    return {"right": tally.right, "n": tally.n, "percent": tally.percent}


def _others(relations: tuple[Relation, ...], concept: int) -> tuple[int, ...]:
    return tuple(one.target if one.source == concept else one.source for one in relations)
