"""Text formats that give each student a fixed number of lines: a header and comma-separated fields of one length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ldsim_env.logs.bad_places import BadPlaces
from ldsim_env.logs.data_frames import load_polars
from ldsim_env.logs.text_file import read_lines

if TYPE_CHECKING:
    import polars

RESPONSE_REMEDY = "write 1 for right at the first attempt and 0 for wrong; leave out questions without an answer."


@dataclass(frozen=True)
class LineFormat:
    """A format of ``1 + len(fields)`` lines a student.

    Args:
        fields: Names of the lines after the header.
        header: The header as messages show it.
        student: Regular expression that finds the student's id in the header, as its group 1.
        remedy: How the lines should be, for messages.
        absent: What stands on a line whose field the log doesn't have; None if there is no such mark.
    """

    fields: tuple[str, ...]
    header: str
    student: str
    remedy: str
    absent: str | None = None

    @property
    def n_lines(self) -> int:
        """Number of lines a student has."""
        return 1 + len(self.fields)

    def read(self, file: Path, bad: BadPlaces) -> polars.DataFrame:
        """One row a student: ``line`` (where the student starts), ``header``, ``student``, a list column a field.

        An absent field is null. Students whose lines are unusable are noted as bad and left out.
        """
        before = bad.count
        lines = read_lines(file, bad)
        if not lines and bad.count == before:
            bad.add(file, None, f"expected {self.n_lines} lines a student, got an empty file", self.remedy)
        if len(lines) % self.n_lines:
            bad.add(file, len(lines), f"expected a multiple of {self.n_lines} lines, got {len(lines):,}", self.remedy)
        students = self._students(lines)
        return students.filter(self._well_shaped(file, students, bad))

    def _students(self, lines: list[str]) -> polars.DataFrame:
        pl = load_polars()
        whole = len(lines) // self.n_lines * self.n_lines
        columns = {field: lines[i : whole : self.n_lines] for i, field in enumerate(("header", *self.fields))}
        # some published files end each line with a comma
        entries = pl.col(self.fields).str.replace_all(r"\s*(^|,|$)\s*", "$1").str.strip_suffix(",")
        students: polars.DataFrame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_columns(
            pl.when(entries == "").then(pl.lit([], pl.List(pl.String))).otherwise(entries.str.split(",")).name.keep(),
            line=pl.Series(np.arange(1, whole + 1, self.n_lines)),
            student=pl.col("header").str.extract(self.student),
        )
        if self.absent is None:
            return students
        missing = [pl.when(pl.col(one) != [self.absent]).then(pl.col(one)).alias(one) for one in self.fields]
        return students.with_columns(missing)

    def _well_shaped(self, file: Path, students: polars.DataFrame, bad: BadPlaces) -> NDArray[np.bool_]:
        """``(n_students,)`` bool: which students have a header and fields of one length above zero."""
        lines = students["line"].to_list()
        named: NDArray[np.bool_] = students["student"].is_not_null().to_numpy()
        lengths = [students[field].list.len().to_list() for field in self.fields]  # None for an absent field
        good = named.copy()
        for i, counts in enumerate(zip(*lengths, strict=True)):
            present = {count for count in counts if count is not None}
            if not named[i]:
                bad.add(
                    file, lines[i], f"expected '{self.header}', got {shorten(students['header'][i])!r}", self.remedy
                )
            if len(present) > 1:
                listed = ", ".join(
                    f"{n:,} {field}" for n, field in zip(counts, self.fields, strict=True) if n is not None
                )
                bad.add(file, lines[i] + 1, f"expected lines of one length, got {listed}", self.remedy)
            elif not any(present):
                complaint = f"expected at least one interaction of student {students['student'][i]}, got none"
                bad.add(file, lines[i], complaint, "remove students without interactions.")
            good[i] &= len(present) == 1 and any(present)
        return good

    def entries(self, students: polars.DataFrame, field: str) -> polars.DataFrame:
        """One row an entry of a field: the ``line`` it stands on, and the entry. Absent fields are left out."""
        line = students["line"] + 1 + self.fields.index(field)
        present = students[field].is_not_null()
        return students.select(line, field).filter(present).explode(field)

    def check_responses(self, file: Path, students: polars.DataFrame, bad: BadPlaces) -> None:
        """Note the responses other than 0 and 1."""
        entries = self.entries(students, "responses")
        wrong = entries.filter(~entries["responses"].is_in(["0", "1"]))
        add_by_line(file, wrong, ("expected 0 or 1 as responses", RESPONSE_REMEDY), bad)


def add_by_line(file: Path, wrong: polars.DataFrame, expected_and_remedy: tuple[str, str], bad: BadPlaces) -> None:
    """Note wrong entries (columns: line, entry), one place a line."""
    expected, remedy = expected_and_remedy
    by_line = wrong.group_by("line", maintain_order=True).agg(wrong.columns[1])
    for line, values in by_line.iter_rows():
        bad.add(file, line, f"{expected}, got {shorten(', '.join(map(repr, dict.fromkeys(values))))}", remedy)


def check_students_stand_once(parts: Mapping[Path, polars.DataFrame], bad: BadPlaces) -> None:
    """Note students (columns: student, line) who stand a second time in the files joined."""
    first: dict[str, str] = {}
    for file, part in parts.items():
        for student, line in part.select("student", "line").iter_rows():
            place = f"{file}, line {line}"
            if first.setdefault(student, place) != place:
                complaint = f"expected each student once, got student {student} again (first at {first[student]})"
                bad.add(file, line, complaint, "join the parts of a student in one place, or leave one file out.")


def shorten(text: str, length: int = 60) -> str:
    """The start of a text."""
    return text if len(text) <= length else f"{text[:length]}..."


def lengths_of(students: polars.DataFrame) -> NDArray[np.int64]:
    """``(n_students,)`` number of responses of each student."""
    lengths: NDArray[np.int64] = students["responses"].list.len().to_numpy().astype(np.int64)
    return lengths
