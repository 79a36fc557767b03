"""Reader for the four-line format of the field's public repositories (DKVMN, AKT).

Four lines a student: ``index,user_id``, question ids, concept ids, responses; commas between, the last three of one
length.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ldsim_env.logs.bad_places import BadPlaces
from ldsim_env.logs.data_frames import load_polars
from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.logs.rows import LogRows, as_files, assemble_log, bank_name, source_name
from ldsim_env.logs.side_files import PROBLEMS_FILE, SKILLS_FILE, SideFiles, read_side_files
from ldsim_env.logs.student_lines import LineFormat, add_by_line, check_students_stand_once, lengths_of

if TYPE_CHECKING:
    import polars

FOUR_LINE = LineFormat(
    fields=("questions", "concepts", "responses"),
    header="index,user_id",
    student=r"^[^,]*,\s*([^,]*[^,\s])\s*,?\s*$",
    remedy=(
        "give each student four lines: 'index,user_id', question ids, concept ids, responses (0 or 1); "
        "the last three have the same number of comma-separated entries."
    ),
)
_WHOLE_NUMBER = "^[0-9]+$"


def read_four_line(
    paths: Path | str | Sequence[Path | str], name: str | None = None, merge: bool = True
) -> ResponseLog:
    """Read one or several files in the four-line format into one log.

    ``skills.json`` (concept name -> concept id) and ``problems.json`` (platform's problem id -> question id) are used
    where they stand beside the files; without them ids are their own names.

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
    bad = BadPlaces("four-line log")
    beside = read_side_files(files)
    parts = {file: FOUR_LINE.read(file, bad) for file in files}
    for file, part in parts.items():
        _check_ids(file, part, beside, bad)
        FOUR_LINE.check_responses(file, part, bad)
    check_students_stand_once(parts, bad)
    bad.raise_if_any()
    return assemble_log(_rows(files, load_polars().concat(parts.values()), name, beside), merge)


def _rows(files: Sequence[Path], students: polars.DataFrame, name: str | None, beside: SideFiles) -> LogRows:
    lengths = lengths_of(students)
    return LogRows(
        name=name or bank_name(files),
        source=source_name(files),
        student_ids=tuple(students["student"].to_list()),
        student=np.repeat(np.arange(len(lengths)), lengths),
        question=students["questions"].explode(),
        response=(students["responses"].explode() == "1").to_numpy().astype(np.int8),
        concept_row=np.arange(int(lengths.sum())),
        concept=students["concepts"].explode(),
        concept_names=beside.concept_names,
        problem_ids=beside.problem_ids,
    )


def _check_ids(file: Path, students: polars.DataFrame, beside: SideFiles, bad: BadPlaces) -> None:
    """Note the ids that are no numbers or that the side files don't know, one place a line."""
    id_fields = {"questions": (beside.problem_ids, PROBLEMS_FILE), "concepts": (beside.concept_names, SKILLS_FILE)}
    for field, (known, side_file) in id_fields.items():
        entries = FOUR_LINE.entries(students, field)
        is_number = entries[field].str.contains(_WHOLE_NUMBER)
        remedy = f"write ids as whole numbers; names of ids go into {side_file}."
        add_by_line(file, entries.filter(~is_number), (f"expected whole numbers as {field}", remedy), bad)
        if known:
            unknown = entries.filter(is_number & ~entries[field].is_in(list(known)))
            remedy = f"use the {side_file} that belongs to the log (or take it away: ids are then their own names)."
            add_by_line(file, unknown, (f"expected {field} that stand in {side_file}", remedy), bad)
