"""Paired comparison of policies: the same students, targets and response noise for every one of them."""

from __future__ import annotations

from ldsim_env.compare.comparison import compare
from ldsim_env.compare.episode_picture import episode_picture
from ldsim_env.compare.episodes import Episode, run_episode
from ldsim_env.compare.interval_plot import interval_plot
from ldsim_env.compare.matrix import matrix_of, print_matrix, save_matrix
from ldsim_env.compare.matrix_plot import matrix_plot
from ldsim_env.compare.report.result_folder import ResultFolder, read_result_folder
from ldsim_env.compare.settings import CompareSettings
from ldsim_env.compare.statistics import Interval
from ldsim_env.compare.summary import save_summary
from ldsim_env.compare.table import comparison_tables, print_table
from ldsim_env.figures import save_figure

__all__ = [
    "CompareSettings",
    "Episode",
    "Interval",
    "ResultFolder",
    "compare",
    "comparison_tables",
    "episode_picture",
    "interval_plot",
    "matrix_of",
    "matrix_plot",
    "print_matrix",
    "print_table",
    "read_result_folder",
    "run_episode",
    "save_figure",
    "save_matrix",
    "save_summary",
]
