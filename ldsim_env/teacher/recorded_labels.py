"""Reads recorded mastery judgements and places them on the log they were made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ldsim_env.errors import TeacherError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.teacher.concept_matching import UNKNOWN, match_concepts
from ldsim_env.teacher.graph import ConceptGraph
from ldsim_env.teacher.labels import MasteryLabels, labelled_moments
from ldsim_env.teacher.provenance import Provenance
from ldsim_env.teacher.quality import MasteryQuality, mastery_quality
from ldsim_env.teacher.sampling import judgements_at, neighbours_of


class RecordedLabels(NamedTuple):
    """Recorded judgements placed on a log."""

    labels: MasteryLabels
    quality: MasteryQuality  # against the students' next responses
    n_elsewhere: int  # records of students that the log doesn't have


def read_recorded_mastery(
    path: Path, log: ResponseLog, graph: ConceptGraph | None = None, teacher: str = ""
) -> RecordedLabels:
    """Read recorded judgements: JSON lines with student, n_interactions, history and judged concepts.

    The recorded history (the last interactions before the moment) must be the student's; the log's own is then used.

    Args:
        path: The file.
        log: The log whose students were judged, or some of them.
        graph: Relations over the bank; tells related concepts from unmet ones.
        teacher: Name of the teacher for the provenance; empty takes the file's name.

    Raises:
        TeacherError: If a line is not as described, a history is not the student's, or no student is in the log.
    """
    records = _records(path)
    index = {student_id: i for i, student_id in enumerate(log.student_ids)}
    here = [record for record in records if record.student in index]
    if not here:
        raise TeacherError(
            f"{path}: none of the students of its {len(records)} records is in {log.source or 'the log'}. "
            "Give the log that they come from."
        )
    _refuse_other_histories(path, here, log, index)
    concept = _concepts(path, here, log.bank)
    places = [(index[record.student], record.cut, concept[one.concept]) for record in here for one in record.judged]
    judged = judgements_at(log, np.array(places, np.int64), neighbours_of(log.bank, graph))
    probability = np.array([one.probability for record in here for one in record.judged])
    quality = mastery_quality(log, judged, probability)
    provenance = Provenance(
        teacher or f"recorded answers ({path.name})",
        counts={"records": len(here), "labels": len(places), "records_elsewhere": len(records) - len(here)},
        quality=quality.to_json(),
    )
    moments = labelled_moments(judged, probability, np.ones(len(places)))
    return RecordedLabels(MasteryLabels.of_moments(log, moments, provenance), quality, len(records) - len(here))


def read_labels(path: Path, log: ResponseLog, graph: ConceptGraph | None = None) -> MasteryLabels:
    """Labels from a file of either kind: recorded judgements (``.jsonl``), or what `MasteryLabels.save` wrote."""
    return read_recorded_mastery(path, log, graph).labels if path.suffix == ".jsonl" else MasteryLabels.load(path)


class _Judged(NamedTuple):
    concept: str  # id
    name: str
    probability: float


class _Record(NamedTuple):
    line: int
    student: str
    cut: int
    history: tuple[tuple[str, int], ...]  # ids of the questions and responses
    judged: tuple[_Judged, ...]


def _records(path: Path) -> list[_Record]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TeacherError(f"{path}: expected recorded judgements as JSON lines ({error}). Check the path.") from error
    return [_record(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _record(path: Path, number: int, line: str) -> _Record:
    try:
        content: dict[str, Any] = json.loads(line)
        record = _Record(
            line=number,
            student=str(content["student"]),
            cut=int(content["n_interactions"]),
            history=tuple((str(one["question"]), int(one["response"])) for one in content["history"]),
            judged=tuple(
                _Judged(str(one["concept"]), str(one["name"]), float(one["mastery"])) for one in content["judged"]
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TeacherError(
            f"{path}, line {number}: expected student, n_interactions, history (question, response) and judged "
            f"(concept, name, mastery), got {line[:60]!r} ({error!r})."
        ) from error
    if not all(0 <= one.probability <= 1 for one in record.judged):
        raise TeacherError(f"{path}, line {number}: expected each mastery from 0 to 1.")
    return record


def _refuse_other_histories(path: Path, records: list[_Record], log: ResponseLog, index: dict[str, int]) -> None:
    """The judged history must be the one before the moment in the log, or the labels mean something else."""
    other = [record for record in records if record.history != _shown(log, index[record.student], record)]
    if other:
        lines = ", ".join(str(record.line) for record in other[:5])
        raise TeacherError(
            f"{path}: the history of {len(other)} of {len(records)} records is not the student's in "
            f"{log.source or 'the log'} (lines {lines}). Read the log as it was read then: rows of one question merged."
        )


def _shown(log: ResponseLog, student: int, record: _Record) -> tuple[tuple[str, int], ...]:
    history = log.student(student)
    shown = slice(max(record.cut - len(record.history), 0), record.cut)
    questions = [log.bank.question_ids[question] for question in history.questions[shown]]
    return tuple(zip(questions, history.responses[shown].tolist(), strict=True))


def _concepts(path: Path, records: list[_Record], bank: QuestionBank) -> dict[str, int]:
    """Where each judged concept stands in the bank."""
    names = {one.concept: one.name for record in records for one in record.judged}
    index = match_concepts(list(names), list(names.values()), bank.concept_ids, bank.concept_names)
    missing = [name for name, place in zip(names.values(), index, strict=True) if place == UNKNOWN]
    if missing:
        raise TeacherError(f"{path}: bank {bank.name} doesn't have the concepts {', '.join(missing[:5])}.")
    return dict(zip(names, index.tolist(), strict=True))
