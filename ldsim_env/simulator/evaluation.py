"""Both tasks of the protocol for one simulator and one log, as numbers, a table and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from ldsim_env._version import __version__
from ldsim_env.files import write_json
from ldsim_env.logs import ResponseLog
from ldsim_env.simulator.metrics import Scores
from ldsim_env.simulator.protocol import StudentModel
from ldsim_env.simulator.tasks import Predictions, predict_kt, predict_simulation

SAMPLED_SEEDS = 5


@dataclass(frozen=True)
class TaskScores:
    """Scores of one task.

    Args:
        overall: Over all scored positions.
        by_horizon: The same by questions since the last true response; empty in the KT task.
        auc_by_seed: AUC under each seed of the sampled answers; one value where nothing is sampled.
    """

    overall: Scores
    by_horizon: dict[str, Scores]
    auc_by_seed: tuple[float, ...]


@dataclass(frozen=True)
class Evaluation:
    """The KT task and the simulation task under each rollout, on one log.

    Args:
        source: The log.
        n_students: Students in it.
        tasks: ``"kt"``, ``"simulation, sampled"``, ``"simulation, expected"``, ``"simulation, hard"``.
    """

    source: str
    n_students: int
    tasks: dict[str, TaskScores]

    def to_json(self) -> dict[str, Any]:
        """Plain values, with the library's version."""
        return {"library_version": __version__, **asdict(self)}

    def save(self, path: Path) -> None:
        """Write `to_json`; an undefined score (NaN) is null there."""
        write_json(path, self.to_json())


def predict_tasks(model: StudentModel, log: ResponseLog, seeds: int = SAMPLED_SEEDS) -> dict[str, list[Predictions]]:
    """Predictions of every task; several where answers are sampled, one for each seed from 0."""
    return {
        "kt": [predict_kt(model, log)],
        "simulation, sampled": [predict_simulation(model, log, "sampled", seed) for seed in range(seeds)],
        "simulation, expected": [predict_simulation(model, log, "expected")],
        "simulation, hard": [predict_simulation(model, log, "hard")],
    }


def evaluate(log: ResponseLog, predictions: dict[str, list[Predictions]]) -> Evaluation:
    """Score what `predict_tasks` gave; sampled scores are means over their seeds (protocol)."""
    return Evaluation(log.source, log.n_students, {name: _task_scores(runs) for name, runs in predictions.items()})


def _task_scores(runs: Sequence[Predictions]) -> TaskScores:
    by_seed = [run.scores() for run in runs]
    is_kt = bool((runs[0].horizon == 1).all())
    by_horizon = [] if is_kt else [run.scores_by_horizon() for run in runs]
    horizons = by_horizon[0] if by_horizon else {}
    return TaskScores(
        overall=_mean(by_seed),
        by_horizon={name: _mean([of_run[name] for of_run in by_horizon]) for name in horizons},
        auc_by_seed=tuple(scores.auc for scores in by_seed),
    )


def _mean(scores: Sequence[Scores]) -> Scores:
    means = {field.name: float(np.mean([getattr(s, field.name) for s in scores])) for field in fields(Scores)}
    return Scores(n=scores[0].n, **{name: value for name, value in means.items() if name != "n"})


def evaluation_table(evaluation: Evaluation) -> Table:
    """A console table: one row a task, below it its horizons."""
    table = Table(title=f"{escape(evaluation.source)}: {evaluation.n_students} students", title_justify="left")
    table.add_column("task")
    for name in ("positions", "AUC", "accuracy", "RMSE", "ECE"):
        table.add_column(name, justify="right")
    for name, task in evaluation.tasks.items():
        table.add_row(name, *_cells(task.overall), style="bold")
        for horizon, scores in task.by_horizon.items():
            table.add_row(f"  horizon {horizon}", *_cells(scores))
    return table


def _cells(scores: Scores) -> list[str]:
    figures = (scores.auc, scores.accuracy, scores.rmse, scores.ece)
    return [f"{scores.n:,}", *(f"{figure:.4f}" for figure in figures)]
