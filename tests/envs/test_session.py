from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldsim_env.envs import EnvSettings
from ldsim_env.envs.session import Answers, Session
from tests.envs.fake_student import small_bank

BANK = small_bank()
N = 3


def answers(questions: list[int], responses: list[int] | None = None, asked: list[bool] | None = None) -> Answers:
    n = len(questions)
    return Answers(
        np.array(questions),
        np.full(n, 0.5),
        np.array(responses or [1] * n, np.int8),
        np.array(asked or [True] * n),
    )


def mastery(level: float, n: int = N) -> np.ndarray:
    return np.full((n, BANK.n_concepts), level, np.float32)


def session(n: int = N, step_budget: int = 30, **settings: Any) -> Session:
    made = Session(BANK, EnvSettings(**settings), n, step_budget)
    targets = np.zeros((n, BANK.n_concepts), bool)
    targets[:, :2] = True
    made.begin(targets, mastery(0.2, n))
    return made


def test_a_question_may_be_asked_once() -> None:
    taught = session()
    taught.record(answers([0, 7, 8]), mastery(0.2))
    expected = np.ones((N, BANK.n_questions), np.uint8)
    expected[[0, 1, 2], [0, 7, 8]] = 0
    assert np.array_equal(taught.action_masks(), expected)
    assert taught.legal(np.array([0, 0, 8])).tolist() == [False, True, False]


def test_a_skipped_question_stays_legal_but_the_step_counts() -> None:
    taught = session()
    taught.record(answers([0, 1, 2], asked=[False, True, True]), mastery(0.2))
    assert taught.legal(np.array([0, 1, 2])).tolist() == [True, False, False]
    assert taught.steps.tolist() == [1, 1, 1]
    assert taught.last_response[0].tolist() == [0, 0]


def test_repeats_where_allowed() -> None:
    taught = session(allow_repeats=True)
    taught.record(answers([0, 0, 0]), mastery(0.2))
    assert taught.action_masks().all()
    assert taught.legal(np.array([0, 0, 0])).all()


@given(st.lists(st.integers(0, BANK.n_questions - 1), max_size=40))
def test_masks_and_legality_agree(questions: list[int]) -> None:
    taught = session(n=1)
    for question in questions:
        legal = taught.legal(np.array([question]))
        assert legal[0] == taught.action_masks()[0, question]
        taught.record(answers([question], asked=legal.tolist()), mastery(0.2, 1))
    assert BANK.n_questions - taught.action_masks().sum() == len(set(questions))
    assert taught.terminated()[0] == (len(set(questions)) == BANK.n_questions)


def test_restarting_some_students_leaves_the_others_alone() -> None:
    taught = session()
    taught.record(answers([0, 1, 2], [0, 1, 0]), mastery(0.5))
    targets = np.zeros((1, BANK.n_concepts), bool)
    targets[0, 3] = True
    taught.begin(targets, mastery(0.1, 1), rows=np.array([1]))
    assert taught.steps.tolist() == [1, 0, 1]
    assert taught.action_masks().sum(axis=1).tolist() == [11, 12, 11]
    assert taught.exam_start == pytest.approx([0.2, 0.1, 0.2])
    assert taught.exam_now == pytest.approx([0.5, 0.1, 0.5])
    assert taught.last_response.tolist() == [[0, 1], [0, 0], [0, 1]]
    assert taught.targets.sum(axis=1).tolist() == [2, 1, 2]


def test_all_targets_mastered_ends_the_episode() -> None:
    taught = session(mastery_threshold=0.9)
    after = mastery(0.0)
    after[0, :2] = 0.9  # both targets, exactly at the threshold
    after[1, 1:] = 1.0  # all but one target
    taught.record(answers([0, 0, 0]), after)
    assert taught.terminated().tolist() == [True, False, False]


def test_final_gain_comes_on_the_last_step_of_the_budget() -> None:
    taught = session(step_budget=2, reward="final_gain")
    gains = [
        taught.rewards(taught.record(answers([question] * N), mastery(level)))[0]
        for question, level in ((0, 0.4), (1, 0.6))
    ]
    assert gains[0] == pytest.approx([0, 0, 0])
    assert gains[1] == pytest.approx([0.5] * N, abs=1e-6)


def test_coverage_counts_each_target_once() -> None:
    taught = session()
    covered = [taught.record(answers([q] * N), mastery(0.2)).newly_covered[0] for q in (0, 1, 5, 3, 8)]
    assert covered == pytest.approx([0.5, 0, 0.5, 0, 0])


def test_progress_stays_at_one_after_the_budget() -> None:
    taught = session(step_budget=1)
    for question in (0, 1):
        taught.record(answers([question] * N), mastery(0.2))
    assert taught.progress().tolist() == [1, 1, 1]
