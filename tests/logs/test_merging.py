import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldsim_env.logs.merging import attempt_starts, interaction_starts


def starts_of(rows):
    """Rows are (student, question, response, concepts)."""
    pairs = [(i, concept) for i, row in enumerate(rows) for concept in row[3]]
    columns = [np.array([row[k] for row in rows], np.int64) for k in range(3)]
    concept_row, concept = np.array(pairs, np.int64).reshape(-1, 2).T
    return interaction_starts(*columns, concept_row, concept).tolist()


def slow_starts(rows):
    """The merge rule, told row by row."""
    starts, met = [], set()
    for i, (student, question, response, concepts) in enumerate(rows):
        same = i > 0 and (student, question, response) == rows[i - 1][:3]
        joins = same and concepts and met and not met & set(concepts)
        met = met | set(concepts) if joins else set(concepts)
        starts.append(not joins)
    return starts


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([(0, 5, 1, [1]), (0, 5, 1, [2])], [True, False], id="two concepts of one question"),
        pytest.param([(0, 5, 1, [1]), (0, 5, 0, [2])], [True, True], id="another response"),
        pytest.param([(0, 5, 1, [1]), (0, 6, 1, [2])], [True, True], id="another question"),
        pytest.param([(0, 5, 1, [1]), (1, 5, 1, [2])], [True, True], id="another student"),
        pytest.param([(0, 5, 1, [1]), (0, 5, 1, [1])], [True, True], id="the concept repeats"),
        pytest.param([(0, 5, 1, [k]) for k in (1, 2, 1, 2)], [True, False, True, False], id="the pair repeats"),
        pytest.param([(0, 5, 1, [k]) for k in (1, 2, 2, 1)], [True, False, True, False], id="repeats in reverse"),
        pytest.param([(0, 5, 1, [k]) for k in (1, 2, 1, 3, 2)], [True, False, True, False, False], id="met before"),
        pytest.param([(0, 5, 1, []), (0, 5, 1, []), (0, 5, 1, [1])], [True] * 3, id="no concept"),
        pytest.param([(0, 5, 1, [1, 2]), (0, 5, 1, [3]), (0, 5, 1, [2, 4])], [True, False, True], id="joined concepts"),
        pytest.param([(0, 5, 1, [1, 1]), (0, 5, 1, [1])], [True, True], id="a concept twice in a row"),
        pytest.param([], [], id="no rows"),
    ],
)
def test_merge_rule(rows, expected):
    assert starts_of(rows) == expected
    assert slow_starts(rows) == expected


row = st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 1), st.lists(st.integers(0, 3), max_size=2))


@given(st.lists(row, max_size=40))
def test_the_fast_rule_is_the_slow_rule(rows):
    assert starts_of(rows) == slow_starts(rows)


interaction = st.tuples(st.just(0), st.integers(0, 2), st.integers(0, 1), st.sets(st.integers(0, 3), min_size=1))


@given(st.lists(interaction, max_size=20))
def test_expanding_and_merging_gives_the_interactions_back(interactions):
    # the rule can't part two attempts at a question that list disjoint concepts: a question has one set of concepts
    concepts = {}
    rows, expected = [], []
    for student, question, response, some in interactions:
        own = sorted(concepts.setdefault(question, some))
        rows += [(student, question, response, [concept]) for concept in own]
        expected += [True] + [False] * (len(own) - 1)
    assert starts_of(rows) == expected


def test_numbered_attempts_need_no_rule():
    student, attempt = np.array([0, 0, 0, 1, 1]), np.array([7, 7, 8, 8, 8])
    assert attempt_starts(student, attempt).tolist() == [True, False, True, True, False]
