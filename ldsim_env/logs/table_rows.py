"""From the rows of tables to rows of a log: what the readers of any table and of ASSISTments share.

A table here is a frame of text columns ``student``, ``question``, ``response``, ``concept``, ``concept_name`` and
``order`` (null throughout where the file has no such column), with ``file`` (its number) and ``line``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ldsim_env.logs.bad_places import BadPlaces
from ldsim_env.logs.data_frames import load_polars
from ldsim_env.logs.rows import NO_CONCEPT, LogRows, bank_name, listed_concepts, source_name
from ldsim_env.logs.student_lines import RESPONSE_REMEDY, shorten

if TYPE_CHECKING:
    import polars

_RESPONSES = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1, "False": 0, "True": 1}
_DATE = r"^\d{4}-\d{2}-\d{2}"  # dates of this form are in order as text
_ORDER_REMEDY = "write the order as numbers throughout, or as dates like 2010-01-31 12:00:00 throughout."
_STUDENT_REMEDY = "join the parts of a student in one file, or leave one file out."


@dataclass(frozen=True)
class TableChecks:
    """Notes the rows of a table that can't be and passes on the others.

    Args:
        files: The files that the column ``file`` numbers.
        bad: Where the bad rows are noted.
        duplicate_remedy: What to do about two rows of one student with the same order.
        has_order: Whether the column ``order`` is to be used; else the rows are in order as they stand.
    """

    files: Sequence[Path]
    bad: BadPlaces
    duplicate_remedy: str
    has_order: bool

    def apply(self, table: polars.DataFrame) -> polars.DataFrame:
        """The good rows, each student's together and in order; ``response`` and ``order`` as numbers."""
        pl = load_polars()
        table = self._with_values(_plain_ids(table))
        table = self._with_responses(table)
        self._note_students_in_two_files(table)
        # students in the order in which they come
        table = table.with_row_index("row").with_columns(first=pl.col("row").min().over("student"))
        if table.is_empty() and not self.bad.count:
            self.bad.add(self.files[0], None, "expected at least one interaction, got none", "give a file with rows.")
        if not self.has_order:
            return table.sort("first", maintain_order=True)
        table = self._with_order(table)
        self._note_duplicates(table)
        return table.sort("first", "order", maintain_order=True)

    def _with_values(self, table: polars.DataFrame) -> polars.DataFrame:
        pl = load_polars()
        for column in ("student", "question", "response") + ("order",) * self.has_order:
            lacks = pl.col(column).is_null() | pl.col(column).is_in(NO_CONCEPT)
            remedy = "fill in the value, or leave the row out."
            self._note(table.filter(lacks), f"expected a value for the {column}, got none", remedy)
            table = table.filter(~lacks)
        return table

    def _with_responses(self, table: polars.DataFrame) -> polars.DataFrame:
        pl = load_polars()
        known = pl.col("response").is_in(list(_RESPONSES))
        self._note(table.filter(~known), "expected 0 or 1 as response, got {response!r}", RESPONSE_REMEDY)
        return table.filter(known).with_columns(pl.col("response").replace_strict(_RESPONSES, return_dtype=pl.Int8))

    def _with_order(self, table: polars.DataFrame) -> polars.DataFrame:
        pl = load_polars()
        if table["order"].str.contains(_DATE).all():
            return table
        # whole numbers stay whole: order ids may be longer than a float is exact
        whole = table["order"].str.contains(r"^[+-]?\d{1,18}$").all()
        number = pl.col("order").cast(pl.Int64 if whole else pl.Float64, strict=False)
        is_number = number.is_not_null() & number.is_not_nan() if not whole else number.is_not_null()
        self._note(table.filter(~is_number), "expected a number as order, got {order!r}", _ORDER_REMEDY)
        return table.filter(is_number).with_columns(number)

    def _note_students_in_two_files(self, table: polars.DataFrame) -> None:
        pl = load_polars()
        places = table.unique(["student", "file"], keep="first", maintain_order=True)
        again = places.filter(~pl.col("student").is_first_distinct())
        self._note(again, "expected each student in one file, got student {student} of another file", _STUDENT_REMEDY)

    def _note_duplicates(self, table: polars.DataFrame) -> None:
        """Rows of one order are one interaction only if they differ in the concept alone."""
        pl = load_polars()
        key = ["student", "order"]
        same = table.filter(pl.struct(key).is_duplicated())
        first = {column: pl.col(column).first().over(key) for column in ("question", "response", "line")}
        differs = (pl.col("question") != first["question"]) | (pl.col("response") != first["response"])
        repeats = pl.col("concept").is_null() | ~pl.struct(*key, "concept").is_first_distinct()
        later = pl.col("line") != first["line"]
        duplicate = same.with_columns(first_line=first["line"]).filter((differs | repeats) & later)
        complaint = (
            "expected each order of a student once, got student {student}, order {order} as on line {first_line}"
        )
        self._note(duplicate, complaint, self.duplicate_remedy)

    def _note(self, rows: polars.DataFrame, complaint: str, remedy: str) -> None:
        for row in rows.iter_rows(named=True):
            short = {name: shorten(value) if isinstance(value, str) else value for name, value in row.items()}
            self.bad.add(self.files[row["file"]], row["line"], complaint.format(**short), remedy)


