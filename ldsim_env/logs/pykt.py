"""Reader for ``data.txt``, the format into which pyKT (pykt-team/pykt-toolkit) preprocesses every data set.

Six lines a student: ``user,length``, questions, concepts, responses, timestamps, use times. Commas between; a line
``NA`` where the log has no such field; several concepts of one question are joined by ``_``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ldsim_env.logs.bad_places import BadPlaces
from ldsim_env.logs.data_frames import load_polars
from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.logs.rows import NO_CONCEPT, LogRows, as_files, assemble_log, bank_name, listed_concepts, source_name
from ldsim_env.logs.student_lines import LineFormat, add_by_line, check_students_stand_once, lengths_of

if TYPE_CHECKING:
    import polars

PYKT = LineFormat(
    fields=("questions", "concepts", "responses", "timestamps", "usetimes"),
    header="user,length",
    student=r"^\s*([^,]*[^,\s])\s*,\s*\d+\s*,?\s*$",
    remedy=(
        "give each student six lines: 'user,length', questions, concepts, responses (0 or 1), timestamps, use times; "
        "all of them have the length that the first line says, or are NA where the log has no such field."
    ),
    absent="NA",
)
CONCEPT_SEPARATOR = "_"
# pyKT writes these for the characters that separate entries and concepts
_ESCAPES = {"####": "_", "@@@@": ","}


def read_pykt(paths: Path | str | Sequence[Path | str], name: str | None = None, merge: bool = True) -> ResponseLog:
    """Read one or several of pyKT's ``data.txt`` into one log.

    Question ids are also the platform's own problem ids, since pyKT numbers questions later. Where a log has no
    questions (``NA``), each set of concepts is taken as one question, as pyKT does.

    Args:
        paths: One file or several parts of one log, each student in one of them only.
        name: Name for the bank; None takes the folder's.
        merge: False leaves each row of a question with several concepts an interaction of its own (this leaks
            answers; see `ldsim_env.logs.leaks`).

    Raises:
        LogError: If anything in the files is not as the format wants it; it lists the bad places.

    Warns:
        LogWarning: If questions are listed with differing sets of concepts.
    """
    files = as_files(paths)
    bad = BadPlaces("pyKT log")
    parts = {file: PYKT.read(file, bad) for file in files}
    for file, part in parts.items():
        _check_present(file, part, bad)
        _check_ids(file, part, bad)
        PYKT.check_responses(file, part, bad)
    check_students_stand_once(parts, bad)
    bad.raise_if_any()
    return assemble_log(_rows(files, load_polars().concat(parts.values()), name), merge)


def _check_present(file: Path, students: polars.DataFrame, bad: BadPlaces) -> None:
    """Note students with no responses, with neither questions nor concepts, or of another length than they say."""
    pl = load_polars()
    facts = students.select(
        "line",
        pl.col("header").str.extract(r",\s*(\d+)").cast(pl.Int64),
        pl.col("responses").list.len(),
        pl.col("questions").is_null() & pl.col("concepts").is_null(),
    )
    for line, said, length, nothing_asked in facts.iter_rows():
        if length is None:
            bad.add(file, line + 3, "expected responses, got NA", PYKT.remedy)
        elif said != length:
            bad.add(file, line, f"expected {length:,} interactions as on the lines below, got {said:,}", PYKT.remedy)
        if nothing_asked:
            bad.add(file, line + 1, "expected questions or concepts, got NA for both", PYKT.remedy)


def _check_ids(file: Path, students: polars.DataFrame, bad: BadPlaces) -> None:
    """Note entries that name no question: among the questions, or among the concepts where those stand in."""
    questions = PYKT.entries(students, "questions")
    standing_in = PYKT.entries(students.filter(students["questions"].is_null()), "concepts")
    for entries in (questions, standing_in):
        wrong = entries.filter(entries[entries.columns[1]].is_in(NO_CONCEPT))
        add_by_line(file, wrong, ("expected a question for each entry", "leave out entries without a question."), bad)


def _rows(files: Sequence[Path], students: polars.DataFrame, name: str | None) -> LogRows:
    pl = load_polars()
    lengths = lengths_of(students)
    no_concepts = pl.lit(NO_CONCEPT[0]).repeat_by(pl.col("responses").list.len())
    filled = students.with_columns(pl.coalesce("concepts", no_concepts))
    has_questions = students["questions"].is_not_null().all()
    question = _unescape(filled.select(pl.coalesce("questions", "concepts")).to_series().explode())
    concept_row, concept = listed_concepts(filled["concepts"].explode(), CONCEPT_SEPARATOR)
    return LogRows(
        name=name or bank_name(files),
        source=source_name(files),
        student_ids=tuple(students["student"].to_list()),
        student=np.repeat(np.arange(len(lengths)), lengths),
        question=question,
        response=(students["responses"].explode() == "1").to_numpy().astype(np.int8),
        concept_row=concept_row,
        concept=_unescape(concept),
        problem_ids={one: one for one in question.unique()} if has_questions else {},
    )


def _unescape(entries: polars.Series) -> polars.Series:
    for escape, character in _ESCAPES.items():
        entries = entries.str.replace_all(escape, character, literal=True)
    return entries
