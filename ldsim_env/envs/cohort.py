"""The cohort: where an episode's student comes from, as histories with a mark that keeps train and eval apart."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from ldsim_env._version import __version__
from ldsim_env.errors import CheckpointError, SettingsError, unknown_name
from ldsim_env.files import write_atomic
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.logs.response_log import ResponseLog, StudentHistory

COHORT_FORMAT_VERSION = 1
SPLITS = ("train", "eval", "all")
EVAL_SHARE = 0.2
MIN_PREFIX = 5
CUT_SEED = 0
_TENSORS = {"offsets": np.int64, "questions": np.int32, "responses": np.int8, "is_eval": np.uint8}


@dataclass(frozen=True, eq=False)
class Cohort:
    """Start histories of students: what each of them answered before the episode begins.

    Args:
        histories: One history a student, over the simulator's bank; a history may be empty.
        is_eval: ``(n_students,)`` bool: the students kept for comparisons, never trained on.
        provenance: Where the histories come from and how they were made, as JSON values.

    Raises:
        CheckpointError: If ``is_eval`` doesn't fit the histories.
    """

    histories: ResponseLog
    is_eval: NDArray[np.bool_]
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.is_eval.shape != (self.histories.n_students,) or self.is_eval.dtype != np.bool_:
            raise CheckpointError(
                f"is_eval: expected ({self.histories.n_students},) bool, one mark a student, "
                f"got {self.is_eval.shape} {self.is_eval.dtype}."
            )
        self.is_eval.setflags(write=False)

    def __repr__(self) -> str:
        """Source and counts: provenance and marks would fill pages."""
        return f"Cohort({self.histories!r}, n_eval={int(self.is_eval.sum())})"

    @classmethod
    def from_log(cls, log: ResponseLog, seed: int = CUT_SEED, longest: int | None = None) -> Cohort:
        """Make a cohort of a response log: each student's history up to a random cut.

        The cut is drawn evenly from ``MIN_PREFIX`` to the student's number of interactions; students with fewer are
        left out. Which students are for evaluation depends on their ids alone (`is_eval_student`).

        Args:
            log: Response log over the simulator's bank.
            seed: Seed of the cuts.
            longest: No cut is drawn beyond so many interactions; None is no limit.

        Raises:
            SettingsError: If no student has ``MIN_PREFIX`` interactions.
        """
        ends = np.clip(log.lengths, MIN_PREFIX, longest)
        cuts = np.random.default_rng(seed).integers(MIN_PREFIX, ends + 1)
        histories = [_cut(log.student(i), int(cuts[i])) for i in np.flatnonzero(log.lengths >= MIN_PREFIX).tolist()]
        if not histories:
            raise SettingsError(
                f"students: expected students with at least {MIN_PREFIX} interactions on questions of bank "
                f"{log.bank.name!r}, got none among {log.n_students} of {log.source or 'the log'}."
            )
        return cls(
            histories=ResponseLog.from_histories(log.bank, histories, log.source),
            is_eval=np.array([is_eval_student(history.student_id) for history in histories], bool),
            provenance={"source": log.source, "min_prefix": MIN_PREFIX, "cut_seed": seed, "eval_share": EVAL_SHARE},
        )

    def students_of(self, split: str) -> ResponseLog:
        """The histories of one split: ``"train"``, ``"eval"`` or ``"all"``.

        Raises:
            SettingsError: If the split is unknown or has no student.
        """
        if split not in SPLITS:
            raise SettingsError(f"cohort_split: {unknown_name('split', str(split), SPLITS)}")
        members = {"train": ~self.is_eval, "eval": self.is_eval, "all": np.ones_like(self.is_eval)}[split]
        if not members.any():
            raise SettingsError(
                f"cohort_split: none of the cohort's {len(members)} students belongs to {split!r}. "
                "Take another split or give more students."
            )
        return self.histories.select(np.flatnonzero(members))

    def save(self, folder: Path) -> None:
        """Write ``cohort.safetensors`` and ``cohort.json`` into ``folder``."""
        log = self.histories
        arrays: dict[str, NDArray[Any]] = {
            "offsets": log.offsets,
            "questions": log.questions,
            "responses": log.responses,
            "is_eval": self.is_eval.astype(np.uint8),
        }
        content = {
            "format_version": COHORT_FORMAT_VERSION,
            "library_version": __version__,
            "bank_fingerprint": log.bank.fingerprint,
            "provenance": self.provenance,
            "student_ids": log.student_ids,
        }
        write_atomic(folder / "cohort.safetensors", save(arrays))
        write_atomic(folder / "cohort.json", json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())

    @classmethod
    def load(cls, folder: Path, bank: QuestionBank) -> Cohort:
        """Read what `save` wrote.

        Args:
            folder: The folder that holds both files, for example that of a simulator.
            bank: The bank of the student model that will answer.

        Raises:
            CheckpointError: If a file is absent, damaged, of another format version, or made for another bank.
        """
        content = _read_description(folder / "cohort.json", bank)
        arrays = _read_arrays(folder / "cohort.safetensors")
        try:
            histories = ResponseLog(
                bank=bank,
                student_ids=tuple(content["student_ids"]),
                offsets=arrays["offsets"],
                questions=arrays["questions"],
                responses=arrays["responses"],
                source=str(folder),
            )
            return cls(histories, arrays["is_eval"].astype(bool), content["provenance"])
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{folder}: the cohort is damaged ({error}). Copy or make it again.") from error


def is_eval_student(student_id: str) -> bool:
    """Whether a student is kept for evaluation: a fifth of all ids, whichever other students there are."""
    return int.from_bytes(hashlib.sha256(student_id.encode()).digest()[:8]) < EVAL_SHARE * 2**64


def _cut(history: StudentHistory, length: int) -> StudentHistory:
    return StudentHistory(history.student_id, history.questions[:length], history.responses[:length])


def check_bank(fingerprint: str, bank: QuestionBank, what: str) -> None:
    """Refuse a cohort whose bank's ``fingerprint`` isn't that of the student model's bank; ``what`` names the cohort.

    Raises:
        CheckpointError: If the banks differ.
    """
    if fingerprint != bank.fingerprint:
        raise CheckpointError(
            f"{what}: the cohort was made for another bank (fingerprint {fingerprint[:12]}) than the student model's "
            f"{bank.name!r} ({bank.fingerprint[:12]}). Give a cohort of that bank, or the path of logs."
        )


def _read_description(path: Path, bank: QuestionBank) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version, fingerprint = content["format_version"], content["bank_fingerprint"]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: not the description of a cohort ({error!r}). Copy or make it again.") from error
    if version != COHORT_FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: cohort format version {version}; this library reads version {COHORT_FORMAT_VERSION}. "
            "Use the library version that wrote it, or make the cohort again."
        )
    check_bank(fingerprint, bank, str(path))
    return content


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        arrays: dict[str, NDArray[Any]] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: not the arrays of a cohort ({error}). Copy or make it again.") from error
    wrong = list(_TENSORS.keys() ^ arrays.keys())
    wrong += [name for name, kind in _TENSORS.items() if name in arrays and arrays[name].dtype != kind]
    if wrong:
        raise CheckpointError(f"{path}: missing, unexpected or of a wrong type: {', '.join(sorted(wrong))}.")
    return arrays