def join_tables(tables: Sequence[polars.DataFrame]) -> polars.DataFrame:
    """One table of the tables of several files, with the number of the file in column ``file``."""
    pl = load_polars()
    joined: polars.DataFrame = pl.concat([table.with_columns(file=pl.lit(i)) for i, table in enumerate(tables)])
    return joined


def rows_of_table(
    files: Sequence[Path], table: polars.DataFrame, name: str | None, separator: str | None = None
) -> LogRows:
    """Rows of a log from a checked table.

    Args:
        files: The files it came from.
        table: The table, each student's rows together and in order.
        name: Name for the bank; None takes the file's.
        separator: What stands between several concepts (and their names) in one entry; None if there is one at most.
    """
    students = table["student"].unique(maintain_order=True)
    concept_row, concept = listed_concepts(table["concept"], separator)
    return LogRows(
        name=name or bank_name(files),
        source=source_name(files),
        student_ids=tuple(students.to_list()),
        student=np.cumsum(_changes(table["student"])) - 1,
        question=table["question"],
        response=table["response"].to_numpy().astype(np.int8),
        concept_row=concept_row,
        concept=concept,
        concept_names=_concept_names(table, separator),
    )


def _changes(column: polars.Series) -> NDArray[np.bool_]:
    changes: NDArray[np.bool_] = column.ne_missing(column.shift()).to_numpy()
    return changes


def _plain_ids(table: polars.DataFrame) -> polars.DataFrame:
    """Ids that are all written like ``37.0`` (a column with gaps that went through pandas) as whole numbers."""
    for column in ("student", "question", "concept"):
        if table[column].drop_nulls().str.contains(r"^\d+\.0$").all():
            table = table.with_columns(table[column].str.strip_suffix(".0"))
    return table


def _concept_names(table: polars.DataFrame, separator: str | None) -> dict[str, str]:
    """Each concept's most frequent name (of equally frequent ones the first in order)."""
    pl = load_polars()
    pairs = table.select("concept", "concept_name").drop_nulls()
    if separator is not None:
        pairs = pairs.with_columns(pl.all().str.split(separator))
        pairs = pairs.filter(pl.col("concept").list.len() == pl.col("concept_name").list.len()).explode(pl.all())
    counts = pairs.with_columns(pl.all().str.strip_chars()).group_by(pl.all()).len("count")
    best = counts.sort("count", "concept_name", descending=[True, False]).unique(
        "concept", keep="first", maintain_order=True
    )
    return dict(best.select("concept", "concept_name").iter_rows())
