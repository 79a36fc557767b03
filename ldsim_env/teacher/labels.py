"""Mastery labels: the teacher's judgements as training needs them, without any student's record.

A label points at a moment of a student's history by a *record key*: SHA-256 over the student's id and all interactions
before the moment (ids of the questions as the log writes them, and the responses). Only who holds the log can tell
which moment is meant, and a label never attaches to a history other than the one that was judged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import CheckpointError, TeacherError
from ldsim_env.files import write_atomic
from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.teacher.concept_matching import UNKNOWN, match_concepts
from ldsim_env.teacher.provenance import Provenance
from ldsim_env.teacher.sampling import Judgements

LABELS_FORMAT_VERSION = 1
_KEY_LENGTH = 32  # hexadecimal digits: 128 bits
_DIGITS = 4  # decimals of saved probabilities
_COLUMNS = {
    "record": np.int32,
    "concept": np.int16,
    "kind": np.int8,
    "probability": np.float32,
    "confidence": np.float32,
}


class LabelledMoments(NamedTuple):
    """Labels placed on a log; arrays of n entries."""

    student: NDArray[np.int64]  # index in the log
    cut: NDArray[np.int64]  # interactions of the student before the moment
    concept: NDArray[np.int64]  # index in the log's bank
    probability: NDArray[np.float32]  # P(right) on a typical question of the concept at the moment
    confidence: NDArray[np.float32]  # weight in the distillation loss
    kind: NDArray[np.int8]
    n_elsewhere: int  # labels of students or concepts that the log doesn't have


@dataclass(frozen=True, eq=False)
class MasteryLabels:
    """Judgements of a teacher: n labels on m records (a student at a moment).

    Args:
        concept_ids: Ids of the course's concepts.
        concept_names: Their names.
        record_keys: ``(m,)`` see above.
        record_cuts: ``(m,)`` int32: interactions before the moment.
        record: ``(n,)`` int32: index of each label's record.
        concept: ``(n,)`` int16: index of each label's concept.
        kind: ``(n,)`` int8: whether it was practised, related or unmet; values of `ldsim_env.teacher.sampling.Kind`.
        probability: ``(n,)`` float32 in [0, 1]: P(the student now answers a typical question on it right).
        confidence: ``(n,)`` float32 in [0, 1].
        provenance: Where they come from.

    Raises:
        TeacherError: If shapes, indices or ranges don't agree.
    """

    concept_ids: tuple[str, ...]
    concept_names: tuple[str, ...]
    record_keys: tuple[str, ...]
    record_cuts: NDArray[np.int32]
    record: NDArray[np.int32]
    concept: NDArray[np.int16]
    kind: NDArray[np.int8]
    probability: NDArray[np.float32]
    confidence: NDArray[np.float32]
    provenance: Provenance = field(default_factory=lambda: Provenance("unknown"))

    def __post_init__(self) -> None:
        if len({len(getattr(self, name)) for name in _COLUMNS}) != 1 or len(self.record_cuts) != len(self.record_keys):
            raise TeacherError("labels: expected columns of one length, and as many record_cuts as record_keys.")
        _check_indices("record", self.record, len(self.record_keys))
        _check_indices("concept", self.concept, len(self.concept_ids))
        for name in ("probability", "confidence"):
            values = getattr(self, name)
            if not ((values >= 0) & (values <= 1)).all():
                raise TeacherError(f"{name}: expected values from 0 to 1, got some outside or NaN.")

    def __len__(self) -> int:
        return len(self.record)

    @classmethod
    def of_moments(cls, log: ResponseLog, moments: LabelledMoments, provenance: Provenance) -> MasteryLabels:
        """Labels for moments of a log; the log's records stay behind."""
        places = list(zip(moments.student.tolist(), moments.cut.tolist(), strict=True))
        records = {place: i for i, place in enumerate(dict.fromkeys(places))}
        keys = {(i, cut): key for i, cut, key in _record_keys(log, records)}
        return cls(
            concept_ids=log.bank.concept_ids,
            concept_names=log.bank.concept_names,
            record_keys=tuple(keys[place] for place in records),
            record_cuts=np.array([cut for _, cut in records], np.int32),
            record=np.array([records[place] for place in places], np.int32),
            concept=moments.concept.astype(np.int16),
            kind=moments.kind,
            probability=moments.probability,
            confidence=moments.confidence,
            provenance=provenance,
        )

    def place(self, log: ResponseLog) -> LabelledMoments:
        """Find the labels' moments in a log, which may have some of the students only.

        Raises:
            TeacherError: If not one label belongs to the log.
        """
        student = self._students(log)[self.record]
        concept = match_concepts(self.concept_ids, self.concept_names, log.bank.concept_ids, log.bank.concept_names)
        here = (student != UNKNOWN) & (concept[self.concept] != UNKNOWN)
        if len(self) and not here.any():
            raise TeacherError(
                f"labels: none of the {len(self)} labels belongs to a student of {log.source or 'this log'} "
                f"({log.n_students} students). Give the log whose students were judged, read in the same way."
            )
        return LabelledMoments(
            student=student[here],
            cut=self.record_cuts[self.record[here]].astype(np.int64),
            concept=concept[self.concept[here]],
            probability=self.probability[here],
            confidence=self.confidence[here],
            kind=self.kind[here],
            n_elsewhere=int((~here).sum()),
        )

    def select(self, which: NDArray[np.bool_] | NDArray[np.integer]) -> MasteryLabels:
        """Some of the labels."""
        return replace(self, **{name: getattr(self, name)[which] for name in _COLUMNS})

    def shuffled(self, rng: np.random.Generator) -> MasteryLabels:
        """The same probabilities on other labels: labels that know nothing, for the ablation."""
        teacher = f"probabilities exchanged at random: {self.provenance.teacher}"
        provenance = replace(self.provenance, teacher=teacher)
        return replace(self, probability=rng.permutation(self.probability), provenance=provenance)

    def save(self, path: Path) -> None:
        """Write the labels as one JSON file (to a temporary file first, then renamed)."""
        content = {
            "format_version": LABELS_FORMAT_VERSION,
            "provenance": self.provenance.to_json(),
            "concepts": [list(pair) for pair in zip(self.concept_ids, self.concept_names, strict=True)],
            "record_keys": self.record_keys,
            "record_cuts": self.record_cuts.tolist(),
            **{name: _rounded(getattr(self, name)) for name in _COLUMNS},
        }
        write_atomic(path, json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())

    @classmethod
    def load(cls, path: Path) -> MasteryLabels:
        """Read what `save` wrote.

        Raises:
            CheckpointError: If the file can't be read, is damaged or of another format version.
        """
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if content["format_version"] != LABELS_FORMAT_VERSION:
                raise CheckpointError(
                    f"{path}: mastery labels of format version {content['format_version']}; this library reads version "
                    f"{LABELS_FORMAT_VERSION}. Use the library version that wrote them, or distil mastery again."
                )
            return cls(
                concept_ids=tuple(one for one, _ in content["concepts"]),
                concept_names=tuple(name for _, name in content["concepts"]),
                record_keys=tuple(content["record_keys"]),
                record_cuts=np.array(content["record_cuts"], np.int32),
                provenance=Provenance.from_json(content["provenance"]),
                **{name: np.array(content[name], dtype) for name, dtype in _COLUMNS.items()},
            )
        except (OSError, KeyError, TypeError, ValueError, OverflowError) as error:
            if isinstance(error, CheckpointError):
                raise
            raise CheckpointError(f"{path}: not mastery labels ({error!r}). Copy or distil them again.") from error

    def _students(self, log: ResponseLog) -> NDArray[np.int64]:
        """``(m,)``: index of each record's student in a log, -1 where it isn't there."""
        cuts = sorted(set(self.record_cuts.tolist()))
        moments = ((i, cut) for i in range(log.n_students) for cut in cuts if cut <= log.lengths[i])
        found = {key: i for i, _, key in _record_keys(log, moments)}
        return np.array([found.get(key, UNKNOWN) for key in self.record_keys], np.int64)


