"""Which rows of a log are one interaction: the merge rule of the protocol.

Public logs write a question of several concepts as several rows, one a concept. Consecutive rows of one student with
the same question and response that differ only in the concept are one interaction. A concept that repeats starts a
new interaction, because it shows that the student answered the question again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NO_ROW = -1


def interaction_starts(
    student: NDArray[np.int64],
    question: NDArray[np.int64],
    response: NDArray[np.int8],
    concept_row: NDArray[np.int64],
    concept: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Mark the rows that start an interaction.

    Args:
        student: ``(n_rows,)`` student of each row; a student's rows stand together.
        question: ``(n_rows,)`` question of each row.
        response: ``(n_rows,)`` response of each row.
        concept_row: ``(n_pairs,)`` in ascending order: the row that lists ``concept``. A row may list none or several.
        concept: ``(n_pairs,)`` the listed concepts.

    Returns:
        ``(n_rows,)`` bool. A row that lists no concept is an interaction of its own.
    """
    starts = _run_starts(student, question, response, _lists_concepts(len(student), concept_row))
    previous = _previous_with_same_concept(starts, concept_row, concept)
    last = NO_ROW
    # The start of the interaction at hand is the start of its run or the last repeat found, whichever is later, and
    # `previous` never reaches before the run: comparing with the last repeat is enough.
    repeats = np.flatnonzero(previous != NO_ROW)
    for row, earlier in zip(repeats.tolist(), previous[repeats].tolist(), strict=True):
        if earlier >= last:
            starts[row] = True
            last = row
    return starts


def attempt_starts(student: NDArray[np.int64], attempt: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the rows that start an interaction where the log itself numbers the attempts (``order_id``)."""
    return _changes(student) | _changes(attempt)


def _lists_concepts(n_rows: int, concept_row: NDArray[np.int64]) -> NDArray[np.bool_]:
    lists = np.zeros(n_rows, bool)
    lists[concept_row] = True
    return lists


def _changes(values: NDArray[np.integer]) -> NDArray[np.bool_]:
    """True at the first entry and wherever an entry differs from the one before."""
    changes = np.ones(len(values), bool)
    changes[1:] = values[1:] != values[:-1]
    return changes


def _run_starts(
    student: NDArray[np.int64], question: NDArray[np.int64], response: NDArray[np.int8], lists: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """True where a run of rows that may belong together starts; rows without a concept are runs of one."""
    starts = _changes(student) | _changes(question) | _changes(response) | ~lists
    starts[1:] |= ~lists[:-1]
    return starts


def _previous_with_same_concept(
    starts: NDArray[np.bool_], concept_row: NDArray[np.int64], concept: NDArray[np.int64]
) -> NDArray[np.int64]:
    """``(n_rows,)``: the latest earlier row of the same run that lists one of this row's concepts, or NO_ROW."""
    run = np.cumsum(starts)[concept_row]
    order = np.lexsort((concept_row, concept, run))
    later, earlier = order[1:], order[:-1]
    repeats = (run[later] == run[earlier]) & (concept[later] == concept[earlier])
    repeats &= concept_row[later] != concept_row[earlier]  # a row that lists a concept twice
    previous = np.full(len(starts), NO_ROW, np.int64)
    np.maximum.at(previous, concept_row[later[repeats]], concept_row[earlier[repeats]])
    return previous
