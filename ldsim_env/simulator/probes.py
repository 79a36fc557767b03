"""Probes: what a simulator pays scripted recommenders, and how much mastery leaks to concepts nobody practised.

A simulator that takes expected evidence for learning pays for easy right answers, and every recommender trained on it
learns to flatter. These scripts ask questions that have nothing to do with the targets (the easiest, the hardest, one
again and again, what a search finds) and questions that practise them; only the second kind may pay.

A gain is given twice: as it came, with the noise of the answers, and in expectation, where the change of the exam score
at each step is the mean over both answers by their probability. Both have the same mean; the second has far less noise,
and the verdict goes by it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ldsim_env.errors import LogError
from ldsim_env.logs import ResponseLog, StudentHistory
from ldsim_env.logs.windows import SIMULATION_MINIMUM, WINDOW_LENGTH
from ldsim_env.simulator.histories import states_after
from ldsim_env.simulator.probe_ground import ProbeGround, ProbeSettings, to_numpy
from ldsim_env.simulator.probe_pools import NONE
from ldsim_env.simulator.probe_scripts import SCRIPTS, Kind, Moment, Script
from ldsim_env.simulator.protocol import State, StudentModel

ASKED_ALREADY = 1e3  # more than any two scores differ by
NOISE_STREAM, SCRIPT_STREAM, LEAK_STREAM, STUDENT_STREAM = 1, 2, 3, 4


@dataclass(frozen=True)
class Probe:
    """The outcome of one scripted recommender.

    Args:
        name: Of the script.
        kind: ``"practice"`` asked questions of the targets only, ``"unrelated"`` none of them, ``"any"`` whatever came.
        mean_gain: Mean E_p = (exam_end - exam_start) / (1 - exam_start) over students.
        standard_error: Of that mean.
        expected_gain: The same in expectation over each answer: the mean without most of the noise.
        expected_error: Its standard error.
        success_rate: Share of right answers.
    """

    name: str
    kind: Kind
    mean_gain: float
    standard_error: float
    expected_gain: float
    expected_error: float
    success_rate: float

    @property
    def practises_targets(self) -> bool:
        """Whether it asks questions of the target concepts only."""
        return self.kind == "practice"


@dataclass(frozen=True)
class ProbeReport:
    """All probes of one simulator, and its leak.

    Args:
        probes: One entry a script.
        leak: Mean over students, random questions and unrelated concepts of |E_r[mastery after] - mastery before|.
        n_students: Students the probes were run on.
        settings: How they were run.
    """

    probes: tuple[Probe, ...]
    leak: float
    n_students: int
    settings: ProbeSettings

    def to_json(self) -> dict[str, object]:
        """The report as plain JSON values."""
        return asdict(self)


@torch.inference_mode()
def run_probes(model: StudentModel, state: State, settings: ProbeSettings | None = None) -> ProbeReport:
    """Run every script on the same students, targets and response noise.

    Args:
        model: The student model to examine; anything with the four verbs.
        state: The students where the episodes start, for example after real history prefixes.
        settings: Length, targets and seed.
    """
    ground = ProbeGround(model, state, settings or ProbeSettings())
    probes = tuple(_run_script(ground, name, script) for name, script in SCRIPTS.items())
    return ProbeReport(probes, _leak(ground), ground.n, ground.settings)


def _run_script(ground: ProbeGround, name: str, script: Script) -> Probe:
    noise, rng = ground.rng(NOISE_STREAM), ground.rng(SCRIPT_STREAM)
    everyone, state, pool = np.arange(ground.n), ground.state, script.pool(ground)
    times_asked, expected, n_right = np.zeros(pool.shape), np.zeros(ground.n), 0.0
    for step in range(ground.settings.steps):
        question = _choose(script, _moment(ground, state, pool, step, rng), times_asked)
        taught = ground.teach(state, question, noise.random(ground.n), everyone)
        state, expected = taught.state, expected + taught.expected
        times_asked += pool == question[:, None]
        n_right += taught.right.mean()
    realised = (ground.exam(state) - ground.exam_start) / ground.gap
    figures = (*_mean_and_error(realised), *_mean_and_error(expected / ground.gap))
    return Probe(name, script.kind, *figures, float(n_right / ground.settings.steps))


def _moment(ground: ProbeGround, state: State, pool: NDArray[np.int64], step: int, rng: np.random.Generator) -> Moment:
    prob = to_numpy(ground.model.answer_prob(state, torch.from_numpy(np.maximum(pool, 0))))
    return Moment(ground, state, pool, prob, to_numpy(ground.model.mastery(state)), step, rng)


def _choose(script: Script, moment: Moment, times_asked: NDArray[np.float64]) -> NDArray[np.int64]:
    score = np.where(moment.pool == NONE, -np.inf, script.score(moment) - ASKED_ALREADY * times_asked)
    return np.maximum(np.take_along_axis(moment.pool, score.argmax(1)[:, None], axis=1)[:, 0], 0)


def _mean_and_error(values: NDArray[np.float64]) -> tuple[float, float]:
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
    return float(values.mean()), error


def _leak(ground: ProbeGround) -> float:
    """|E_r[mastery_k after] - mastery_k before| over the concepts that a random question does not ask for."""
    model, state = ground.model, ground.state
    question = torch.from_numpy(ground.rng(LEAK_STREAM).integers(ground.bank.n_questions, size=ground.n))
    prob = model.answer_prob(state, question).unsqueeze(1)
    right, wrong = (model.mastery(model.learn(state, question, torch.full((ground.n,), r))) for r in (1.0, 0.0))
    drift = (prob * right + (1 - prob) * wrong - model.mastery(state)).abs()
    unrelated = torch.from_numpy(~ground.bank.concept_matrix)[question]
    return float(drift[unrelated].mean())


def probe_real_students(
    model: StudentModel, log: ResponseLog, n_students: int, settings: ProbeSettings | None = None
) -> ProbeReport:
    """Run every script on real students, met after the first half of their histories (200 interactions at most).

    Args:
        model: The student model, over the log's bank.
        log: Real students; those with fewer than 20 interactions are left out.
        n_students: Students drawn; all that there are, if there are fewer.
        settings: Length, targets and seed.
    """
    settings = settings or ProbeSettings()
    long = np.flatnonzero(log.lengths >= SIMULATION_MINIMUM)
    if not len(long):
        raise LogError(f"log: expected a student with at least {SIMULATION_MINIMUM} interactions, got none.")
    drawn = [log.student(i) for i in _drawn(long, n_students, settings)]
    halves = [min(len(history.questions), WINDOW_LENGTH) // 2 for history in drawn]
    prefixes = [
        StudentHistory(history.student_id, history.questions[:half], history.responses[:half])
        for history, half in zip(drawn, halves, strict=True)
    ]
    return run_probes(model, states_after(model, ResponseLog.from_histories(log.bank, prefixes)), settings)


def probe_cohort(
    model: StudentModel, histories: ResponseLog, n_students: int, settings: ProbeSettings | None = None
) -> ProbeReport:
    """Run every script on students of a cohort, met after the whole of their histories.

    Args:
        model: The student model, over the histories' bank.
        histories: What the students did before the episodes.
        n_students: Students drawn; all that there are, if there are fewer.
        settings: Length, targets and seed.
    """
    settings = settings or ProbeSettings()
    drawn = histories.select(np.array(_drawn(np.arange(histories.n_students), n_students, settings)))
    return run_probes(model, states_after(model, drawn), settings)


def _drawn(students: NDArray[np.int64], n: int, settings: ProbeSettings) -> list[int]:
    rng = np.random.default_rng([settings.seed, STUDENT_STREAM])
    drawn: list[int] = np.sort(rng.permutation(students)[:n]).tolist()
    return drawn
