"""Runs of questions on one kind, under the tutor's rule."""

import numpy as np
import pytest
import torch
from torch import Tensor

from ldsim_env.logs import ResponseLog
from ldsim_env.logs.windows import windows
from ldsim_env.simulator import State, select_students, states_after
from ldsim_env.simulator.card.practice_runs import LONGEST, STOP_AFTER, end_shares, leave_prob, practice_runs, streaks
from ldsim_env.simulator.card.taught import draw_lessons, second_halves, single_runs, states_at_starts, teach
from tests.simulator.made_up import DriftingStudent, log_of, made_up_bank, made_up_log, made_up_network

BANK = made_up_bank()  # questions 0, 5, 10 are of concept 0, questions 1, 6, 11 of concept 1


class Sure(DriftingStudent):
    """Is right with one probability."""

    def __init__(self, prob: float) -> None:
        super().__init__(BANK)
        self.prob = prob

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        return torch.full(question.shape, self.prob)


@pytest.fixture(scope="module")
def log() -> ResponseLog:
    """Two runs of concept 0 around one of concept 1."""
    return log_of(BANK, ([0, 5, 10, 0, 5, 1, 6, 0, 5], [1, 1, 1, 0, 1, 0, 1, 0, 1]))


def test_a_run_is_cut_after_three_right_in_a_row(log: ResponseLog) -> None:
    runs = practice_runs(log, windows(log, minimum=1))
    assert runs.begin.tolist() == [0, 5, 7]
    assert runs.asked.sum(axis=1).tolist() == [3, 2, 2]
    assert runs.known.sum(axis=1).tolist() == [5, 2, 2]


def test_leaving_stopping_and_the_end_of_a_log_are_told_apart(log: ResponseLog) -> None:
    runs = practice_runs(log, windows(log, minimum=1))
    assert runs.left.sum(axis=1).tolist() == [0, 1, 0]
    assert runs.left[1, 1]
    assert runs.censored.tolist() == [False, False, True]


def test_a_run_that_goes_on_from_the_window_before_is_left_out() -> None:
    log = log_of(BANK, ([0] * 6 + [1] * 2, [0] * 8))
    runs = practice_runs(log, windows(log, length=4, minimum=1))
    assert [(r, b) for r, b in zip(runs.row.tolist(), runs.begin.tolist(), strict=True)] == [(0, 0), (1, 2)]


def test_where_runs_end_shows_whether_the_tutor_stops() -> None:
    stops = ([0, 5, 10, 1, 6, 0, 5], [1, 1, 1, 0, 1, 1, 1])  # concept 0 is left at three, concept 1 at one
    shares = end_shares(practice_runs(log_of(BANK, stops, stops), windows(log_of(BANK, stops, stops), minimum=1)))
    # the last run ends with the log, so only its first answer counts; after one right answer 1 run of 3 ends
    assert shares == pytest.approx((0, 1 / 3, 0, 1))


def test_streaks_count_right_answers_in_a_row() -> None:
    assert streaks(np.array([[1.0, 1, 0, 1, 1, 1]])).tolist() == [[1, 2, 0, 1, 2, 3]]


def test_questions_after_which_students_leave_are_known() -> None:
    stays, leaves = ([0, 5, 10, 0], [0, 1, 0, 1]), ([6, 2, 7], [0, 0, 0])
    log = log_of(BANK, *[stays, leaves] * 30)
    runs = practice_runs(log, windows(log, minimum=1))
    prob = leave_prob(runs, runs.questions, BANK.n_questions)
    assert prob.shape == (len(runs.row), LONGEST, STOP_AFTER)
    at_first = prob[:, 0, 0]
    assert at_first[runs.questions[:, 0] == 6].min() > 0.8
    assert at_first[runs.questions[:, 0] == 0].max() < 0.2


@pytest.mark.parametrize(("prob", "asked"), [(1.0, [3, 3, 3]), (0.0, [12, 12, 2])])
def test_simulated_students_are_stopped_by_the_rule(log: ResponseLog, prob: float, asked: list[int]) -> None:
    student = Sure(prob)
    runs = practice_runs(log, windows(log, minimum=1))
    lessons = draw_lessons(log, runs, np.random.default_rng(0))
    lessons = lessons._replace(leave=np.zeros_like(lessons.leave))
    taught = teach(student, student.start(3), runs, lessons, single_runs(runs))
    expected = [3, 3, 2] if prob == 1 else asked  # the last run ends with the log after two questions
    assert taught.asked.sum(axis=1).tolist() == expected


def test_simulated_students_are_asked_the_real_questions_then_others_of_the_kind(log: ResponseLog) -> None:
    runs = practice_runs(log, windows(log, minimum=1))
    questions = draw_lessons(log, runs, np.random.default_rng(0)).questions
    assert questions[0, :5].tolist() == [0, 5, 10, 0, 5]
    assert set(questions[1, 2:].tolist()) <= {1, 6}


def test_a_course_is_the_runs_of_the_second_half() -> None:
    log = made_up_log(20, 40)
    found = windows(log, minimum=1)
    runs = practice_runs(log, found)
    courses = second_halves(runs, found.length, most=5)
    assert courses.shape == (20, 5)
    assert (runs.begin[courses[courses >= 0]] >= 20).all()
    assert (np.diff(runs.begin[courses], axis=1) > 0).all()
    taught = teach(Sure(0.5), Sure(0.5).start(20), runs, draw_lessons(log, runs, np.random.default_rng(0)), courses)
    assert (taught.asked[:, 0].nonzero()[0] == np.sort(courses[courses >= 0])).all()


def test_runs_start_from_the_real_students_states() -> None:
    network, log = made_up_network(), made_up_log(6, [40, 25, 3, 30, 31, 8])
    runs = practice_runs(log, found := windows(log, minimum=1))
    states = states_at_starts(network, log, found, runs)
    for run in (0, 7, len(runs.row) - 1):
        history = log.student(int(runs.student[run]))
        prefix = log_of(network.bank, (history.questions[: runs.begin[run]], history.responses[: runs.begin[run]]))
        expected = states_after(network, prefix)
        for name, value in select_students(states, [run]).items():
            torch.testing.assert_close(value, expected[name])
