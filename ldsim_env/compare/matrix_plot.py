"""The simulator matrix as a picture: gains, agreement of the orders, and regret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ldsim_env.compare.report.matrix import SimulatorMatrix
from ldsim_env.compare.report.run_settings import RunSettings
from ldsim_env.figures import GREY, INK, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELL_HEIGHT = 0.32
DARK = 0.6


def matrix_plot(matrix: SimulatorMatrix, run: RunSettings) -> Figure:
    """Draw three heat maps: each policy's gain on each student model, Spearman's rho between the models, and regret.

    Colours of the gains are by column, from the worst policy there to the best, since student models differ in how much
    they learn from anything; the numbers are what counts.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    n_models = len(matrix.student_models)
    height = 1.4 + CELL_HEIGHT * max(len(matrix.policies), n_models)
    with new_figure(4.2 + 1.6 * n_models, height, "Plotting a matrix") as figure:
        gains, rho, regret = figure.subplots(1, 3, width_ratios=[1.3, 1, 1])
        _draw(gains, _by_column(matrix.gains), matrix.gains, "Blues")
        _name(gains, "gain (IQM)", _labels(matrix, run), matrix.student_models)
        _draw(rho, 0.5 + 0.3 * matrix.spearman, matrix.spearman, "BrBG")
        _name(rho, "Spearman's rho", matrix.student_models, matrix.student_models)
        _draw(regret, _shares(matrix.regret), matrix.regret, "Oranges")
        _name(regret, "regret", matrix.student_models, matrix.student_models)
        regret.set_ylabel("chosen on")
        regret.set_xlabel("and used on")
    return figure


def _draw(axes: Axes, shades: NDArray[np.float64], values: NDArray[np.float64], colours: str) -> None:
    axes.imshow(np.ma.masked_invalid(shades), cmap=colours, vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(values.shape):
        if np.isfinite(values[row, column]):
            colour = "white" if colours == "Blues" and shades[row, column] > DARK else INK
            axes.text(column, row, f"{values[row, column]:.2f}", ha="center", va="center", fontsize=7.5, color=colour)


def _name(axes: Axes, title: str, rows: tuple[str, ...], columns: tuple[str, ...]) -> None:
    axes.set_title(title)
    axes.set_xticks(range(len(columns)), columns, rotation=30, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0, colors=GREY, labelcolor=INK)
    for side in axes.spines.values():
        side.set_visible(False)


def _labels(matrix: SimulatorMatrix, run: RunSettings) -> tuple[str, ...]:
    return tuple(run.policy(name).label for name in matrix.policies)


def _by_column(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 0 for the least of each column to 1 for the greatest."""
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    return np.asarray((values - low) / np.where(high > low, high - low, 1))


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the greatest value."""
    greatest = np.nanmax(values) if np.isfinite(values).any() else 0.0
    return np.asarray(0.7 * values / greatest) if greatest > 0 else np.zeros_like(values)
