"""Both tasks of the protocol, and the simulation task by the number of questions since the last true response."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ldsim_env.figures import BLUE, GREY, ORANGE
from ldsim_env.simulator.card.shown import Panel, Shown, ShownTable, panel, panel_axes
from ldsim_env.simulator.evaluation import Evaluation, TaskScores
from ldsim_env.simulator.metrics import Scores

COLOURS = {"simulation, sampled": BLUE, "simulation, expected": ORANGE, "simulation, hard": GREY}


@dataclass(frozen=True)
class TasksByHorizon:
    """The scores of `ldsim evaluate`.

    Args:
        tasks: Scores of each task; the sampled ones are means over their seeds.
    """

    tasks: dict[str, TaskScores]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: asdict(task) for name, task in self.tasks.items()}

    def show(self) -> Shown:
        """The table of scores, AUC by horizon and bias by horizon."""
        kt, sampled = self.tasks["kt"].overall, self.tasks["simulation, sampled"].overall
        return Shown(
            "Both tasks by horizon",
            f"AUC {kt.auc:.3f} when told every true response, {sampled.auc:.3f} on its own sampled answers; "
            f"calibration error {kt.ece:.3f} and {sampled.ece:.3f}; on its own answers it expects "
            f"{sampled.mean_prob:.1%} right where students got {sampled.mean_response:.1%}.",
            [_table(self.tasks)],
            [_auc_panel(self.tasks), _bias_panel(self.tasks)],
        )


def measure_tasks(evaluation: Evaluation) -> TasksByHorizon:
    """What the card shows of an evaluation."""
    return TasksByHorizon(evaluation.tasks)


def _table(tasks: dict[str, TaskScores]) -> ShownTable:
    rows = []
    for name, task in tasks.items():
        rows.append((name, *_cells(task.overall)))
        rows += [(f"· {horizon} questions on", *_cells(scores)) for horizon, scores in task.by_horizon.items()]
    columns = ("task", "positions", "AUC", "accuracy", "RMSE", "ECE", "expected right", "right")
    return ShownTable(columns, tuple(rows), "AUC: 0.5 is chance; ECE: mean gap between P(right) and share right.")


def _cells(scores: Scores) -> tuple[str, ...]:
    figures = (scores.auc, scores.accuracy, scores.rmse, scores.ece)
    shares = (scores.mean_prob, scores.mean_response)
    return (f"{scores.n:,}", *(f"{figure:.3f}" for figure in figures), *(f"{share:.1%}" for share in shares))


def _auc_panel(tasks: dict[str, TaskScores]) -> Panel:
    with panel_axes("AUC by horizon", "questions since the last true response", "AUC") as axes:
        for name, colour in COLOURS.items():
            scores = tasks[name].by_horizon
            axes.plot(list(scores), [s.auc for s in scores.values()], color=colour, marker="o", label=name)
        axes.legend(loc="best")
        return panel(axes, "Higher is better; a steep fall means that the simulator soon loses the student.")


def _bias_panel(tasks: dict[str, TaskScores]) -> Panel:
    with panel_axes("Bias by horizon", "questions since the last true response", "expected - real share right") as axes:
        axes.axhline(0, color=GREY, linewidth=0.8)
        for name, colour in COLOURS.items():
            scores = tasks[name].by_horizon
            gaps = [s.mean_prob - s.mean_response for s in scores.values()]
            axes.plot(list(scores), gaps, color=colour, marker="o", label=name)
        return panel(
            axes,
            "Zero is right; real students are asked on after mistakes (the stop rule), so a rise alone is no fault.",
        )
