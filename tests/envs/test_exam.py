import numpy as np
import pytest

from ldsim_env.envs.exam import Exam

MASTERY = np.array([[0.2, 1, 0.4, 1], [0.5, 0.6, 0.7, 0.8]], np.float32)


def exam(*targets: list[int]) -> Exam:
    flags = np.zeros((len(targets), 4), bool)
    for row, concepts in enumerate(targets):
        flags[row, concepts] = True
    made = Exam(len(targets))
    made.set_targets(flags)
    return made


def test_score_is_the_mean_over_the_targets() -> None:
    assert exam([0, 2], [1]).sit(MASTERY, 0.95)[0] == pytest.approx([0.3, 0.6])


def test_all_targets_must_reach_the_threshold() -> None:
    assert exam([0, 2], [1]).sit(MASTERY, 0.4)[1].tolist() == [False, True]
    assert exam([1, 3], [1, 2]).sit(MASTERY, 0.7)[1].tolist() == [True, False]


def test_whoever_has_fewer_targets_is_held_to_those_alone() -> None:
    assert exam([0, 2], [3]).sit(MASTERY, 0.75)[1].tolist() == [False, True]
    made = exam([1], [3])
    made.set_targets(np.array([[True, True, True, False]]), np.array([0]))  # wider from now on
    score, mastered = made.sit(MASTERY, 0.75)
    assert score == pytest.approx([1.6 / 3, 0.8])
    assert mastered.tolist() == [False, True]


def test_some_students_may_change_targets() -> None:
    made = exam([0], [1])
    made.set_targets(np.array([[True, True, True, True]]), np.array([1]))
    assert made.n_targets.tolist() == [1, 4]
    assert made.sit(MASTERY, 0.95)[0] == pytest.approx([0.2, 0.65])
    assert made.sit(MASTERY[1:], 0.95, np.array([1]))[0] == pytest.approx([0.65])
    made.set_targets(np.array([[False, True, False, False]]), np.array([1]))
    assert made.sit(MASTERY, 0.95)[0] == pytest.approx([0.2, 0.6])
