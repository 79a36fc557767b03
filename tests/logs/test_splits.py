import numpy as np
import pytest

from ldsim_env.errors import SettingsError
from ldsim_env.logs import split_folds, split_students


@pytest.fixture
def log(make_log):
    return make_log(*[([i % 6, 0], [1, 0]) for i in range(21)])


def test_a_share_is_set_apart(log):
    rest, part = split_students(log, 0.2, np.random.default_rng(0))
    assert (rest.n_students, part.n_students) == (17, 4)
    assert sorted(rest.student_ids + part.student_ids) == sorted(log.student_ids)
    assert list(part.student_ids) == [one for one in log.student_ids if one in part.student_ids]
    original = log.student(log.student_ids.index(part.student_ids[0]))
    assert part.student(0).questions.tolist() == original.questions.tolist()
    assert part.bank is log.bank


def test_the_generator_decides(log):
    splits = [split_students(log, 0.3, np.random.default_rng(seed))[1].student_ids for seed in (0, 0, 1)]
    assert splits[0] == splits[1] != splits[2]


@pytest.mark.parametrize(("share", "expected"), [(0.001, 1), (0.999, 20)])
def test_both_sides_have_a_student(log, share, expected):
    assert split_students(log, share, np.random.default_rng(0))[1].n_students == expected


def test_folds_share_the_students_out(log):
    folds = split_folds(log, 4, np.random.default_rng(0))
    assert sorted(fold.n_students for fold in folds) == [5, 5, 5, 6]
    assert sorted(one for fold in folds for one in fold.student_ids) == sorted(log.student_ids)


@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_bad_shares_are_refused(log, share):
    with pytest.raises(SettingsError, match="share: expected a share of the students between 0 and 1"):
        split_students(log, share, np.random.default_rng(0))


def test_too_few_students_are_refused(make_log, log):
    with pytest.raises(SettingsError, match="expected at least 2 students to split, got 1"):
        split_students(make_log(([0], [1])), 0.5, np.random.default_rng(0))
    for n in (1, 22):
        with pytest.raises(SettingsError, match=f"n: expected 2 to 21 folds .* got {n}"):
            split_folds(log, n, np.random.default_rng(0))
