"""Simulated students taught as the real ones were: from each run's start on, stopped after three right in a row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ldsim_env.logs import ResponseLog
from ldsim_env.logs.windows import Windows, padded, select_windows
from ldsim_env.simulator.card.practice_runs import LONGEST, STOP_AFTER, PracticeRuns
from ldsim_env.simulator.protocol import State, StudentModel, join_students, select_students
from ldsim_env.simulator.unroll import unroll

BATCH = 256


class Taught(NamedTuple):
    """Answers of simulated students; all ``(n_runs, LONGEST)``."""

    answers: NDArray[np.bool_]
    asked: NDArray[np.bool_]


class Lessons(NamedTuple):
    """What is asked in each run and the noise of the answers, the same for every student model that is compared."""

    questions: NDArray[np.int64]  # (n_runs, LONGEST): the real ones, then others of the kind
    answer_noise: NDArray[np.float64]  # (n_runs, LONGEST) in [0, 1)
    leave_noise: NDArray[np.float64]  # (n_runs, LONGEST) in [0, 1)


def draw_lessons(log: ResponseLog, runs: PracticeRuns, rng: np.random.Generator) -> Lessons:
    """The real questions as far as they go, then questions of the same kind as often as the log asks them."""
    kinds = log.bank.kinds.of_question[log.questions]
    order = np.argsort(kinds, kind="stable")
    first = np.searchsorted(kinds[order], runs.kind)
    count = np.searchsorted(kinds[order], runs.kind, side="right") - first
    place = first[:, None] + (rng.random(runs.known.shape) * count[:, None]).astype(np.int64)
    drawn = log.questions[order[place]].astype(np.int64)
    questions = np.where(runs.known, runs.questions, drawn)
    return Lessons(questions, rng.random(questions.shape), rng.random(questions.shape))


@torch.inference_mode()
def states_at_starts(model: StudentModel, log: ResponseLog, found: Windows, runs: PracticeRuns) -> State:
    """The states in which real students met each run, by their true responses before it in the window."""
    order = np.argsort(found.length, kind="stable")
    index, states = [], []
    for rows in (order[i : i + BATCH] for i in range(0, len(order), BATCH)):
        of_batch = _states_of(model, log, found, runs, rows)
        index += [at for at, _ in of_batch]
        states += [state for _, state in of_batch]
    return select_students(join_students(states), np.argsort(np.concatenate(index)).tolist())


def _states_of(
    model: StudentModel, log: ResponseLog, found: Windows, runs: PracticeRuns, rows: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], State]]:
    """Indices of runs and their states, for the windows ``rows``."""
    part = padded(log, select_windows(found, rows))
    place = np.full(len(found.length), -1)
    place[rows] = np.arange(len(rows))
    taken: list[tuple[NDArray[np.int64], State]] = []

    def take(t: int, state: State) -> None:
        here = np.flatnonzero((place[runs.row] >= 0) & (runs.begin == t))
        if len(here):
            taken.append((here, select_students(state, place[runs.row[here]].tolist())))

    take(0, model.start(len(rows)))
    responses = torch.from_numpy(part.responses)
    lengths = torch.from_numpy(part.lengths)
    unroll(model, torch.from_numpy(part.questions), responses, lengths, rollout="expected", watch=take)
    return taken


@torch.inference_mode()
def teach(
    model: StudentModel, state: State, runs: PracticeRuns, lessons: Lessons, leave: NDArray[np.float64]
) -> Taught:
    """Let simulated students answer until three right in a row, or until they leave as real students do.

    A run that ended only with the window or the log ends there for the simulated student as well.

    Args:
        model: The student model.
        state: Where each run begins.
        runs: The real runs.
        lessons: Questions and noise.
        leave: ``(STOP_AFTER, LONGEST)`` by `leave_prob`.
    """
    answers, asked = (np.zeros(runs.known.shape, bool) for _ in range(2))
    active, streak = np.arange(len(runs.row)), np.zeros(len(runs.row), np.int64)
    for t in range(LONGEST):
        asked[active, t] = True
        question = torch.from_numpy(lessons.questions[active, t])
        prob = model.answer_prob(state, question)
        right = lessons.answer_noise[active, t] < prob.numpy()
        answers[active, t] = right
        streak = np.where(right, streak + 1, 0)
        leaves = lessons.leave_noise[active, t] < leave[np.minimum(streak, STOP_AFTER - 1), t]
        over = runs.censored[active] & (runs.known[active].sum(axis=1) == t + 1)
        stays = np.flatnonzero((streak < STOP_AFTER) & ~leaves & ~over)
        state = model.learn(
            select_students(state, stays.tolist()), question[stays], torch.from_numpy(right[stays]).float()
        )
        active, streak = active[stays], streak[stays]
    return Taught(answers, asked)


@torch.inference_mode()
def tell(model: StudentModel, state: State, runs: PracticeRuns) -> NDArray[np.float64]:
    """P(right) at each real position of the runs ``(n_runs, LONGEST)`` when told the true responses before it."""
    probs = np.zeros(runs.known.shape)
    active = np.arange(len(runs.row))
    for t in range(LONGEST):
        here = np.flatnonzero(runs.asked[active, t])
        active, state = active[here], select_students(state, here.tolist())
        question = torch.from_numpy(runs.questions[active, t])
        probs[active, t] = model.answer_prob(state, question).numpy()
        state = model.learn(state, question, torch.from_numpy(runs.real[active, t]).float())
    return probs
