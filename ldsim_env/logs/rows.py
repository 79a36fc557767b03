"""From the rows of a file, as any reader gives them, to a `ResponseLog` with its bank."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import LogError, LogWarning
from ldsim_env.logs.bank import NO_CONCEPT as PADDING
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.logs.data_frames import encode, load_polars
from ldsim_env.logs.merging import attempt_starts, interaction_starts
from ldsim_env.logs.response_log import ResponseLog

if TYPE_CHECKING:
    import polars

NO_CONCEPT = ("", "NA", "NaN", "nan", "null")  # what stands in the field's files where a row has no concept


@dataclass(frozen=True, eq=False)
class LogRows:
    """Checked rows of a log in order, before the rows of one interaction are merged.

    Args:
        name: Name for the bank.
        source: Where the rows came from, for messages.
        student_ids: Each student's id, shape ``(n_students,)``; unique.
        student: ``(n_rows,)`` int64 index of each row's student, ascending.
        question: ``(n_rows,)`` column of question ids.
        response: ``(n_rows,)`` int8, 1 right, 0 wrong.
        concept_row: ``(n_pairs,)`` int64, ascending: the row that lists ``concept``; a row may list none or several.
        concept: ``(n_pairs,)`` column of concept ids.
        attempt: ``(n_rows,)`` int64: the log's own number of the interaction, where it has one; else None and the
            merge rule decides.
        concept_names: Concept id -> name; a missing id is its own name.
        problem_ids: Question id -> the platform's own problem id; empty where the log has none.
    """

    name: str
    source: str
    student_ids: tuple[str, ...]
    student: NDArray[np.int64]
    question: polars.Series
    response: NDArray[np.int8]
    concept_row: NDArray[np.int64]
    concept: polars.Series
    attempt: NDArray[np.int64] | None = None
    concept_names: Mapping[str, str] = field(default_factory=dict)
    problem_ids: Mapping[str, str] = field(default_factory=dict)


def assemble_log(rows: LogRows, merge: bool = True) -> ResponseLog:
    """Merge the rows of each interaction and make the bank.

    The bank has the questions and concepts that occur, in the order of their ids. A question's concepts are the set
    that its interactions list most often (a tie goes to the set that comes first in order; interactions that list
    none have no vote).

    Args:
        rows: The rows.
        merge: False leaves each row an interaction, as a check on leaks needs it; the bank is the same either way.

    Warns:
        LogWarning: If a question is listed with different sets of concepts.
    """
    question_ids, question = encode(rows.question)
    concept_ids, concept = encode(rows.concept)
    starts = _starts(rows, question, concept)
    kept = starts if merge else np.ones_like(starts)
    bank = QuestionBank(
        name=rows.name,
        question_ids=question_ids,
        concept_ids=concept_ids,
        concept_names=tuple(rows.concept_names.get(one, one) for one in concept_ids),
        question_concepts=_vote_concepts(question[starts], _listed_sets(rows, concept, starts), question_ids),
        problem_ids=tuple(rows.problem_ids[one] for one in question_ids) if rows.problem_ids else (),
    )
    return ResponseLog(
        bank=bank,
        student_ids=rows.student_ids,
        offsets=np.searchsorted(rows.student[kept], np.arange(len(rows.student_ids) + 1)).astype(np.int64),
        questions=question[kept].astype(np.int32),
        responses=rows.response[kept].astype(np.int8),
        source=rows.source,
    )


def listed_concepts(entries: polars.Series, separator: str | None = None) -> tuple[NDArray[np.int64], polars.Series]:
    """The pairs of row and concept in a column with one entry a row, which may be null and may list several."""
    pl = load_polars()
    listed = entries.alias("concept").to_frame().with_row_index("row")
    if separator is not None:
        listed = listed.with_columns(pl.col("concept").str.split(separator)).explode("concept")
    listed = listed.with_columns(pl.col("concept").str.strip_chars())
    listed = listed.filter(pl.col("concept").is_not_null() & ~pl.col("concept").is_in(NO_CONCEPT))
    return listed["row"].to_numpy().astype(np.int64), listed["concept"]


def as_files(paths: Path | str | Sequence[Path | str]) -> list[Path]:
    """One path or several as a list.

    Raises:
        LogError: If there is none, or one stands twice.
    """
    files = [Path(path) for path in ([paths] if isinstance(paths, (str, Path)) else paths)]
    if not files:
        raise LogError("paths: expected at least one log file, got none.")
    twice = sorted({str(file) for file in files if files.count(file) > 1})
    if twice:
        raise LogError(f"paths: expected each file once, got {', '.join(twice)} again. Name it once.")
    return files


def bank_name(files: Sequence[Path]) -> str:
    """A name for a bank that nobody named: the file's, or the folder's where a folder's files are parts of one log."""
    first = files[0].resolve()
    of_folder = len(files) > 1 or first.stem.startswith(("fold", "data"))
    return re.sub(r"\W+", "-", first.parent.name if of_folder else first.stem).strip("-").upper() or "LOG"


