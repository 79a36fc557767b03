"""Reads logs of any known format, told by looking at the files: what the command line's ``LOGS...`` go through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ldsim_env.errors import LogError, SettingsError, unknown_name
from ldsim_env.logs.assistments import COLUMNS, read_assistments
from ldsim_env.logs.four_line import read_four_line
from ldsim_env.logs.pykt import PYKT, read_pykt
from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.logs.rows import as_files

AUTO = "auto"
READERS: dict[str, Callable[..., ResponseLog]] = {
    "four-line": read_four_line,
    "assistments": read_assistments,
    "pykt": read_pykt,
}
FOLDER_PATTERNS = ("fold*.csv", "data.txt", "skill_builder_data*.csv")
_FORMATS = (
    "Known formats: four-line ('index,user_id', question ids, concept ids, responses), assistments (the official "
    f"CSV with the columns {', '.join(COLUMNS.values())}), pykt (six-line data.txt). "
    "For any other CSV or Parquet file use ldsim_env.logs.read_table with a ColumnMapping."
)


def read_logs(
    paths: Path | str | Sequence[Path | str],
    format: str = AUTO,  # noqa: A002 - the word users look for
    name: str | None = None,
    merge: bool = True,
) -> ResponseLog:
    """Read files, or the known files in folders, into one log.

    Args:
        paths: Files of one format, or folders: of a folder the ``fold*.csv`` are taken, else ``data.txt``, else the
            one ``skill_builder_data*.csv``.
        format: ``"four-line"``, ``"assistments"``, ``"pykt"``, or ``"auto"`` to look at each file.
        name: Name for the bank; None takes the file's or the folder's.
        merge: False leaves each row of a question with several concepts an interaction of its own (this leaks
            answers; see `ldsim_env.logs.leaks`).

    Raises:
        LogError: If a format can't be told, the files are of different formats, or a file is not as its format wants.
        SettingsError: If ``format`` is not known.
    """
    if format not in (AUTO, *READERS):
        raise SettingsError(f"format: {unknown_name('log format', format, [AUTO, *READERS])}")
    files = as_files([file for path in as_files(paths) for file in _expand(path)])
    reader = READERS[_common_format(files) if format == AUTO else format]
    return reader(files, name=name, merge=merge)


def _expand(path: Path) -> list[Path]:
    """The path itself, or the known files of a folder."""
    if not path.is_dir():
        return [path]
    for pattern in FOLDER_PATTERNS:
        found = sorted(path.glob(pattern))
        if len(found) > 1 and pattern == FOLDER_PATTERNS[-1]:
            names = ", ".join(file.name for file in found)
            raise LogError(f"{path}: expected one {pattern}, got versions of one log: {names}. Name the one to read.")
        if found:
            return found
    raise LogError(f"{path}: expected {', '.join(FOLDER_PATTERNS)} in this folder, got none. Name the log files.")


def _common_format(files: Sequence[Path]) -> str:
    found = {file: _tell_format(file) for file in files}
    if len(set(found.values())) > 1:
        listed = "; ".join(f"{file} is {kind}" for file, kind in found.items())
        raise LogError(f"paths: expected files of one format, got several: {listed}. Read them one by one.")
    return found[files[0]]


def _tell_format(file: Path) -> str:
    """Tell a file's format by its first lines."""
    lines = _first_lines(file, PYKT.n_lines)
    header = [entry.strip().strip('"') for entry in lines[0].split(",")] if lines else []
    if {"user_id", "problem_id", "correct"} <= set(header):
        return "assistments"
    if len([entry for entry in header if entry]) != 2:
        shown = lines[0][:60] if lines else ""
        raise LogError(f"{file}, line 1: expected a known log format, got {shown!r}. {_FORMATS}")
    return "pykt" if _looks_like_pykt(header, lines) else "four-line"


def _looks_like_pykt(header: Sequence[str], lines: Sequence[str]) -> bool:
    """Whether a student has six lines: the last two are NA, or all have the length that the first line says."""
    if len(lines) < PYKT.n_lines:
        return False
    if PYKT.absent in lines[1:]:
        return True
    return all(str(line.count(",") + 1) == header[1] for line in lines[3:])


def _first_lines(file: Path, n: int) -> list[str]:
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as text:
            return [line.strip() for line, _ in zip(text, range(n), strict=False)]
    except OSError as error:
        raise LogError(f"{file}: expected a readable file ({error.strerror}). Check the path.") from error
