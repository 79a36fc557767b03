import copy

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ldsim_env.envs.asked import AskedQuestions

N, N_QUESTIONS = 3, 21
ALL = np.ones(N, bool)

changes = st.lists(
    st.one_of(
        st.lists(st.integers(0, N_QUESTIONS - 1), min_size=N, max_size=N),  # one question each
        st.sets(st.integers(0, N - 1)),  # these begin anew
    ),
    max_size=30,
)


@given(changes)
def test_snapshots_stay_true(history: list[list[int] | set[int]]) -> None:
    asked = AskedQuestions(N, N_QUESTIONS)
    expected = np.ones((N, N_QUESTIONS), np.uint8)
    past = []
    for change in history:
        past.append((asked.snapshot(), expected.copy()))
        if isinstance(change, set):
            rows = np.array(sorted(change), np.int64)
            asked.clear(rows)
            expected[rows] = 1
        else:
            asked.add(np.array(change), ~asked.contains(np.array(change)))
            expected[range(N), change] = 0
        assert np.array_equal(asked.masks(), expected)
        assert asked.contains(np.arange(N)).tolist() == (expected[range(N), range(N)] == 0).tolist()
        assert np.array_equal(asked.contains(np.tile(np.arange(9), (N, 1))), expected[:, :9] == 0)
    for snapshot, masks in past:
        assert np.array_equal(snapshot.masks(), masks)
        assert np.array_equal(snapshot.contains(np.tile(np.arange(9), (N, 1))), masks[:, :9] == 0)
        assert snapshot.counts.tolist() == (N_QUESTIONS - masks.sum(axis=1)).tolist()
    assert np.array_equal(asked.masks(), expected)


def test_counts() -> None:
    asked = AskedQuestions(N, N_QUESTIONS)
    asked.add(np.array([1, 2, 3]), np.array([True, False, True]))
    before = asked.counts
    asked.add(np.array([4, 2, 3]), ALL)
    asked.clear(np.array([2]))
    assert before.tolist() == [1, 0, 1]
    assert asked.counts.tolist() == [2, 1, 0]


def test_a_question_not_asked_is_not_remembered() -> None:
    asked = AskedQuestions(N, N_QUESTIONS)
    asked.add(np.array([7, 8, 20]), np.array([False, True, True]))
    assert asked.masks().sum(axis=1).tolist() == [21, 20, 20]


def test_a_copy_goes_its_own_way() -> None:
    asked = AskedQuestions(N, N_QUESTIONS)
    snapshot = asked.snapshot()
    twin = copy.deepcopy(asked)
    twin.add(np.array([0, 0, 0]), ALL)
    assert snapshot.masks().all()
    assert asked.masks().all()
    assert not twin.masks()[:, 0].any()


def test_many_questions_a_student() -> None:
    asked = AskedQuestions(2, 100)
    for question in range(70):
        asked.add(np.array([question, 99]), np.array([True, question == 0]))
    assert np.flatnonzero(asked.masks()[0] == 0).tolist() == list(range(70))
    assert asked.masks()[1].tolist() == [1] * 99 + [0]
    assert asked.contains(np.array([69, 69])).tolist() == [True, False]
