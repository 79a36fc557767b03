"""The report of a comparison: one page that a browser opens from a file, without a network."""

from __future__ import annotations

from ldsim_env.compare.report.page import render_page
from ldsim_env.compare.report.report_settings import ReportSettings
from ldsim_env.compare.report.result_folder import ResultFolder, read_result_folder
from ldsim_env.compare.report.run_settings import PolicyEntry, RunSettings
from ldsim_env.compare.report.writing import write_report

__all__ = [
    "PolicyEntry",
    "ReportSettings",
    "ResultFolder",
    "RunSettings",
    "read_result_folder",
    "render_page",
    "write_report",
]
