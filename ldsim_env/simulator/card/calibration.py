"""Reliability: how often answers given P(right) were right, overall, by horizon and for each concept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ldsim_env.figures import BLUE, GREY, ORANGE, PALE
from ldsim_env.logs import ResponseLog
from ldsim_env.simulator.card.shown import Panel, Shown, ShownTable, panel, panel_axes
from ldsim_env.simulator.metrics import ReliabilityBin, Scores, reliability, score
from ldsim_env.simulator.tasks import HORIZONS, Predictions

LEAST_POSITIONS = 100  # a concept with fewer says little: the standard error of its share right is above 0.05
LISTED = 5
LARGE_GAP = 0.05


@dataclass(frozen=True)
class ConceptReliability:
    """Scores of the questions of one concept in the simulation task."""

    concept: str
    scores: Scores


@dataclass(frozen=True)
class Calibration:
    """Reliability diagrams and their summary.

    Args:
        diagrams: Bins of P(right) for the KT task, the simulation task (sampled, seed 0) and its horizons.
        concepts: Concepts with at least 100 positions in the simulation task, the largest gap first.
    """

    diagrams: dict[str, tuple[ReliabilityBin, ...]]
    concepts: tuple[ConceptReliability, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def show(self) -> Shown:
        """Three diagrams and the concepts that are farthest off."""
        far = [c for c in self.concepts if abs(c.scores.gap) > LARGE_GAP]
        worst = (
            f"; the worst, {self.concepts[0].concept}, by {self.concepts[0].scores.gap:+.1%}" if self.concepts else ""
        )
        return Shown(
            "Reliability",
            f"{len(far)} of {len(self.concepts)} concepts are off by more than {LARGE_GAP:.0%} in the simulation "
            f"task{worst}.",
            [self._table()],
            [self._tasks_panel(), self._horizons_panel(), self._concepts_panel()],
        )

    def _table(self) -> ShownTable:
        rows = [
            (
                c.concept,
                f"{c.scores.n:,}",
                f"{c.scores.mean_prob:.1%}",
                f"{c.scores.mean_response:.1%}",
                f"{c.scores.gap:+.1%}",
            )
            for c in self.concepts[:LISTED]
        ]
        columns = ("concept", "positions", "expected right", "right", "gap")
        return ShownTable(columns, tuple(rows), "The concepts where the simulated students are farthest from the real.")

    def _tasks_panel(self) -> Panel:
        colours = {"kt": BLUE, "simulation": ORANGE}
        return self._diagram(
            "Reliability of both tasks",
            colours,
            "Dots on the diagonal: probabilities mean what they say; below it, the simulator is too hopeful.",
        )

    def _horizons_panel(self) -> Panel:
        names = [name for name in self.diagrams if name not in {"kt", "simulation"}]
        colours = dict(zip(names, (BLUE, ORANGE, GREY), strict=False))
        return self._diagram(
            "Simulation by horizon", colours, "The same by how many questions ago the last true response was."
        )

    def _diagram(self, title: str, colours: dict[str, str], reading: str) -> Panel:
        with panel_axes(title, "P(right)", "share right") as axes:
            axes.plot([0, 1], [0, 1], color=PALE, zorder=0)
            for name, colour in colours.items():
                bins = self.diagrams[name]
                x, y = [b.mean_prob for b in bins], [b.mean_response for b in bins]
                axes.plot(x, y, color=colour, marker="o", markersize=3.5, linewidth=1, label=name)
            axes.legend(loc="upper left")
            return panel(axes, reading)

    def _concepts_panel(self) -> Panel:
        with panel_axes("Each concept, simulation", "expected share right", "real share right") as axes:
            axes.plot([0, 1], [0, 1], color=PALE, zorder=0)
            x, y = [c.scores.mean_prob for c in self.concepts], [c.scores.mean_response for c in self.concepts]
            axes.scatter(x, y, s=[4 + c.scores.n / 40 for c in self.concepts], color=BLUE, alpha=0.6, linewidths=0)
            return panel(
                axes, "One dot a concept, larger with more positions; below the line the simulator is too hopeful."
            )


def measure_calibration(log: ResponseLog, kt: Predictions, simulation: Predictions) -> Calibration:
    """Count the bins.

    Args:
        log: The log that was predicted.
        kt: Of the KT task.
        simulation: Of the simulation task.
    """
    diagrams = {
        "kt": _bins(kt, np.ones(len(kt), bool)),
        "simulation": _bins(simulation, np.ones(len(simulation), bool)),
    }
    for low, high in HORIZONS:
        part = (simulation.horizon >= low) & (simulation.horizon <= high)
        if part.any():
            diagrams[f"{low}-{high}"] = _bins(simulation, part)
    return Calibration(diagrams, _by_concept(log, simulation))


def _bins(predictions: Predictions, part: np.ndarray) -> tuple[ReliabilityBin, ...]:
    return tuple(reliability(predictions.response[part], predictions.prob[part]))


def _by_concept(log: ResponseLog, predictions: Predictions) -> tuple[ConceptReliability, ...]:
    asks = log.bank.concept_matrix[log.questions[predictions.interaction]]  # (n, K)
    found = [
        ConceptReliability(
            log.bank.concept_names[k].strip(), score(predictions.response[asks[:, k]], predictions.prob[asks[:, k]])
        )
        for k in np.flatnonzero(asks.sum(axis=0) >= LEAST_POSITIONS).tolist()
    ]
    return tuple(sorted(found, key=lambda one: -abs(one.scores.gap)))
