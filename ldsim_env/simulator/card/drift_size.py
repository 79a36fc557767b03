"""Is the effect of practice the right size? Held against real students under the tutor's own stop rule.

A tutor that stops after three right answers in a row selects who practises on: a plain comparison, and the simulation
task too, asks simulated students questions that real ones were asked because they had been wrong. Here the simulated
students are under the rule themselves. They go through the real runs of questions on a concept, are asked the same
questions, and leave a run after three right in a row or where real students leave. Two comparisons:

- the course: from the middle of each real history on, run after run; share right by number of the run;
- the run: each run from the state in which the real student met it; share right by opportunity in it.

The same with practice weighed by factors says which size would fit best, and so does the loss of the KT task.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ldsim_env.logs import ResponseLog
from ldsim_env.logs.windows import windows
from ldsim_env.simulator.card.drift_pictures import show_drift_size
from ldsim_env.simulator.card.factor_fits import (
    Curves,
    FactorFit,
    add_curves,
    count_curves,
    fit_curves,
    fit_losses,
    resample,
)
from ldsim_env.simulator.card.practice import PracticeScaled, both_outcomes, can_be_scaled
from ldsim_env.simulator.card.practice_runs import PracticeRuns, end_shares, practice_runs
from ldsim_env.simulator.card.shown import Shown
from ldsim_env.simulator.card.taught import (
    Lessons,
    Taught,
    draw_lessons,
    second_halves,
    single_runs,
    states_at_starts,
    teach,
)
from ldsim_env.simulator.protocol import State, StudentModel, select_students
from ldsim_env.simulator.tasks import predict_kt

FACTORS = (0.0, 0.5, 1.0, 1.5, 2.0)
OPPORTUNITIES = 10  # later ones in a run are met by too few students
COURSE = 20  # runs of the second half of a window
COPIES = 3  # simulated students in the place of each real one: their noise is to be less than the real one's
LEAST_PROB = 1e-6  # of what happened, so that one sure mistake has a finite loss


@dataclass(frozen=True)
class Comparison:
    """Share right of real and simulated students in the columns of a curve.

    Args:
        answers: Real answers in each column.
        real: Real share right.
        simulated: The same of simulated students, by the factor that weighs practice.
        overall: Share right over all columns: of the real students, then by factor.
    """

    answers: tuple[int, ...]
    real: tuple[float, ...]
    simulated: dict[float, tuple[float, ...]]
    overall: tuple[float, dict[float, float]]


@dataclass(frozen=True)
class FactorFits:
    """Which factor fits best, by four measures.

    Args:
        course: Share right by number of the run.
        run: Growth of the share right since the first question of a run.
        run_after_first: Growth since the second question: without the warm-up at the first.
        next_answer: Log loss of the KT task.
    """

    course: FactorFit
    run: FactorFit
    run_after_first: FactorFit
    next_answer: FactorFit


@dataclass(frozen=True)
class DriftSize:
    """Real and simulated students under the stop rule.

    Args:
        n_runs: Runs of questions of one kind.
        end_shares: Share of the answers after which a real run ends, by right answers in a row; see `end_shares`.
        course: By number of the run since the middle of the history, from 1.
        run: By opportunity in the run, from 1.
        kt_loss: Log loss of the KT task in nats an answer, by factor.
        practice: Mean effect of practice on the asked concepts at each opportunity, in logits of mastery.
        fits: The best factors; None where the student model can't be scaled.
    """

    n_runs: int
    end_shares: tuple[float, ...]
    course: Comparison
    run: Comparison
    kt_loss: dict[float, float]
    practice: tuple[float, ...]
    fits: FactorFits | None

    def to_json(self) -> dict[str, Any]:
        """Plain values; factors are keys such as ``"0.5"``."""
        return {name: _with_text_keys(value) for name, value in asdict(self).items()}

    def show(self) -> Shown:
        """The curves and what they say about the factor."""
        return show_drift_size(self)


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {f"{key:g}" if isinstance(key, float) else key: _with_text_keys(one) for key, one in value.items()}
    return [_with_text_keys(one) for one in value] if isinstance(value, tuple) else value


class _Classroom(NamedTuple):
    """What every factor shares: real runs, where simulated students begin, and what they are asked."""

    n_students: int
    runs: PracticeRuns
    state: State  # at the start of each run
    lessons: tuple[Lessons, ...]  # one for each copy of a simulated student
    courses: NDArray[np.int64]


class _Drawn(NamedTuple):
    """Curves of the real students, and of simulated ones by factor."""

    real: Curves
    simulated: dict[float, Curves]


def measure_drift_size(model: StudentModel, log: ResponseLog, seed: int = 0) -> DriftSize:
    """Teach simulated students in the real runs of a log.

    Args:
        model: The student model. If its state has an ``ability`` per concept, practice is weighed by factors as well.
        log: Real students over the model's bank.
        seed: Seeds questions beyond the real ones, answers, leaving and resampling.
    """
    room = _classroom(model, log, seed)
    models = {f: PracticeScaled(model, f) for f in FACTORS} if can_be_scaled(model) else {1.0: model}
    course = _Drawn(_real_course(room), {f: _course(room, one) for f, one in models.items()})
    run = _Drawn(_real_run(room), {f: _run(room, one) for f, one in models.items()})
    losses = {f: _losses(one, log) for f, one in models.items()}
    return DriftSize(
        n_runs=len(room.runs.row),
        end_shares=end_shares(room.runs),
        course=_compare(course),
        run=_compare(run),
        kt_loss={f: float(loss.total.sum() / loss.n) for f, loss in losses.items()},
        practice=_practice(model, room),
        fits=_fits(course, run, losses, seed) if len(models) > 1 else None,
    )


def _classroom(model: StudentModel, log: ResponseLog, seed: int) -> _Classroom:
    found = windows(log, minimum=1)
    runs = practice_runs(log, found)
    state = states_at_starts(model, log, found, runs)
    lessons = tuple(draw_lessons(log, runs, np.random.default_rng([seed, copy])) for copy in range(COPIES))
    return _Classroom(log.n_students, runs, state, lessons, second_halves(runs, found.length, COURSE))


def _course(room: _Classroom, model: StudentModel) -> Curves:
    """Simulated students from the middle of each history on."""
    state = select_students(room.state, room.courses[:, 0].tolist())
    taught = (teach(model, state, room.runs, lessons, room.courses) for lessons in room.lessons)
    return add_curves(_by_number(room, one) for one in taught)


def _real_course(room: _Classroom) -> Curves:
    return _by_number(room, Taught(room.runs.real > 0, room.runs.asked))


def _by_number(room: _Classroom, taught: Taught) -> Curves:
    """All answers of the courses, by number of the run."""
    course, number = np.nonzero(room.courses >= 0)
    run = room.courses[course, number]
    of_run, opportunity = np.nonzero(taught.asked[run])
    right = taught.answers[run[of_run], opportunity]
    return count_curves(room.runs.student[run[of_run]], number[of_run], right, (room.n_students, COURSE))


def _run(room: _Classroom, model: StudentModel) -> Curves:
    """Simulated students in each run on its own, from the real student's state on."""
    taught = teach(model, room.state, room.runs, room.lessons[0], single_runs(room.runs))
    return _by_opportunity(room, taught)


