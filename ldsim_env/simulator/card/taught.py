"""Simulated students taught as the real ones were: from each run's start on, stopped after three right in a row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ldsim_env.logs import ResponseLog
from ldsim_env.logs.windows import Windows, padded, select_windows
from ldsim_env.simulator.card.practice_runs import LONGEST, STOP_AFTER, PracticeRuns, leave_prob
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
    leave: NDArray[np.float64]  # (n_runs, LONGEST, STOP_AFTER), see `leave_prob`


def draw_lessons(log: ResponseLog, runs: PracticeRuns, rng: np.random.Generator) -> Lessons:
    """The real questions as far as they go, then questions of the same kind as often as the log asks them."""
    kinds = log.bank.kinds.of_question[log.questions]
    order = np.argsort(kinds, kind="stable")
    first = np.searchsorted(kinds[order], runs.kind)
    count = np.searchsorted(kinds[order], runs.kind, side="right") - first
    place = first[:, None] + (rng.random(runs.known.shape) * count[:, None]).astype(np.int64)
    drawn = log.questions[order[place]].astype(np.int64)
    questions = np.where(runs.known, runs.questions, drawn)
    leave = leave_prob(runs, questions, log.bank.n_questions)
    return Lessons(questions, rng.random(questions.shape), rng.random(questions.shape), leave)


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
    model: StudentModel,
    state: State,
    runs: PracticeRuns,
    lessons: Lessons,
    courses: NDArray[np.int64],
) -> Taught:
    """Let simulated students go through runs: each ends at three right in a row, or where real students leave.

    A run that ended only with the window or the log ends there for the simulated student as well.

    Args:
        model: The student model.
        state: Where each course begins, n students.
        runs: The real runs.
        lessons: Questions and noise.
        courses: ``(n, most)`` runs of each student in order, -1 behind the last one.
    """
    answers, asked = (np.zeros(runs.known.shape, bool) for _ in range(2))
    student, number, t = (np.zeros(len(courses), np.int64) for _ in range(3))
    student += np.arange(len(courses))
    streak, n_real = np.zeros_like(student), runs.known.sum(axis=1)
    while len(student):
        run = courses[student, number]
        question = torch.from_numpy(lessons.questions[run, t])
        prob = model.answer_prob(state, question)
        right = lessons.answer_noise[run, t] < prob.numpy()
        answers[run, t], asked[run, t] = right, True
        state = model.learn(state, question, torch.from_numpy(right).float())
        streak = np.where(right, streak + 1, 0)
        leaves = lessons.leave_noise[run, t] < lessons.leave[run, t, np.minimum(streak, STOP_AFTER - 1)]
        over = (streak >= STOP_AFTER) | leaves | (runs.censored[run] & (n_real[run] == t + 1)) | (t + 1 == LONGEST)
        number, t, streak = number + over, np.where(over, 0, t + 1), np.where(over, 0, streak)
        goes_on = np.flatnonzero(
            (number < courses.shape[1]) & (courses[student, np.minimum(number, courses.shape[1] - 1)] >= 0)
        )
        if len(goes_on) < len(student):
            state = select_students(state, goes_on.tolist())
            student, number, t, streak = student[goes_on], number[goes_on], t[goes_on], streak[goes_on]
    return Taught(answers, asked)


def single_runs(runs: PracticeRuns) -> NDArray[np.int64]:
    """Every run on its own, for `teach`."""
    return np.arange(len(runs.row))[:, None]


def second_halves(runs: PracticeRuns, length: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """The first runs that begin in the second half of each window, for `teach`; windows without one are left out.

    Args:
        runs: The runs, windows in order and each window's in order.
        length: ``(n_windows,)`` interactions of each window.
        most: Runs of a window at most.
    """
    late = np.flatnonzero(runs.begin >= length[runs.row] // 2)
    _, first, count = np.unique(runs.row[late], return_index=True, return_counts=True)
    number = np.arange(most)
    inside = number < count[:, None]
    return np.where(inside, late[np.where(inside, first[:, None] + number, 0)], -1)
