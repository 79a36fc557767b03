"""Is the effect of practice the right size? Held against real learning curves under the tutor's own stop rule.

Students who master a concept soon are stopped soon, so a plain learning curve compares ever weaker students. Here the
simulated students are under the same rule: they start each run of questions on a concept as a real student did, are
asked the same questions and are stopped after three right in a row. Then real and simulated success by opportunity
differ by the size of practice. The same with practice weighed by factors says which size would fit best.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ldsim_env.figures import BLUE, GREY, INK, ORANGE
from ldsim_env.logs import ResponseLog
from ldsim_env.logs.windows import windows
from ldsim_env.simulator.card.practice import PracticeScaled, both_outcomes, can_be_scaled
from ldsim_env.simulator.card.practice_runs import PracticeRuns, leave_prob, practice_runs
from ldsim_env.simulator.card.shown import Panel, Shown, ShownTable, panel, panel_axes
from ldsim_env.simulator.card.taught import Lessons, draw_lessons, states_at_starts, teach, tell
from ldsim_env.simulator.protocol import State, StudentModel, select_students

FACTORS = (0.0, 0.5, 1.0, 1.5, 2.0)
OPPORTUNITIES = 10  # later ones are met by too few students
RESAMPLES = 1_000
CONFIDENCE = 0.95
_GRID = np.linspace(0, 4, 401)


class _Curves(NamedTuple):
    """Success by student and opportunity, to be summed over resampled students; all (n_students, OPPORTUNITIES)."""

    right: NDArray[np.float64]
    asked: NDArray[np.float64]


@dataclass(frozen=True)
class FactorFit:
    """Which factor fits best.

    Args:
        best: The factor on a grid from 0 to 4.
        low: Lower end of the 95% interval over resampled students.
        high: Its upper end.
    """

    best: float
    low: float
    high: float


@dataclass(frozen=True)
class DriftSize:
    """Success by opportunity, from 1, of real and simulated students under the stop rule.

    Args:
        n_runs: Runs of questions of one kind.
        asked: Real answers at each opportunity.
        real: Real share right at each opportunity.
        simulated: The same of simulated students, by the factor that weighs practice.
        practice: Mean effect of practice on the asked concepts at each opportunity, in logits of mastery.
        stopped: The factor that fits the curves best, counted from the first opportunity; None where the student model
            can't be scaled.
        told: The factor that predicts the real answers best when the student model is told each true answer of the run.
    """

    n_runs: int
    asked: tuple[int, ...]
    real: tuple[float, ...]
    simulated: dict[float, tuple[float, ...]]
    practice: tuple[float, ...]
    stopped: FactorFit | None
    told: FactorFit | None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        content = asdict(self)
        content["simulated"] = {f"{factor:g}": list(curve) for factor, curve in self.simulated.items()}
        return content

    def show(self) -> Shown:
        """The curves and what they say about the factor."""
        grown, own = (curve[4] - curve[0] for curve in (self.real, self.simulated[1.0]))
        result = (
            f"From the 1st to the 5th question of a run real students' success changes by {grown:+.1%}, simulated "
            f"students' by {own:+.1%} under the same stop rule."
        )
        if self.stopped and self.told:
            result += (
                f" Practice weighed by {_words(self.stopped)} fits the curves best; told every true answer of the run, "
                f"by {_words(self.told)}."
            )
        panels = [self._curves_panel(), self._practice_panel()]
        return Shown("Is the effect of practice the right size?", result, [self._table()], panels)

    def _table(self) -> ShownTable:
        columns = ("opportunity", "real answers", "real", *(f"× {factor:g}" for factor in self.simulated))
        rows = [
            (str(i + 1), f"{n:,}", f"{real:.1%}", *(f"{curve[i]:.1%}" for curve in self.simulated.values()))
            for i, (n, real) in enumerate(zip(self.asked, self.real, strict=True))
        ]
        return ShownTable(columns, tuple(rows), "Share right by opportunity; × 1 is the simulator as it is.")

    def _curves_panel(self) -> Panel:
        colours = dict(zip(FACTORS, (GREY, "#8fb3d9", BLUE, "#e6a27f", ORANGE), strict=True))
        with panel_axes("Runs stopped by three right in a row", "opportunity in the run", "share right") as axes:
            at = range(1, len(self.real) + 1)
            for factor, curve in self.simulated.items():
                axes.plot(at, curve, color=colours[factor], linewidth=1.2, label=f"simulated × {factor:g}")
            axes.plot(at, self.real, color=INK, marker="o", markersize=3.5, label="real")
            axes.legend(loc="best", fontsize=7)
            return panel(
                axes, "The line nearest to the dots has the right effect of practice; × 0 shows selection alone."
            )

    def _practice_panel(self) -> Panel:
        with panel_axes("What a repetition adds", "opportunity in the run", "logits of mastery") as axes:
            axes.axhline(0, color=GREY, linewidth=0.8)
            axes.plot(range(1, len(self.practice) + 1), self.practice, color=BLUE, marker="o", markersize=3.5)
            return panel(axes, "The mean effect of one question on the mastery of its concepts, whatever the answer.")


def measure_drift_size(model: StudentModel, log: ResponseLog, seed: int = 0) -> DriftSize:
    """Teach simulated students in the real runs of a log.

    Args:
        model: The student model.
        log: Real students over the model's bank.
        seed: Seeds questions beyond the real ones, answers, leaving and resampling.
    """
    found = windows(log, minimum=1)
    runs = practice_runs(log, found)
    state = states_at_starts(model, log, found, runs)
    lessons, leave = draw_lessons(log, runs, np.random.default_rng(seed)), leave_prob(runs)
    models = {f: PracticeScaled(model, f) for f in FACTORS} if can_be_scaled(model) else {1.0: model}
    taught = {f: teach(one, state, runs, lessons, leave) for f, one in models.items()}
    real = _curves(runs, runs.real, runs.asked, log.n_students)
    simulated = {f: _curves(runs, t.answers, t.asked, log.n_students) for f, t in taught.items()}
    scaled = len(models) > 1
    told = (
        {f: _curves(runs, tell(one, state, runs), runs.asked, log.n_students) for f, one in models.items()}
        if scaled
        else {}
    )
    return DriftSize(
        n_runs=len(runs.row),
        asked=tuple(real.asked.sum(0).astype(int).tolist()),
        real=_shares(real),
        simulated={f: _shares(curves) for f, curves in simulated.items()},
        practice=_practice(model, state, runs, lessons),
        stopped=_fit(real, simulated, seed) if scaled else None,
        told=_fit(real, told, seed) if scaled else None,
    )


def _curves(runs: PracticeRuns, right: NDArray[Any], asked: NDArray[np.bool_], n_students: int) -> _Curves:
    sums = np.zeros((2, n_students, OPPORTUNITIES))
    np.add.at(sums[0], runs.student, (right * asked)[:, :OPPORTUNITIES])
    np.add.at(sums[1], runs.student, asked[:, :OPPORTUNITIES])
    return _Curves(sums[0], sums[1])


def _shares(curves: _Curves) -> tuple[float, ...]:
    return tuple((curves.right.sum(0) / np.maximum(curves.asked.sum(0), 1)).tolist())


def _fit(real: _Curves, simulated: dict[float, _Curves], seed: int) -> FactorFit:
    """The factor whose curve is nearest to the real one, and a percentile interval over resampled students."""
    n = len(real.asked)
    rng = np.random.default_rng([seed, 1])
    weights = np.concatenate([np.ones((1, n)), rng.multinomial(n, np.full(n, 1 / n), RESAMPLES)])
    best = _nearest(weights, real, simulated)
    low, high = np.quantile(best[1:], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return FactorFit(float(best[0]), float(low), float(high))


def _nearest(weights: NDArray[np.float64], real: _Curves, simulated: dict[float, _Curves]) -> NDArray[np.float64]:
    """``(n_resamples,)``: squared distance of the growth since the first opportunity, weighed by real answers.

    The curve of a factor between the measured ones is read off a parabola through them.
    """
    target, counts = _growth(weights, real), weights @ real.asked
    measured = np.stack([_growth(weights, curves) for curves in simulated.values()])  # (F, B, n)
    powers = np.vander(np.array(list(simulated)), 3)  # (F, 3)
    coefficients = np.linalg.lstsq(powers, measured.reshape(len(powers), -1), rcond=None)[0]
    best = np.empty(len(weights))
    for i, (goal, count) in enumerate(zip(target, counts, strict=True)):
        curves = np.vander(_GRID, 3) @ coefficients.reshape(3, *target.shape)[:, i]
        best[i] = _GRID[((curves - goal) ** 2 @ count).argmin()]
    return best


def _growth(weights: NDArray[np.float64], curves: _Curves) -> NDArray[np.float64]:
    """(B, n): share right at each opportunity less that at the first."""
    share = (weights @ curves.right) / np.maximum(weights @ curves.asked, 1)
    growth: NDArray[np.float64] = share - share[:, :1]
    return growth


@torch.inference_mode()
def _practice(model: StudentModel, state: State, runs: PracticeRuns, lessons: Lessons) -> tuple[float, ...]:
    """Mean effect of practice on the asked concepts at each opportunity of the real runs."""
    asks = torch.tensor(model.bank.concept_matrix)
    active, means = np.arange(len(runs.row)), []
    for t in range(OPPORTUNITIES):
        here = np.flatnonzero(runs.asked[active, t])
        active, state = active[here], select_students(state, here.tolist())
        question = torch.from_numpy(runs.questions[active, t])
        outcomes = both_outcomes(model, state, question)
        asked = asks[question]
        means.append(float(outcomes.practice[asked].mean()) if asked.any() else float("nan"))
        right = torch.from_numpy(runs.real[active, t] > 0)
        state = {
            name: torch.where(_like(right, value), value, outcomes.wrong[name])
            for name, value in outcomes.right.items()
        }
    return tuple(means)


def _like(flags: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The flags of n students, to be broadcast over their states."""
    return flags.reshape(-1, *[1] * (value.dim() - 1))


def _words(fit: FactorFit) -> str:
    return f"{fit.best:.2f} ({fit.low:.2f} to {fit.high:.2f})"
