"""Learning curves of the trained agents: mean over training seeds, and the range of the seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

MOST_POINTS = 200


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """One agent's curve.

    Args:
        agent: Its name.
        n_seeds: Training runs it is made of.
        x: ``(n_points,)`` steps or seconds.
        mean: ``(n_points,)`` mean gain over the runs.
        low: ``(n_points,)`` least gain of the runs.
        high: ``(n_points,)`` highest gain of the runs.
    """

    agent: str
    n_seeds: int
    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def learning_curves(table: pl.DataFrame, against: str) -> tuple[LearningCurve, ...]:
    """The agents' curves, in alphabetical order; none where the table is empty or the column unknown throughout.

    Args:
        table: Columns agent, seed, steps, seconds, gain.
        against: ``"steps"`` or ``"seconds"``.
    """
    rows = table.drop_nulls([against, "gain"])
    return tuple(_curve(agent, rows, against) for agent in sorted(set(rows["agent"].to_list())))


def _curve(agent: str, table: pl.DataFrame, against: str) -> LearningCurve:
    import polars as pl  # noqa: PLC0415 - an optional package

    rows = table.filter(pl.col("agent") == agent).sort(against)
    runs = [run.select(against, "gain").to_numpy().astype(float).T for run in rows.partition_by("seed")]
    grid = _grid(runs)
    gains = np.array([np.interp(grid, x, gain) for x, gain in runs])
    return LearningCurve(agent, len(runs), grid, gains.mean(axis=0), gains.min(axis=0), gains.max(axis=0))


def _grid(runs: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Where all the runs have something to say: runs are interpolated there, as their points may lie apart."""
    low, high = max(x[0] for x, _ in runs), min(x[-1] for x, _ in runs)
    points = np.unique(np.concatenate([x for x, _ in runs]))
    inside = points[(points >= low) & (points <= high)]
    if not inside.size:
        return np.array([low])
    return inside if inside.size <= MOST_POINTS else np.linspace(low, high, MOST_POINTS)