def _real_run(room: _Classroom) -> Curves:
    return _by_opportunity(room, Taught(room.runs.real > 0, room.runs.asked))


def _by_opportunity(room: _Classroom, taught: Taught) -> Curves:
    run, opportunity = np.nonzero(taught.asked[:, :OPPORTUNITIES])
    shape = (room.n_students, OPPORTUNITIES)
    return count_curves(room.runs.student[run], opportunity, taught.answers[run, opportunity], shape)


class _Losses(NamedTuple):
    """Log loss of the KT task."""

    total: NDArray[np.float64]  # (n_students,) nats, summed over each student's answers
    n: int  # answers of all students


def _losses(model: StudentModel, log: ResponseLog) -> _Losses:
    kt = predict_kt(model, log)
    of_truth = np.where(kt.response > 0, kt.prob, 1 - kt.prob).astype(np.float64)
    losses = -np.log(np.maximum(of_truth, LEAST_PROB))
    return _Losses(np.bincount(kt.student, weights=losses, minlength=log.n_students).astype(np.float64), len(kt))


def _compare(drawn: _Drawn) -> Comparison:
    return Comparison(
        answers=tuple(drawn.real.asked.sum(0).astype(int).tolist()),
        real=drawn.real.shares(),
        simulated={f: curves.shares() for f, curves in drawn.simulated.items()},
        overall=(_overall(drawn.real), {f: _overall(curves) for f, curves in drawn.simulated.items()}),
    )


def _overall(curves: Curves) -> float:
    return float(curves.right.sum() / max(curves.asked.sum(), 1))


def _fits(course: _Drawn, run: _Drawn, losses: Mapping[float, _Losses], seed: int) -> FactorFits:
    weights = resample(len(course.real.asked), seed)
    return FactorFits(
        course=fit_curves(*course, weights, anchor=None),
        run=fit_curves(*run, weights, anchor=0),
        run_after_first=fit_curves(*run, weights, anchor=1),
        next_answer=fit_losses({f: loss.total for f, loss in losses.items()}, weights),
    )


@torch.inference_mode()
def _practice(model: StudentModel, room: _Classroom) -> tuple[float, ...]:
    """Mean effect of practice on the asked concepts at each opportunity of the real runs."""
    asks = torch.tensor(model.bank.concept_matrix)
    active, state, means = np.arange(len(room.runs.row)), room.state, []
    for t in range(OPPORTUNITIES):
        here = np.flatnonzero(room.runs.asked[active, t])
        active, state = active[here], select_students(state, here.tolist())
        question = torch.from_numpy(room.runs.questions[active, t])
        asked = asks[question]
        practice = both_outcomes(model, state, question).practice[asked]
        means.append(float(practice.mean()) if len(practice) else float("nan"))
        state = model.learn(state, question, torch.from_numpy(room.runs.real[active, t]).float())
    return tuple(means)
