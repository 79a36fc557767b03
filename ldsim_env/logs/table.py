"""Reader for any CSV or Parquet file, told which column is what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ldsim_env.errors import SettingsError
from ldsim_env.logs.bad_places import BadPlaces
from ldsim_env.logs.data_frames import load_polars
from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.logs.rows import as_files, assemble_log
from ldsim_env.logs.table_file import read_columns
from ldsim_env.logs.table_rows import TableChecks, join_tables, rows_of_table

if TYPE_CHECKING:
    import polars

_ROLES = ("student", "question", "response", "concept", "order", "concept_name")
_DUPLICATE_REMEDY = (
    "remove the repeated rows, or name an order column that is unique for each question asked "
    "(or none: the rows are then in order as they stand)."
)


@dataclass(frozen=True)
class ColumnMapping:
    """Which column of a table is what.

    Args:
        student: Column of student ids.
        question: Column of question ids.
        response: Column of responses: 0 or 1 (also 0.0, 1.0, true, false).
        concept: Column of concept ids; None if the table has none (rows expanded by concept can then not be merged,
            see `ldsim_env.logs.leaks`). Empty, ``NA``, ``NaN`` or ``null`` in a row means no concept.
        order: Column of numbers or dates by which each student's rows are put into order; None takes them as they
            stand. Rows of equal order must be one question and response, one row a concept.
        concept_name: Column of concept names; None takes the ids.
        concept_separator: What stands between several concepts in one entry; None if an entry has one at most.

    Raises:
        SettingsError: If a name is empty, or a name or separator for concepts is given without their column.
    """

    student: str
    question: str
    response: str
    concept: str | None = None
    order: str | None = None
    concept_name: str | None = None
    concept_separator: str | None = None

    def __post_init__(self) -> None:
        for role in (*_ROLES, "concept_separator"):
            if getattr(self, role) == "":
                raise SettingsError(f"{role}: expected the name of a column, got an empty text.")
        for role in ("concept_name", "concept_separator"):
            if getattr(self, role) is not None and self.concept is None:
                raise SettingsError(f"{role}: expected a concept column beside it, got concept=None. Name that column.")

    def read(self, file: Path, bad: BadPlaces, encoding: str, delimiter: str = ",") -> polars.DataFrame:
        """The table with the columns under the names of their roles, all text; null where there is no column."""
        pl = load_polars()
        named = {role: getattr(self, role) for role in _ROLES if getattr(self, role) is not None}
        found = read_columns(file, list(dict.fromkeys(named.values())), bad, encoding, delimiter)
        roles = [
            pl.col(named[role]).alias(role) if role in named else pl.lit(None, pl.String).alias(role) for role in _ROLES
        ]
        return found.select(*roles, "line")


def read_table(
    paths: Path | str | Sequence[Path | str],
    columns: ColumnMapping,
    name: str | None = None,
    *,
    merge: bool = True,
    encoding: str = "utf-8",
    delimiter: str = ",",
) -> ResponseLog:
    """Read one or several CSV or Parquet files (by their suffix) into one log.

    Args:
        paths: One file or several parts of one log, each student in one of them only.
        columns: Which column is what.
        name: Name for the bank; None takes the file's.
        merge: False leaves each row of a question with several concepts an interaction of its own (this leaks
            answers; see `ldsim_env.logs.leaks`).
        encoding: Text encoding of CSV files.
        delimiter: One character between the fields of CSV files.

    Raises:
        LogError: If anything in the files is not as it should be; it lists the bad places.

    Warns:
        LogWarning: If questions are listed with differing sets of concepts.
    """
    files = as_files(paths)
    bad = BadPlaces("table")
    table = join_tables([columns.read(file, bad, encoding, delimiter) for file in files])
    table = TableChecks(files, bad, _DUPLICATE_REMEDY, has_order=columns.order is not None).apply(table)
    bad.raise_if_any()
    return assemble_log(rows_of_table(files, table, name, columns.concept_separator), merge)
