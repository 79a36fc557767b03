"""Writing the report of a folder of results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ldsim_env.compare.report.page import render_page
from ldsim_env.compare.report.report_settings import ReportSettings
from ldsim_env.compare.report.result_folder import read_result_folder
from ldsim_env.errors import SettingsError
from ldsim_env.files import write_atomic


def write_report(folder: Path, path: Path, settings: ReportSettings | None = None, curves: Sequence[Path] = ()) -> None:
    """Write one self-contained page about a folder of results; a browser opens it from the file, without a network.

    Args:
        folder: What ``ldsim compare --out`` wrote.
        path: Where to, a name that ends in .html; written whole or not at all.
        settings: What to show.
        curves: Learning curves besides the folder's, as files or as folders that hold curves.parquet.

    Raises:
        CheckpointError: If the folder, a file or a column is missing or damaged, or the format is of another version.
        SettingsError: If the name has another ending, or the reference policy was not compared.
        MissingExtraError: If jinja2, polars or scipy is not installed.
    """
    if path.suffix not in (".html", ".htm"):
        raise SettingsError(f"out: expected a name that ends in .html, got {path.name!r}.")
    page = render_page(read_result_folder(folder, curves), settings or ReportSettings())
    write_atomic(path, page.encode())
