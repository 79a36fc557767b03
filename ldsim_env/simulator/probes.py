"""Probes: what a simulator pays scripted recommenders, and how much mastery leaks to concepts nobody practised.

A simulator that takes expected evidence for learning pays for easy right answers, and every recommender trained on it
learns to flatter. These scripts ask questions that have nothing to do with the targets (the easiest, the hardest,
random ones) and questions that practise them; only the second kind may pay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from rich.table import Table

from ldsim_env.errors import LogError, SettingsError
from ldsim_env.logs import QuestionBank, ResponseLog, StudentHistory
from ldsim_env.logs.windows import SIMULATION_MINIMUM, WINDOW_LENGTH
from ldsim_env.simulator.histories import states_after
from ldsim_env.simulator.protocol import State, StudentModel

MIN_GAP = 0.05  # the least distance to full mastery that a gain is divided by


@dataclass(frozen=True)
class ProbeSettings:
    """How the probes are run.

    Args:
        steps: Questions asked in an episode.
        n_targets: Target concepts of each student, drawn at random.
        min_questions: Questions in the bank that a target concept must have at least.
        seed: Seeds targets, questions and responses.
    """

    steps: int = 30
    n_targets: int = 3
    min_questions: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "n_targets", "min_questions"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name}: expected at least 1, got {getattr(self, name)!r}.")


@dataclass(frozen=True)
class Probe:
    """The outcome of one scripted recommender.

    Args:
        name: Of the script.
        practises_targets: Whether it asks questions of the target concepts.
        mean_gain: Mean E_p = (exam_end - exam_start) / (1 - exam_start) over students.
        standard_error: Of that mean.
        success_rate: Share of right answers.
    """

    name: str
    practises_targets: bool
    mean_gain: float
    standard_error: float
    success_rate: float


@dataclass(frozen=True)
class ProbeReport:
    """All probes of one simulator, and its leak.

    Args:
        probes: One entry a script.
        leak: Mean over students, random questions and unrelated concepts of |E_r[mastery after] - mastery before|.
        n_students: Students the probes were run on.
    """

    probes: tuple[Probe, ...]
    leak: float
    n_students: int

    def to_json(self) -> dict[str, object]:
        """The report as plain JSON values."""
        return asdict(self)


class _Episode(NamedTuple):
    """What a script may look at to choose the next questions."""

    prob: NDArray[np.float32]  # (n, n_questions) P(right)
    legal: NDArray[np.bool_]  # (n, n_questions) not asked yet
    on_target: NDArray[np.bool_]  # (n, n_questions) practises a target
    mastery: NDArray[np.float32]  # (n, n_concepts)
    targets: NDArray[np.int64]  # (n, n_targets)
    step: int
    rng: np.random.Generator
    bank: QuestionBank


Script = Callable[[_Episode], NDArray[np.float64]]
"""Gives a score (n, n_questions); the legal question with the highest one is asked."""


def _noise(episode: _Episode) -> NDArray[np.float64]:
    return episode.rng.random(episode.prob.shape)


def _only(mask: NDArray[np.bool_], score: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.where(mask, score, score - 1e3)


def _of_concept_in_turn(episode: _Episode) -> NDArray[np.bool_]:
    """Questions of one unrelated concept, another one at each step."""
    return episode.bank.concept_matrix[:, episode.step % episode.bank.n_concepts][None, :] & ~episode.on_target


def _easiest_of_concept_in_turn(episode: _Episode) -> NDArray[np.float64]:
    """Where the concept in turn is a target or used up, another unrelated question is asked."""
    return _only(_of_concept_in_turn(episode), _only(~episode.on_target, episode.prob))


def _of_weakest_target(episode: _Episode) -> NDArray[np.bool_]:
    level = np.take_along_axis(episode.mastery, episode.targets, axis=1)
    weakest = np.take_along_axis(episode.targets, level.argmin(1, keepdims=True), axis=1)[:, 0]
    return episode.bank.concept_matrix.T[weakest]


SCRIPTS: dict[str, tuple[bool, Script]] = {
    "easiest unrelated": (False, lambda e: _only(~e.on_target, e.prob)),
    "hardest unrelated": (False, lambda e: _only(~e.on_target, -e.prob)),
    "easiest of other concepts in turn": (False, _easiest_of_concept_in_turn),
    "random unrelated": (False, lambda e: _only(~e.on_target, _noise(e))),
    "random": (False, _noise),
    "targets, random": (True, lambda e: _only(e.on_target, _noise(e))),
    "targets, success near 0.5": (True, lambda e: _only(e.on_target, -abs(e.prob - 0.5))),
    "weakest target, success near 0.5": (True, lambda e: _only(_of_weakest_target(e), -abs(e.prob - 0.5))),
    "targets, easiest": (True, lambda e: _only(e.on_target, e.prob)),
    "targets, hardest": (True, lambda e: _only(e.on_target, -e.prob)),
}
"""Name -> whether the script practises the targets, and the script."""


@torch.inference_mode()
def run_probes(model: StudentModel, state: State, settings: ProbeSettings | None = None) -> ProbeReport:
    """Run every script on the same students, targets and response noise.

    Args:
        model: The student model to examine.
        state: The students where the episodes start, for example after real history prefixes.
        settings: Length, targets and seed.
    """
    settings = settings or ProbeSettings()
    targets = _draw_targets(model.bank, len(next(iter(state.values()))), settings)
    probes = tuple(_run_script(model, state, targets, name, settings) for name in SCRIPTS)
    return ProbeReport(probes, _leak(model, state, settings), len(targets))


def _draw_targets(bank: QuestionBank, n: int, settings: ProbeSettings) -> NDArray[np.int64]:
    candidates = np.flatnonzero(bank.concept_matrix.sum(0) >= settings.min_questions)
    if len(candidates) < settings.n_targets:
        raise SettingsError(
            f"n_targets: expected at most the {len(candidates)} concepts that have {settings.min_questions} questions, "
            f"got {settings.n_targets}."
        )
    rng = np.random.default_rng(settings.seed)
    return np.stack([rng.choice(candidates, settings.n_targets, replace=False) for _ in range(n)])


def _run_script(
    model: StudentModel, state: State, targets: NDArray[np.int64], name: str, settings: ProbeSettings
) -> Probe:
    practises, script = SCRIPTS[name]
    noise, rng = (np.random.default_rng([settings.seed, stream]) for stream in (1, 2))
    on_target: NDArray[np.bool_] = np.any(model.bank.concept_matrix[:, targets], axis=2).T
    legal = np.ones_like(on_target)
    every_question = torch.arange(model.bank.n_questions).expand(len(targets), -1)
    start, n_right = _exam(model, state, targets), 0.0
    for step in range(settings.steps):
        prob = model.answer_prob(state, every_question).numpy()
        mastery = model.mastery(state).numpy()
        episode = _Episode(prob, legal, on_target, mastery, targets, step, rng, model.bank)
        question = np.where(legal, script(episode), -np.inf).argmax(1)
        asked = (np.arange(len(question)), question)
        response = noise.random(len(question)) < prob[asked]
        state = model.learn(state, torch.from_numpy(question), torch.from_numpy(response).float())
        legal[asked] = False
        n_right += response.mean()
    gain = (_exam(model, state, targets) - start) / np.maximum(1 - start, MIN_GAP)
    error = float(gain.std(ddof=1) / np.sqrt(len(gain))) if len(gain) > 1 else float("nan")
    return Probe(name, practises, float(gain.mean()), error, float(n_right / settings.steps))


def _exam(model: StudentModel, state: State, targets: NDArray[np.int64]) -> NDArray[np.float64]:
    exam: NDArray[np.float64] = np.take_along_axis(model.mastery(state).double().numpy(), targets, axis=1).mean(1)
    return exam


def _leak(model: StudentModel, state: State, settings: ProbeSettings) -> float:
    """|E_r[mastery_k after] - mastery_k before| over the concepts that a random question does not ask for."""
    n = len(next(iter(state.values())))
    question = torch.from_numpy(np.random.default_rng([settings.seed, 3]).integers(model.bank.n_questions, size=n))
    prob = model.answer_prob(state, question).unsqueeze(1)
    right, wrong = (model.mastery(model.learn(state, question, torch.full((n,), r))) for r in (1.0, 0.0))
    drift = (prob * right + (1 - prob) * wrong - model.mastery(state)).abs()
    unrelated = torch.from_numpy(~model.bank.concept_matrix)[question]
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
    rng = np.random.default_rng([settings.seed, 4])
    long = np.flatnonzero(log.lengths >= SIMULATION_MINIMUM)
    if not len(long):
        raise LogError(f"log: expected a student with at least {SIMULATION_MINIMUM} interactions, got none.")
    drawn = [log.student(i) for i in np.sort(rng.permutation(long)[:n_students]).tolist()]
    halves = [min(len(history.questions), WINDOW_LENGTH) // 2 for history in drawn]
    prefixes = [
        StudentHistory(history.student_id, history.questions[:half], history.responses[:half])
        for history, half in zip(drawn, halves, strict=True)
    ]
    return run_probes(model, states_after(model, ResponseLog.from_histories(log.bank, prefixes)), settings)


def probe_table(report: ProbeReport) -> Table:
    """A console table of the gains and the leak."""
    title = f"Normalised learning gain E_p over {report.n_students} students"
    caption = f"leak on unrelated concepts: {report.leak:.5f} a step"
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
    table.add_column("script", no_wrap=True)
    table.add_column("practises targets")
    for name in ("mean E_p", "standard error", "success rate"):
        table.add_column(name, justify="right")
    for probe in report.probes:
        figures = (f"{probe.mean_gain:+.3f}", f"{probe.standard_error:.3f}", f"{probe.success_rate:.2f}")
        table.add_row(probe.name, "yes" if probe.practises_targets else "no", *figures)
    return table
