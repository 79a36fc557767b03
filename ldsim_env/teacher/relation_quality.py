"""How good a teacher's relations are, against reference pairs: prerequisites, the same reversed, and unrelated ones."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import TeacherError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.teacher.asking import Ask, PromptBatch, ask_directly
from ldsim_env.teacher.concept_matching import UNKNOWN, match_concepts
from ldsim_env.teacher.graph import ConceptGraph
from ldsim_env.teacher.measures import auc
from ldsim_env.teacher.prompts import Course, Template
from ldsim_env.teacher.protocol import Teacher
from ldsim_env.teacher.relation_answers import RelationAnswers
from ldsim_env.teacher.relation_settings import RelationSettings
from ldsim_env.teacher.relations import relation_questions

_REVERSED, _UNRELATED = "reverse", "unrelated"
_COLUMNS = ("a", "b", "label", "kind")
_DEFAULT = RelationSettings()
_MATHEMATICS = Course()


@dataclass(frozen=True, eq=False)
class RelationReference:
    """Pairs of which it is known whether the first is a prerequisite of the second.

    Args:
        pairs: ``(n, 2)`` concept indices in a bank.
        label: ``(n,)`` 1 where it is a prerequisite.
        kind: ``(n,)`` ``"prereq"``, ``"reverse"`` or ``"unrelated"``.
    """

    pairs: NDArray[np.int64]
    label: NDArray[np.int8]
    kind: NDArray[np.str_]

    def asked(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """``(m, 2)`` the pairs that a teacher is asked about, each once, and ``(n,)`` where each pair stands there."""
        pairs, place = np.unique(np.sort(self.pairs, axis=1), axis=0, return_inverse=True)
        return pairs, place.reshape(-1)


class PartQuality(NamedTuple):
    """AUC of one score: against all other pairs, against reversed ones (direction), against unrelated ones."""

    all: float
    reversed: float
    unrelated: float


@dataclass(frozen=True)
class RelationQuality:
    """A teacher's relations against reference pairs.

    Args:
        pairs: Reference pairs.
        unanswered: Pairs without a score; the AUCs leave them out, the rule takes them for no prerequisite.
        parts: AUC of each part and of their combinations; ``"rule"`` is the score of the distillation's rule.
        accuracy: Of the rule's decision "is a prerequisite".
        precision: Of it; 0 where it decides so for no pair.
        recall: Of it.
    """

    pairs: int
    unanswered: int
    parts: dict[str, PartQuality]
    accuracy: float
    precision: float
    recall: float

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, for provenance; numbers that can't be had are None."""
        parts = {name: [_plain(value) for value in part] for name, part in self.parts.items()}
        rule = {name: _plain(getattr(self, name)) for name in ("accuracy", "precision", "recall")}
        return {"pairs": self.pairs, "unanswered": self.unanswered, "parts": parts, **rule}

    def __str__(self) -> str:
        rows = [f"{name:22s} {_three(*part)}" for name, part in self.parts.items()]
        head = f"{self.pairs} reference pairs ({self.unanswered} unanswered); AUC all / reversed / unrelated"
        rule = f"rule: accuracy {self.accuracy:.3f}, precision {self.precision:.3f}, recall {self.recall:.3f}"
        return "\n".join([head, *rows, rule])


