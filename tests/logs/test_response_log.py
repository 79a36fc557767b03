from dataclasses import replace

import numpy as np
import pytest

from ldsim_env.errors import LogError


@pytest.fixture
def log(make_log):
    return make_log(([0, 1, 2], [1, 0, 1]), ([3], [0]))


def test_histories_come_back_in_order(log):
    assert (len(log), log.n_interactions, log.lengths.tolist()) == (2, 4, [3, 1])
    assert [history.student_id for history in log] == ["s0", "s1"]
    assert log.student(1).questions.tolist() == [3]


def test_it_is_shown_by_its_counts(log):
    assert repr(log) == "ResponseLog(source='toy log', n_students=2, n_interactions=4, bank='TOY')"


def test_students_are_selected_in_the_order_asked_for(log):
    selected = log.select([1, 0])
    assert selected.student_ids == ("s1", "s0")
    assert selected.questions.tolist() == [3, 0, 1, 2]
    assert selected.bank is log.bank


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"student_ids": ("s0", "s0")}, "student_ids: expected each student once"),
        ({"offsets": np.array([0, 3])}, "offsets: expected 3 entries ending at 4, got 2 ending at 3"),
        ({"responses": np.array([1, 0], np.int8)}, "responses: expected 4 entries, got 2"),
        ({"responses": np.array([1, 0, 1, 2], np.int8)}, "responses: expected only 0 .* and 1"),
        ({"questions": np.array([0, 1, 2, 6], np.int32)}, "questions: expected indices from 0 to 5"),
        ({"questions": np.array([0, 1, 2, -1], np.int32)}, "questions: expected indices from 0 to 5"),
    ],
)
def test_parts_that_do_not_agree_are_refused(log, change, message):
    with pytest.raises(LogError, match=message):
        replace(log, **change)