def source_name(files: Sequence[Path]) -> str:
    """The files as messages name them."""
    return ", ".join(str(file) for file in files)


def _starts(rows: LogRows, question: NDArray[np.int64], concept: NDArray[np.int64]) -> NDArray[np.bool_]:
    if rows.attempt is not None:
        return attempt_starts(rows.student, rows.attempt)
    return interaction_starts(rows.student, question, rows.response, rows.concept_row, concept)


def _listed_sets(rows: LogRows, concept: NDArray[np.int64], starts: NDArray[np.bool_]) -> NDArray[np.int16]:
    """``(n_interactions, most concepts)``: the concepts each interaction lists, ascending, padded with -1."""
    interaction = (np.cumsum(starts) - 1)[rows.concept_row]
    width = int(concept.max(initial=0)) + 1
    owner, listed = np.divmod(np.unique(interaction * width + concept), width)
    column = np.arange(len(owner)) - np.searchsorted(owner, owner)
    sets = np.full((int(starts.sum()), int(column.max(initial=0)) + 1), PADDING, np.int16)
    sets[owner, column] = listed
    return sets


def _vote_concepts(
    question: NDArray[np.int64], sets: NDArray[np.int16], question_ids: tuple[str, ...]
) -> NDArray[np.int16]:
    """``(n_questions, most concepts)``: each question's most frequent set."""
    pl = load_polars()
    columns = [f"concept{i}" for i in range(sets.shape[1])]
    ballots: polars.DataFrame = pl.DataFrame(sets, schema=columns).with_columns(question=pl.Series(question))
    votes = (
        ballots.group_by("question", *columns)
        .len("votes")
        .with_columns(empty=pl.col(columns[0]) == PADDING)
        .sort("question", "empty", "votes", *columns, descending=[False, False, True] + [False] * len(columns))
    )
    _warn_of_other_sets(votes.filter(~pl.col("empty")))
    winners: NDArray[np.int16] = votes.unique("question", keep="first", maintain_order=True).select(columns).to_numpy()
    assert len(winners) == len(question_ids)
    used = max(1, int((winners != PADDING).any(axis=0).sum()))
    return np.ascontiguousarray(winners[:, :used].astype(np.int16))


def _warn_of_other_sets(votes: polars.DataFrame) -> None:
    others = votes.filter(votes["question"].is_duplicated())
    if others.is_empty():
        return
    losing = others.filter(~others["question"].is_first_distinct())
    warnings.warn(
        f"{others['question'].n_unique():,} questions are listed with differing concept sets "
        f"({int(losing['votes'].sum()):,} interactions list another set than the question's most frequent one); "
        "the bank takes the most frequent set.",
        LogWarning,
        stacklevel=_level_of_caller(),
    )


def _level_of_caller() -> int:
    """The ``stacklevel`` at which a warning names the line that called this package's readers."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith(__package__ or __name__):
        frame, level = frame.f_back, level + 1
    return level
