"""Success by opportunity: how often real and simulated students are right at their 1st, 2nd, ... try at a concept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.figures import BLUE, INK
from ldsim_env.logs import NO_CONCEPT, ResponseLog
from ldsim_env.simulator.card.answers import Answers
from ldsim_env.simulator.card.shown import Panel, Shown, ShownTable, panel, panel_axes

OPPORTUNITIES = 15
DRAWN = 5  # concepts with a picture of their own
LEAST_ANSWERS = 20  # of a concept at an opportunity; fewer are left out of its curve
LEAST_POSITIONS = 200  # a concept with fewer has no curve


@dataclass(frozen=True)
class LearningCurve:
    """One concept's, or all concepts', success by opportunity.

    Args:
        concept: Name; ``"all concepts"`` for all.
        opportunity: How many-th question on the concept in the window, from 1; those with enough answers.
        n: Answers at each.
        real: Share right of the real students.
        simulated: Share right of the simulated ones, at the same positions.
        standard_error: Of the difference, as if answers were independent.
    """

    concept: str
    opportunity: tuple[int, ...]
    n: tuple[int, ...]
    real: tuple[float, ...]
    simulated: tuple[float, ...]
    standard_error: tuple[float, ...]

    @property
    def gap(self) -> float:
        """Mean of |simulated - real|, weighed by answers."""
        gaps = np.abs(np.subtract(self.simulated, self.real))
        return float(np.average(gaps, weights=self.n))


@dataclass(frozen=True)
class LearningCurves:
    """Curves in the simulated half of every window; the concepts with most answers first."""

    overall: LearningCurve
    concepts: tuple[LearningCurve, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def show(self) -> Shown:
        """The overall curve and those of the concepts asked most."""
        first, last = self.overall.opportunity[0], self.overall.opportunity[-1]
        real, simulated = (curve[-1] - curve[0] for curve in (self.overall.real, self.overall.simulated))
        return Shown(
            "Learning curves",
            f"From opportunity {first} to {last} real students' success moves by {real:+.1%}, simulated students' by "
            f"{simulated:+.1%}; the curves are {self.overall.gap:.1%} apart on average. Who practises on depends on "
            "the answers here: the part on the effect of practice takes care of that.",
            [self._table()] if self.concepts else [],
            [_draw(curve) for curve in (self.overall, *self.concepts[:DRAWN])],
        )

    def _table(self) -> ShownTable:
        worst = sorted((c for c in self.concepts if sum(c.n) >= LEAST_POSITIONS), key=lambda curve: -curve.gap)[:DRAWN]
        rows = tuple((curve.concept, f"{sum(curve.n):,}", f"{curve.gap:.1%}") for curve in worst)
        return ShownTable(
            ("concept", "answers", "mean distance"), rows, "The concepts whose curves are farthest apart."
        )


class _Counted(NamedTuple):
    """One row for each concept of each simulated position."""

    concept: NDArray[np.int64]
    opportunity: NDArray[np.int64]
    real: NDArray[np.float64]
    simulated: NDArray[np.float64]


def measure_learning_curves(log: ResponseLog, answers: Answers) -> LearningCurves:
    """Count by concept and opportunity; the observed half of a window counts towards the opportunity."""
    counted = _count(log, answers)
    everything = np.ones(len(counted.concept), bool)
    n = np.bincount(counted.concept, minlength=log.bank.n_concepts)
    chosen = [k for k in np.argsort(-n).tolist() if n[k] >= LEAST_POSITIONS]
    curves = (_curve(log.bank.concept_names[k].strip(), counted, counted.concept == k) for k in chosen)
    return LearningCurves(_curve("all concepts", counted, everything), tuple(c for c in curves if c.opportunity))


def _count(log: ResponseLog, answers: Answers) -> _Counted:
    concepts, opportunities, rows = [], [], []
    start = answers.interaction[:, 0] - answers.first
    for row, (begin, first) in enumerate(zip(start, answers.first, strict=True)):
        n = int(answers.inside[row].sum())
        asked = log.bank.question_concepts[log.questions[begin : begin + first + n]]  # (t, C)
        seen = np.zeros(log.bank.n_concepts, np.int64)
        for t, of_question in enumerate(asked):
            known = of_question[of_question != NO_CONCEPT]
            seen[known] += 1
            if t >= first:
                concepts.append(known)
                opportunities.append(seen[known])
                rows.append(np.tile([row, t - first], (len(known), 1)))
    at = np.concatenate(rows)
    place = (at[:, 0], at[:, 1])
    return _Counted(
        np.concatenate(concepts).astype(np.int64),
        np.concatenate(opportunities),
        answers.real[place],
        answers.simulated[place],
    )


def _curve(name: str, counted: _Counted, part: NDArray[np.bool_]) -> LearningCurve:
    opportunity = counted.opportunity[part]
    n = np.bincount(opportunity, minlength=OPPORTUNITIES + 1)
    kept = [i for i in range(1, OPPORTUNITIES + 1) if n[i] >= LEAST_ANSWERS]
    real, simulated = (_means(opportunity, values[part], n)[kept] for values in (counted.real, counted.simulated))
    error = np.sqrt((real * (1 - real) + simulated * (1 - simulated)) / n[kept])
    return LearningCurve(
        name, tuple(kept), tuple(n[kept].tolist()), *(tuple(values.tolist()) for values in (real, simulated, error))
    )


def _means(group: NDArray[np.int64], values: NDArray[np.float64], n: NDArray[np.int64]) -> NDArray[np.float64]:
    means: NDArray[np.float64] = np.bincount(group, weights=values, minlength=len(n)) / np.maximum(n, 1)
    return means


def _draw(curve: LearningCurve) -> Panel:
    with panel_axes(_short(curve.concept), "opportunity", "share right") as axes:
        axes.errorbar(
            curve.opportunity, curve.simulated, np.multiply(1.96, curve.standard_error), color=BLUE, label="simulated"
        )
        axes.plot(curve.opportunity, curve.real, color=INK, marker="o", markersize=3.5, label="real")
        axes.locator_params(axis="x", integer=True)
        axes.legend(loc="best")
        return panel(axes, "Bars: where 95% of the real dots should lie if simulated and real students were alike.")


def _short(name: str, longest: int = 38) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"
