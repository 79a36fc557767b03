from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldsim_env.envs.rewards import (
    COSTLY,
    TERMS,
    StepRecord,
    learning_gain,
    reward_terms,
    reward_weights,
    terms_offered,
    weighted_sum,
)

share = st.floats(0, 1)


def record(**changes: object) -> StepRecord:
    """Two students: one answered right, one was asked nothing."""
    base = StepRecord(
        exam_start=np.array([0.2, 0.5]),
        exam_before=np.array([0.4, 0.6]),
        exam_now=np.array([0.6, 0.6]),
        answer_prob=np.array([0.5, 0.9]),
        response=np.array([1, 1], np.int8),
        asked=np.array([True, False]),
        newly_covered=np.array([0.5, 0.0]),
        ended=np.array([False, True]),
        min_gap=0.05,
        expected_change=lambda: np.array([0.12, 0.0]),
        retained_exam=lambda: np.array([0.3, 0.4]),
    )
    return base._replace(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("step_gain", [0.25, 0.0]),
        ("expected_gain", [0.15, 0.0]),
        ("final_gain", [0.0, 0.2]),
        ("retention", [0.0, -0.2]),
        ("exam_delta", [0.2, 0.0]),
        ("disagreement", [0.0, 0.0]),
        ("pessimistic_gain", [0.25, 0.0]),
        ("zpd", [1.0, 0.0]),
        ("success", [1.0, 0.0]),
        ("coverage", [0.5, 0.0]),
    ],
)
def test_terms(term: str, expected: list[float]) -> None:
    assert reward_terms(record())[term] == pytest.approx(expected)


def test_every_term_has_a_case_above_and_a_docstring() -> None:
    costly = {"expected_gain", "retention"}
    of_ensembles = {"disagreement", "pessimistic_gain"}
    assert set(TERMS) == {"step_gain", "final_gain", "exam_delta", "zpd", "success", "coverage"} | costly | of_ensembles
    assert set(COSTLY) == costly
    assert all(term.__doc__ for term in TERMS.values())


@given(st.lists(share, min_size=2, max_size=30))
def test_step_gains_add_up_to_the_learning_gain(scores: list[float]) -> None:
    start = np.array(scores[:1])
    steps = [
        record(exam_start=start, exam_before=np.array([before]), exam_now=np.array([now]))
        for before, now in pairwise(scores)
    ]
    total = sum(reward_terms(step)["step_gain"][0] for step in steps)
    assert total == pytest.approx(learning_gain(start, np.array(scores[-1:]), 0.05)[0], abs=1e-9)


@given(share, share)
def test_the_gain_is_bounded_by_its_guard(start: float, now: float) -> None:
    gain = learning_gain(np.array([start]), np.array([now]), 0.05)[0]
    assert -20 <= gain <= 1 + 1e-12


def test_the_gain_is_guarded_near_one() -> None:
    assert learning_gain(np.array([0.99]), np.array([0.94]), 0.05) == pytest.approx([-1.0])


def test_weighted_sum() -> None:
    terms = reward_terms(record())
    assert weighted_sum(terms, {"step_gain": 2.0, "zpd": -1.0}) == pytest.approx([-0.5, 0.0])


def test_a_name_is_a_weight_of_one() -> None:
    assert reward_weights("zpd") == {"zpd": 1.0}


def test_costly_terms_can_be_left_out() -> None:
    cheap = set(TERMS) - set(COSTLY)
    assert set(terms_offered({"zpd": 1.0}, full_info=False)) == cheap
    assert set(terms_offered({"retention": 1.0}, full_info=False)) == cheap | {"retention"}
    assert terms_offered({"zpd": 1.0}, full_info=True) == tuple(TERMS)
    assert set(reward_terms(record(retained_exam=None), ("zpd", "expected_gain"))) == {"zpd", "expected_gain"}
