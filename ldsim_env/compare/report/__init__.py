"""The report of a comparison: one page that a browser opens from a file, without a network."""

from __future__ import annotations

from ldsim_env.compare.report.result_folder import ResultFolder, read_result_folder
from ldsim_env.compare.report.run_settings import PolicyEntry, RunSettings

__all__ = ["PolicyEntry", "ResultFolder", "RunSettings", "read_result_folder"]
