"""The simulator matrix of a comparison on several student models: made, printed and kept as JSON."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ldsim_env.compare.report.matrix import SimulatorMatrix, simulator_matrix
from ldsim_env.compare.report.paired_episodes import pair_episodes
from ldsim_env.compare.report.result_folder import ResultFolder
from ldsim_env.compare.report.run_settings import RunSettings
from ldsim_env.compare.table import SIMULATOR_MARK
from ldsim_env.errors import SettingsError
from ldsim_env.files import write_json


def matrix_of(results: ResultFolder) -> SimulatorMatrix:
    """The simulator matrix: every policy's interquartile mean gain on every student model, and what follows.

    Raises:
        SettingsError: If there is one student model alone.
        MissingExtraError: If scipy is not installed.
    """
    models = results.settings.student_models
    found = simulator_matrix([pair_episodes(results, model) for model in models], results.settings)
    if found is None:
        raise SettingsError(
            f"student_models: a matrix needs at least two, and these results are of {', '.join(models)} alone. "
            "Compare with --student-model given several times."
        )
    return found


def save_matrix(matrix: SimulatorMatrix, path: Path) -> None:
    """Write the matrix as JSON; what is unknown is null."""
    plain = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in asdict(matrix).items()}
    write_json(path, plain)


def print_matrix(matrix: SimulatorMatrix, run: RunSettings, console: Console | None = None) -> None:
    """Print the gains, how far the student models agree, and what choosing by one of them costs on the others.

    Args:
        matrix: Of `matrix_of`.
        run: Settings of the results that it is of.
        console: Where to; by default the terminal.
    """
    console = console or Console()
    console.print(_gains(matrix, run))
    pairs = (("Spearman's rho of the orders", matrix.spearman), ("Kendall's tau of the orders", matrix.kendall))
    for title, values in pairs:
        console.print(_between_models(title, "", matrix, values))
    console.print(_between_models("Regret: gain lost there by choosing here", "chosen on", matrix, matrix.regret))
    if matrix.safest is not None:
        worst = min(matrix.gain(matrix.safest, model) for model in matrix.student_models)
        console.print(f"Best in the worst case: {matrix.safest} ({worst:.3f}).", highlight=False)


def _gains(matrix: SimulatorMatrix, run: RunSettings) -> Table:
    caption = "The best worst case first. IQM over students and seeds."
    if any(run.policy(name).uses_simulator for name in matrix.policies):
        caption += f"\n{SIMULATOR_MARK} looks ahead on the student model itself, so nobody can choose it; not ranked."
    pay = [name for name in matrix.student_models if name in run.exploitable]
    if pay:
        caption += f"\nPays for easy right answers, so that a gain may be flattery: {', '.join(pay)} (ldsim probe)."
    table = _table(f"Learning gain E_p on {run.env_id}, by student model", caption)
    for heading in ("policy", "trained on", *matrix.student_models, "worst"):
        table.add_column(heading, justify="left" if heading in ("policy", "trained on") else "right")
    for name, gains in zip(matrix.policies, matrix.gains, strict=True):
        entry = run.policy(name)
        mark = f" {SIMULATOR_MARK}" if entry.uses_simulator else ""
        table.add_row(name + mark, entry.trained_on or "", *map(_cell, gains), _cell(float(np.nanmin(gains))))
    return table


def _between_models(title: str, corner: str, matrix: SimulatorMatrix, values: NDArray[np.float64]) -> Table:
    table = _table(title, None)
    table.add_column(corner)
    for name in matrix.student_models:
        table.add_column(name, justify="right")
    for name, row in zip(matrix.student_models, values, strict=True):
        table.add_row(name, *map(_cell, row))
    return table


def _table(title: str, caption: str | None) -> Table:
    return Table(title=title, title_justify="left", caption=caption, caption_justify="left", box=SIMPLE_HEAD,
                 padding=(0, 1, 0, 0), collapse_padding=True, pad_edge=False)  # fmt: skip


def _cell(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.3f}"