def read_reference(path: Path, bank: QuestionBank) -> RelationReference:
    """Read reference pairs: a CSV with a, b (concept names), label (1 or 0) and kind.

    Raises:
        TeacherError: If it is no such file or names a concept that the bank doesn't have.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise TeacherError(f"{path}: expected reference pairs as CSV ({error}). Check the path.") from error
    if not rows or not set(_COLUMNS) <= set(rows[0]):
        raise TeacherError(f"{path}: expected the columns {', '.join(_COLUMNS)} and at least one row.")
    names = [row[side] for row in rows for side in ("a", "b")]
    index = _find(names, bank)
    missing = sorted({name for name, place in zip(names, index, strict=True) if place == UNKNOWN})
    if missing:
        raise TeacherError(f"{path}: bank {bank.name} doesn't have the concepts {', '.join(missing[:5])}.")
    return RelationReference(
        pairs=index.reshape(-1, 2),
        label=np.array([int(row["label"]) for row in rows], np.int8),
        kind=np.array([row["kind"] for row in rows]),
    )


def reference_batches(
    bank: QuestionBank,
    reference: RelationReference,
    settings: RelationSettings = _DEFAULT,
    *,
    course: Course = _MATHEMATICS,
    templates: dict[str, Template] | None = None,
) -> list[PromptBatch]:
    """What `ask_reference` asks, for a dry run."""
    pairs, _ = reference.asked()
    return relation_questions(bank, settings, course, templates).batches(pairs, ordered=pairs)


def ask_reference(
    bank: QuestionBank,
    teacher: Teacher,
    reference: RelationReference,
    settings: RelationSettings = _DEFAULT,
    *,
    course: Course = _MATHEMATICS,
    templates: dict[str, Template] | None = None,
    ask: Ask = ask_directly,
) -> RelationQuality:
    """Ask a teacher all parts about the reference pairs and measure its answers."""
    questions = relation_questions(bank, settings, course, templates)
    pairs, place = reference.asked()
    asked = questions.ask_connected(teacher, ask, pairs)
    asked = questions.ask_order(teacher, ask, asked, np.ones(len(pairs), bool))
    answers = asked.turned(place, reference.pairs[:, 0] > reference.pairs[:, 1])
    return relation_quality(reference, _scores(answers), answers.is_connected & (answers.order > settings.order_margin))


def refuse_chance(quality: RelationQuality, settings: RelationSettings = _DEFAULT) -> None:
    """Refuse a teacher that is little better than chance on reference pairs.

    Raises:
        TeacherError: With the numbers.
    """
    if quality.parts["rule"].all < settings.least_auc:
        raise TeacherError(
            f"The teacher's relations are little better than chance on the reference pairs: AUC "
            f"{quality.parts['rule'].all:.3f}, at least {settings.least_auc} expected. Take a larger model, or check "
            f"the concepts' names, the subject and the templates. In parts:\n{quality}"
        )


def graph_quality(graph: ConceptGraph, bank: QuestionBank, reference: RelationReference) -> RelationQuality:
    """Measure a finished graph; a pair's score is its confidence as a prerequisite, 0 where it is none."""
    source, target = reference.pairs.T
    confidence = graph.arrays(bank).prerequisites[source, target].astype(np.float64)
    return relation_quality(reference, {"rule": confidence}, confidence > 0)


def relation_quality(
    reference: RelationReference, scores: dict[str, NDArray[np.float64]], decided: NDArray[np.bool_]
) -> RelationQuality:
    """Measure scores and decisions.

    Args:
        reference: n pairs.
        scores: ``(n,)`` for each part, higher for a likelier prerequisite; NaN where the teacher abstained. One is
            called ``"rule"``.
        decided: ``(n,)`` whether the rule takes the pair for a prerequisite.
    """
    label = reference.label == 1
    right = int((decided & label).sum())
    return RelationQuality(
        pairs=len(label),
        unanswered=int(np.isnan(scores["rule"]).sum()),
        parts={name: _part(reference, score) for name, score in scores.items()},
        accuracy=float((decided == label).mean()),
        precision=right / max(int(decided.sum()), 1),
        recall=right / max(int(label.sum()), 1),
    )


def _scores(answers: RelationAnswers) -> dict[str, NDArray[np.float64]]:
    """Each part's score, and the product of P(connected) and P(this order) for combinations."""
    connected = _log_probability(answers.relatedness)
    return {
        "connected": answers.relatedness,
        "grade": answers.grades_between,
        "which": answers.first,
        "connected x grade": connected + _log_probability(answers.grades_between),
        "connected x which": connected + _log_probability(answers.first),
        "rule": connected + _log_probability(answers.order),
    }


def _log_probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    log_probability: NDArray[np.float64] = -np.log1p(np.exp(-log_odds))
    return log_probability


def _part(reference: RelationReference, score: NDArray[np.float64]) -> PartQuality:
    known, positive = ~np.isnan(score), reference.label == 1
    sides = (np.ones(len(score), bool), reference.kind == _REVERSED, reference.kind == _UNRELATED)
    compared = [known & (positive | side) for side in sides]
    return PartQuality(*(auc(positive[rows], score[rows]) for rows in compared))


def _find(names: list[str], bank: QuestionBank) -> NDArray[np.int64]:
    distinct = list(dict.fromkeys(names))
    found = match_concepts(distinct, distinct, bank.concept_ids, bank.concept_names)
    index = dict(zip(distinct, found, strict=True))
    return np.array([index[name] for name in names], np.int64)


def _plain(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def _three(*values: float) -> str:
    return " / ".join(f"{value:.3f}" for value in values)