def labelled_moments(
    judged: Judgements, probability: NDArray[np.float64], confidence: NDArray[np.float64]
) -> LabelledMoments:
    """Judgements with their probability (NaN where the teacher abstained: such are left out) and confidence."""
    kept = ~np.isnan(probability)
    return LabelledMoments(
        student=judged.student[kept],
        cut=judged.cut[kept],
        concept=judged.concept[kept],
        probability=probability[kept].astype(np.float32),
        confidence=confidence[kept].astype(np.float32),
        kind=judged.kind[kept],
        n_elsewhere=0,
    )


def join_labels(labels: Sequence[MasteryLabels]) -> MasteryLabels:
    """Labels of several teachers (or several runs) over one course as one set.

    Raises:
        TeacherError: If there are none, or their concepts differ.
    """
    if len({one.concept_ids for one in labels}) != 1:
        raise TeacherError("labels: expected at least one set of labels, all over the same concepts in one order.")
    shift = np.cumsum([0, *(len(one.record_keys) for one in labels)])
    return replace(
        labels[0],
        record_keys=tuple(key for one in labels for key in one.record_keys),
        record_cuts=np.concatenate([one.record_cuts for one in labels]),
        record=np.concatenate([one.record + int(start) for one, start in zip(labels, shift[:-1], strict=True)]),
        concept=np.concatenate([one.concept for one in labels]),
        kind=np.concatenate([one.kind for one in labels]),
        probability=np.concatenate([one.probability for one in labels]),
        confidence=np.concatenate([one.confidence for one in labels]),
        provenance=Provenance(
            teacher=" + ".join(one.provenance.teacher for one in labels),
            templates=tuple(dict.fromkeys(label for one in labels for label in one.provenance.templates)),
            settings={"parts": [one.provenance.to_json() for one in labels]},
        ),
    )


def _record_keys(log: ResponseLog, moments: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int, str]]:
    """(student, cut, key) of moments; a student's moments are hashed in one go."""
    cuts: dict[int, list[int]] = {}
    for student, cut in moments:
        cuts.setdefault(student, []).append(cut)
    for student, wanted in cuts.items():
        history = log.student(student)
        digest, done = hashlib.sha256(json.dumps(history.student_id).encode()), 0
        for cut in sorted(wanted):
            rows = zip(history.questions[done:cut].tolist(), history.responses[done:cut].tolist(), strict=True)
            digest.update("".join(f"\n{json.dumps(log.bank.question_ids[q])}:{r}" for q, r in rows).encode())
            done = cut
            yield student, cut, digest.copy().hexdigest()[:_KEY_LENGTH]


def _check_indices(name: str, index: NDArray[np.integer], n: int) -> None:
    if len(index) and not 0 <= index.min() <= index.max() < n:
        raise TeacherError(f"{name}: expected indices from 0 to {n - 1}, got {index.min()} to {index.max()}.")


def _rounded(values: NDArray[Any]) -> list[Any]:
    return [round(value, _DIGITS) for value in values.tolist()]
