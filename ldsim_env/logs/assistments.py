"""Reader for the official ASSISTments 2009-2010 skill-builder CSV.

``skill_builder_data_corrected.csv`` has one row for each (``order_id``, skill): an ``order_id`` is one question asked.
The ``..._collapsed.csv`` variant, with skills joined by ``_``, is read too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ldsim_env.logs.bad_places import BadPlaces
from ldsim_env.logs.data_frames import load_polars
from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.logs.rows import as_files, assemble_log
from ldsim_env.logs.table_file import read_columns
from ldsim_env.logs.table_rows import TableChecks, join_tables, rows_of_table
from ldsim_env.logs.text_file import read_bytes

if TYPE_CHECKING:
    import polars

COLUMNS = {
    "student": "user_id",
    "question": "problem_id",
    "response": "correct",
    "concept": "skill_id",
    "concept_name": "skill_name",
    "order": "order_id",
    "original": "original",
}
SKILL_SEPARATOR = "_"
MAIN_PROBLEM = "1"
_DUPLICATE_REMEDY = (
    "use skill_builder_data_corrected.csv: ASSISTments took repeated records out of it; "
    "each (user_id, order_id) is one problem, with one row a skill."
)


def read_assistments(
    paths: Path | str | Sequence[Path | str],
    name: str | None = None,
    merge: bool = True,
    original_only: bool = True,
) -> ResponseLog:
    """Read the official CSV: one interaction for each (``user_id``, ``order_id``), in the order of ``order_id``.

    Question ids and problem ids are the ``problem_id``, concept ids the ``skill_id``. Rows without a skill are kept
    as interactions without a concept.

    Args:
        paths: One file or several parts of one log, each student in one of them only.
        name: Name for the bank; None takes the file's.
        merge: False leaves each row of a question with several concepts an interaction of its own (this leaks
            answers; see `ldsim_env.logs.leaks`).
        original_only: Keep main problems (``original`` = 1) and leave out scaffolding steps, as most of the field
            does: scaffolding follows a wrong answer and is a part of the main problem. pyKT keeps it.

    Raises:
        LogError: If anything in the files is not as it should be; it lists the bad places.

    Warns:
        LogWarning: If questions are listed with differing sets of concepts.
    """
    files = as_files(paths)
    bad = BadPlaces("ASSISTments log")
    table = join_tables([_read(file, bad) for file in files])
    if original_only:
        table = table.filter(table["original"] == MAIN_PROBLEM)
    table = TableChecks(files, bad, _DUPLICATE_REMEDY, has_order=True).apply(table)
    bad.raise_if_any()
    rows = rows_of_table(files, table, name, SKILL_SEPARATOR)
    attempt = table["order"].rank("dense").to_numpy().astype(np.int64)
    return assemble_log(
        replace(rows, attempt=attempt, problem_ids={one: one for one in table["question"].unique()}), merge
    )


def _read(file: Path, bad: BadPlaces) -> polars.DataFrame:
    """The columns under the names of their roles; rows with an ``original`` other than 0 and 1 are noted as bad."""
    pl = load_polars()
    table = read_columns(file, list(COLUMNS.values()), bad, _encoding(file))
    table = table.rename({column: role for role, column in COLUMNS.items()})
    wrong = table.filter(~pl.col("original").is_in(["0", "1"]).fill_null(False))
    for line, value in wrong.select("line", "original").iter_rows():
        remedy = "write original as 1 for a main problem and 0 for a scaffolding step."
        bad.add(file, line, f"expected 0 or 1 as original, got {value!r}", remedy)
    return table


def _encoding(file: Path) -> str:
    """The official file is latin-1, but many copies were saved again as UTF-8."""
    try:
        read_bytes(file).decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"
