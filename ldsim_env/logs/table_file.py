"""Reads some columns of a CSV or Parquet file as text, with the line that each row stands on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ldsim_env.errors import LogError, unknown_name
from ldsim_env.logs.bad_places import BadPlaces
from ldsim_env.logs.data_frames import load_polars
from ldsim_env.logs.text_file import read_bytes, read_text

if TYPE_CHECKING:
    from _csv import Reader

    import polars

PARQUET_SUFFIXES = (".parquet", ".pq")
_COLUMN_REMEDY = "name the column as the file's header does, or add it to the file."


def read_columns(
    file: Path, columns: Sequence[str], bad: BadPlaces, encoding: str = "utf-8", delimiter: str = ","
) -> polars.DataFrame:
    """The named columns of a file as text, empty text as null, and ``line`` (in a Parquet file: the row, from 1).

    A file that lacks a column or can't be decoded gives an empty frame and bad places.
    """
    pl = load_polars()
    empty: polars.DataFrame = pl.DataFrame(schema={"line": pl.Int64} | dict.fromkeys(columns, pl.String))
    if file.suffix.lower() in PARQUET_SUFFIXES:
        frame = _read_parquet(file, columns, bad)
    else:
        frame = _read_csv(file, columns, bad, encoding, delimiter)
    if frame is None:
        return empty
    stripped = pl.col(columns).cast(pl.String).str.strip_chars().replace("", None)
    return frame.with_columns(stripped).select("line", *columns).with_columns(pl.col("line").cast(pl.Int64))


def _read_parquet(file: Path, columns: Sequence[str], bad: BadPlaces) -> polars.DataFrame | None:
    pl = load_polars()
    try:
        frame: polars.DataFrame = pl.read_parquet(io.BytesIO(read_bytes(file)))
    except pl.exceptions.PolarsError as error:
        raise LogError(f"{file}: expected a Parquet file ({error}). Write it again.") from error
    if not _has_columns(file, columns, frame.columns, bad):
        return None
    return frame.select(columns).with_columns(pl.selectors.boolean().cast(pl.Int8), line=pl.int_range(1, pl.len() + 1))


def _read_csv(
    file: Path, columns: Sequence[str], bad: BadPlaces, encoding: str, delimiter: str
) -> polars.DataFrame | None:
    """Read with Python's csv module: unlike polars' reader it knows the line of each row and sees rows too short."""
    text = read_text(file, bad, encoding)
    if text is None:
        return None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = [name.strip() for name in next(reader, [])]
    if not _has_columns(file, columns, header, bad):
        return None
    return _collect(file, reader, {name: header.index(name) for name in columns}, len(header), bad)


def _collect(file: Path, reader: Reader, at: dict[str, int], width: int, bad: BadPlaces) -> polars.DataFrame:
    """The fields at some places of each row, under their column's name, and the rows' lines."""
    pl = load_polars()
    lines: list[int] = []
    values: list[list[str]] = []
    try:
        for row in reader:
            if len(row) == width:
                lines.append(reader.line_num)
                values.append([row[i] for i in at.values()])
            elif row:  # a blank line is no row
                complaint = f"expected {width} fields as in the header, got {len(row)}"
                bad.add(file, reader.line_num, complaint, "give each row all fields; quote a text that holds commas.")
    except csv.Error as error:
        bad.add(file, reader.line_num, f"expected comma-separated text ({error})", "write the file again as CSV.")
    frame: polars.DataFrame = pl.DataFrame(values, schema=dict.fromkeys(at, pl.String), orient="row")
    return frame.with_columns(line=pl.Series(lines, dtype=pl.Int64))


def _has_columns(file: Path, wanted: Iterable[str], found: Sequence[str], bad: BadPlaces) -> bool:
    missing = [name for name in wanted if name not in found]
    for name in missing:
        bad.add(file, 1, f"expected a column {name!r}: {unknown_name('column', name, found)}", _COLUMN_REMEDY)
    return not missing
