"""The question bank: which questions there are and which concepts each one asks for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import CheckpointError, LogError
from ldsim_env.files import write_atomic

BANK_FORMAT_VERSION = 1
NO_CONCEPT = -1


class QuestionKinds(NamedTuple):
    """Questions grouped by their set of concepts."""

    of_question: NDArray[np.int64]  # (n_questions,) index of each question's kind
    share: NDArray[np.float32]  # (n_kinds, n_concepts) 1 / number of concepts for those asked, else 0


@dataclass(frozen=True, eq=False)
class QuestionBank:
    """Questions, their concepts and the names of both.

    Args:
        name: Name of the bank, for example ``"ASSIST09"``; part of the environment id.
        question_ids: Each question's id as the log writes it, shape ``(n_questions,)``; unique.
        concept_ids: Each concept's id as the log writes it, shape ``(n_concepts,)``; unique.
        concept_names: A name a teacher can read for each concept, shape ``(n_concepts,)``.
        question_concepts: ``(n_questions, max_concepts)`` int16: indices of each question's concepts in ascending
            order, padded at the end with ``-1``. A question may have no concept that the bank knows (all ``-1``).
        problem_ids: The source platform's own id of each question, shape ``(n_questions,)``, or empty where the log
            has none. It lets logs of the same platform in another format be matched.
        difficulty: ``(n_questions,)`` float32: the ability in logits at which the question is answered right half of
            the time, or empty before a simulator was fitted.

    Raises:
        LogError: If ids repeat or the shapes don't agree.
    """

    name: str
    question_ids: tuple[str, ...]
    concept_ids: tuple[str, ...]
    concept_names: tuple[str, ...]
    question_concepts: NDArray[np.int16]
    problem_ids: tuple[str, ...] = ()
    difficulty: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))

    def __post_init__(self) -> None:
        _check_unique("question_ids", self.question_ids)
        _check_unique("concept_ids", self.concept_ids)
        _check_length("concept_names", self.concept_names, self.n_concepts)
        _check_length("question_concepts", self.question_concepts, self.n_questions)
        for name in ("problem_ids", "difficulty"):
            value = getattr(self, name)
            if len(value):
                _check_length(name, value, self.n_questions)
        if self.question_concepts.size and int(self.question_concepts.max()) >= self.n_concepts:
            raise LogError(
                f"question_concepts: expected indices below the {self.n_concepts} concepts, "
                f"got {int(self.question_concepts.max())}."
            )
        self.question_concepts.setflags(write=False)
        self.difficulty.setflags(write=False)

    def __repr__(self) -> str:
        """Name and counts: the ids alone would fill pages."""
        return f"QuestionBank(name={self.name!r}, n_questions={self.n_questions}, n_concepts={self.n_concepts})"

    @classmethod
    def from_concept_lists(
        cls,
        name: str,
        question_ids: Sequence[str],
        concepts: Sequence[Iterable[int]],
        concept_ids: Sequence[str],
        *,
        concept_names: Sequence[str] | None = None,
        problem_ids: Sequence[str] = (),
    ) -> QuestionBank:
        """Make a bank from one list of concept indices a question; names default to the concept ids."""
        return cls(
            name=name,
            question_ids=tuple(question_ids),
            concept_ids=tuple(concept_ids),
            concept_names=tuple(concept_names if concept_names is not None else concept_ids),
            question_concepts=_pad(concepts),
            problem_ids=tuple(problem_ids),
        )

    @property
    def n_questions(self) -> int:
        """Number of questions."""
        return len(self.question_ids)

    @property
    def n_concepts(self) -> int:
        """Number of concepts."""
        return len(self.concept_ids)

    @property
    def max_concepts(self) -> int:
        """Width of ``question_concepts``: the most concepts that one question has (at least 1)."""
        return int(self.question_concepts.shape[1])

    @cached_property
    def question_index(self) -> dict[str, int]:
        """Question id -> index."""
        return {question_id: i for i, question_id in enumerate(self.question_ids)}

    @cached_property
    def concept_matrix(self) -> NDArray[np.bool_]:
        """``(n_questions, n_concepts)`` bool: which concepts each question asks for."""
        matrix = np.zeros((self.n_questions, self.n_concepts), bool)
        rows, columns = np.nonzero(self.question_concepts != NO_CONCEPT)
        matrix[rows, self.question_concepts[rows, columns]] = True
        matrix.setflags(write=False)
        return matrix

    @cached_property
    def kinds(self) -> QuestionKinds:
        """The different sets of concepts that questions ask for; far fewer than questions."""
        concepts, kind = np.unique(self.question_concepts, axis=0, return_inverse=True)
        share = np.zeros((len(concepts), self.n_concepts), np.float32)
        rows, columns = np.nonzero(concepts != NO_CONCEPT)
        share[rows, concepts[rows, columns]] = 1
        share /= np.maximum(share.sum(1, keepdims=True), 1)
        return QuestionKinds(kind.reshape(-1).astype(np.int64), share)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over ids and concepts (not difficulty): equal banks have equal fingerprints."""
        identity = [self.question_ids, self.concept_ids, self.question_concepts.tolist()]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()

    def concepts_of(self, question: int) -> NDArray[np.int16]:
        """Indices of the concepts of one question, without padding."""
        row = self.question_concepts[question]
        return np.asarray(row[row != NO_CONCEPT], np.int16)

    def questions_of(self, concept: int) -> NDArray[np.int64]:
        """Indices of all questions that ask for a concept."""
        return np.flatnonzero(self.concept_matrix[:, concept])

    def with_difficulty(self, difficulty: NDArray[np.float32]) -> QuestionBank:
        """The same bank with fitted difficulties."""
        return replace(self, difficulty=difficulty.astype(np.float32))

    def save(self, path: Path) -> None:
        """Write the bank as one JSON file (to a temporary file first, then renamed)."""
        content = {
            "format_version": BANK_FORMAT_VERSION,
            "name": self.name,
            "concepts": [list(pair) for pair in zip(self.concept_ids, self.concept_names, strict=True)],
            "question_ids": self.question_ids,
            "problem_ids": self.problem_ids,
            "question_concepts": [self.concepts_of(q).tolist() for q in range(self.n_questions)],
            "difficulty": [round(float(d), 3) for d in self.difficulty],
        }
        write_atomic(path, json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())

    @classmethod
    def load(cls, path: Path) -> QuestionBank:
        """Read what `save` wrote.

        Raises:
            CheckpointError: If the file is damaged or of another format version.
        """
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            version = content["format_version"]
            if version != BANK_FORMAT_VERSION:
                raise CheckpointError(
                    f"{path}: bank format version {version}; this library reads version {BANK_FORMAT_VERSION}. "
                    "Use the library version that wrote it, or fit the simulator again."
                )
            bank = cls.from_concept_lists(
                content["name"],
                content["question_ids"],
                content["question_concepts"],
                [concept_id for concept_id, _ in content["concepts"]],
                concept_names=[concept_name for _, concept_name in content["concepts"]],
                problem_ids=content["problem_ids"],
            )
            return bank.with_difficulty(np.asarray(content["difficulty"], np.float32))
        except CheckpointError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{path}: not a question bank ({error!r}). Copy or fit it again.") from error


def _pad(concepts: Sequence[Iterable[int]]) -> NDArray[np.int16]:
    rows = [sorted(set(row)) for row in concepts]
    padded = np.full((len(rows), max((len(row) for row in rows), default=1) or 1), NO_CONCEPT, np.int16)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    return padded


def _check_unique(name: str, values: Sequence[str]) -> None:
    if len(set(values)) != len(values):
        seen: set[str] = set()
        repeated = sorted({v for v in values if v in seen or seen.add(v)})  # type: ignore[func-returns-value]
        raise LogError(f"{name}: expected unique ids, these repeat: {', '.join(repeated[:10])}.")


def _check_length(name: str, value: Sequence[Any] | NDArray[Any], expected: int) -> None:
    if len(value) != expected:
        raise LogError(f"{name}: expected {expected} entries, got {len(value)}.")
