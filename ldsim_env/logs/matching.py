"""Expresses a log in the bank of a fitted simulator, question by question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ldsim_env.logs.bank import NO_CONCEPT, QuestionBank
from ldsim_env.logs.response_log import ResponseLog

UNKNOWN = -1
LEAST_AGREEMENT = 0.5


@dataclass(frozen=True, eq=False)
class MatchedLog:
    """A log over a simulator's bank, with the log's unknown questions behind the known ones.

    Args:
        log: The log over the extended bank. Interaction ``i`` is interaction ``i`` of ``original``.
        original: The log as it was read, with its own ids: ``original.bank.question_ids[original.questions[i]]``.
        n_known: Number of questions of the simulator's bank; a question index from here on is unknown to it.
        unknown_questions: Questions of the log that the simulator's bank doesn't have.
        unknown_interactions: Interactions with them.
        unknown_concepts: Concepts of the log that the simulator's bank doesn't have; they are left out.
    """

    log: ResponseLog
    original: ResponseLog
    n_known: int
    unknown_questions: int
    unknown_interactions: int
    unknown_concepts: int


def match_bank(log: ResponseLog, bank: QuestionBank) -> MatchedLog:
    """Express a log in another bank.

    Questions are the same if their problem ids are (where both banks have them), else if their question ids are.
    Concepts are the same if their names are, but for case and blanks, where both banks have names that differ from the
    ids. Where one has not, they are the same if their ids are, or if the ids of one are the names of the other,
    whichever agrees with the concepts of the questions that both have; where neither does for half of these
    questions, the numbering is another and all concepts are unknown.

    A known question has the concepts that ``bank`` gives it. Unknown questions are appended with those of their
    concepts that ``bank`` knows.

    Args:
        log: A log over its own bank.
        bank: The bank of a fitted simulator.
    """
    question = _match(*_question_keys(log.bank, bank))
    concept = _match_concepts(log.bank, bank, question)
    appended = np.flatnonzero(question == UNKNOWN)
    question[appended] = bank.n_questions + np.arange(len(appended))
    matched = replace(log, bank=_extend(bank, log.bank, appended, concept), questions=question[log.questions])
    return MatchedLog(
        log=matched,
        original=log,
        n_known=bank.n_questions,
        unknown_questions=len(appended),
        unknown_interactions=int((matched.questions >= bank.n_questions).sum()),
        unknown_concepts=int((concept == UNKNOWN).sum()),
    )


def _question_keys(own: QuestionBank, other: QuestionBank) -> tuple[Sequence[str], Sequence[str]]:
    if own.problem_ids and other.problem_ids:
        return own.problem_ids, other.problem_ids
    return own.question_ids, other.question_ids


def _match_concepts(own: QuestionBank, bank: QuestionBank, question: NDArray[np.int32]) -> NDArray[np.int32]:
    """``(own.n_concepts,)``: where each concept stands in ``bank``, or UNKNOWN."""
    by_name = _match(
        [_normalise(name) for name in own.concept_names], [_normalise(name) for name in bank.concept_names]
    )
    if own.concept_names != own.concept_ids and bank.concept_names != bank.concept_ids:
        return by_name
    by_id = _match(own.concept_ids, bank.concept_ids)
    agreement = [_agreement(own, bank, question, concept) for concept in (by_id, by_name)]
    best, concept = (agreement[0], by_id) if agreement[0] >= agreement[1] else (agreement[1], by_name)
    return concept if best >= LEAST_AGREEMENT else np.full_like(concept, UNKNOWN)


def _agreement(own: QuestionBank, bank: QuestionBank, question: NDArray[np.int32], concept: NDArray[np.int32]) -> float:
    """Share of the questions of both banks, as far as they have concepts in both, that share a concept."""
    both = np.flatnonzero(question != UNKNOWN)
    theirs = bank.concept_matrix[question[both]]
    ours = np.zeros_like(theirs)
    matched = np.flatnonzero(concept != UNKNOWN)
    np.logical_or.at(ours.T, concept[matched], own.concept_matrix[both][:, matched].T)
    comparable = theirs.any(axis=1) & own.concept_matrix[both].any(axis=1)
    if not comparable.any():
        return float(len(matched) > 0)  # nothing speaks against the numbering
    shared = np.logical_and(ours, theirs).any(axis=1)
    return float(np.count_nonzero(shared & comparable) / np.count_nonzero(comparable))


def _normalise(name: str) -> str:
    return " ".join(name.casefold().split())


def _match(keys: Sequence[str], known: Sequence[str]) -> NDArray[np.int32]:
    """``(len(keys),)``: where each key stands in ``known``, or UNKNOWN; an empty key is unknown."""
    index = {key: i for i, key in reversed(list(enumerate(known))) if key}  # of equal keys the first counts
    return np.fromiter((index.get(key, UNKNOWN) for key in keys), np.int32, len(keys))


def _extend(
    bank: QuestionBank, own: QuestionBank, appended: NDArray[np.int64], concept: NDArray[np.int32]
) -> QuestionBank:
    """``bank`` with questions of the log's own bank at its end."""
    if not len(appended):
        return bank
    concepts = _known_concepts(own.question_concepts[appended], concept)
    width = max(bank.max_concepts, concepts.shape[1])
    problem_ids = [own.problem_ids[i] if own.problem_ids else "" for i in appended] if bank.problem_ids else []
    return replace(
        bank,
        question_ids=(*bank.question_ids, *_free_ids([own.question_ids[i] for i in appended], bank.question_index)),
        question_concepts=np.concatenate([_widen(bank.question_concepts, width), _widen(concepts, width)]),
        problem_ids=(*bank.problem_ids, *problem_ids),
        difficulty=_extend_difficulty(bank, concepts),
    )


def _known_concepts(question_concepts: NDArray[np.int16], concept: NDArray[np.int32]) -> NDArray[np.int16]:
    """The concepts as the other bank numbers them, each once, ascending, padded at the end."""
    rows = [sorted({int(concept[k]) for k in row if k != NO_CONCEPT} - {UNKNOWN}) for row in question_concepts]
    known = np.full((len(rows), max(map(len, rows)) or 1), NO_CONCEPT, np.int16)
    for i, row in enumerate(rows):
        known[i, : len(row)] = row
    return known


def _widen(question_concepts: NDArray[np.int16], width: int) -> NDArray[np.int16]:
    missing = width - question_concepts.shape[1]
    return np.pad(question_concepts, ((0, 0), (0, missing)), constant_values=NO_CONCEPT)


def _extend_difficulty(bank: QuestionBank, concepts: NDArray[np.int16]) -> NDArray[np.float32]:
    """The known difficulties; an unknown question takes the mean over the known questions of its concepts."""
    if not len(bank.difficulty):
        return bank.difficulty
    asked = bank.concept_matrix.sum(axis=0)
    of_concept = np.where(
        asked > 0, bank.difficulty @ bank.concept_matrix / np.maximum(asked, 1), bank.difficulty.mean()
    )
    known = [of_concept[row[row != NO_CONCEPT]] for row in concepts]
    new = [values.mean() if len(values) else bank.difficulty.mean() for values in known]
    return np.concatenate([bank.difficulty, np.asarray(new, np.float32)]).astype(np.float32)


def _free_ids(wanted: Sequence[str], taken: dict[str, int]) -> list[str]:
    """The wanted ids; one that the bank uses for another question gets a mark in front."""
    used, free = set(taken), []
    for one in wanted:
        marked = one
        while marked in used:
            marked = f"log:{marked}"
        used.add(marked)
        free.append(marked)
    return free
