import numpy as np
import pytest
import torch

from ldsim_env.envs.learners import Learners
from tests.envs.fake_student import FakeStudent

HALF, ALL = np.full(3, 0.5), np.ones(3, bool)


def learners(n: int = 3, **kwargs: object) -> Learners:
    made = Learners(FakeStudent(**kwargs))  # type: ignore[arg-type]
    made.enter(made.model.start(n))
    return made


def test_only_those_asked_learn() -> None:
    taught = learners(practice=0.1)
    taught.learn(np.array([0, 0, 5]), np.array([1, 1, 1], np.int8), np.array([True, False, True]))
    assert taught.mastery == pytest.approx(np.array([[0.3, 0.2, 0.2, 0.2], [0.2, 0.2, 0.2, 0.2], [0.2, 0.3, 0.3, 0.2]]))


def test_nobody_asked_is_no_call_of_the_model() -> None:
    taught = learners()
    taught.learn(np.array([0, 0, 0]), np.ones(3, np.int8), np.zeros(3, bool))
    assert taught.model.n_learn_calls == 0  # type: ignore[attr-defined]


def test_students_go_on_as_if_they_learned_from_their_answers() -> None:
    questions, asked = np.array([0, 5, 8]), np.array([True, False, True])
    at_once, apart = (learners(from_mastery=True, evidence=0.2) for _ in range(2))
    prob = at_once.answer(questions, np.array([0.1, 0.1, 0.9]), asked)
    at_once.go_on(asked)
    apart.learn(questions, np.array([1, 1, 0], np.int8), asked)
    assert prob == pytest.approx([0.2, 0.2, 0.2])
    assert at_once.mastery == pytest.approx(apart.mastery)
    assert all(torch.equal(value, apart._state[name]) for name, value in at_once._state.items())


def test_nobody_goes_on_twice_or_with_another_state() -> None:
    taught = learners()
    taught.answer(np.zeros(3, int), HALF, ALL)
    taught.enter(taught.model.start(3))
    taught.go_on(ALL)
    assert taught.mastery == pytest.approx(np.full((3, 4), 0.2))


def test_probabilities_of_all_questions() -> None:
    probs = np.linspace(0.1, 0.9, 12)
    taught = learners(probs=probs)
    assert taught.answer_probs() == pytest.approx(np.tile(probs, (3, 1)))
    assert taught.answer(np.array([0, 11, 5]), HALF, ALL) == pytest.approx(probs[[0, 11, 5]])


def test_expected_gains_are_the_mean_over_both_answers() -> None:
    taught = learners(n=2, probs=0.25, practice=0.02, evidence=0.1)
    targets = np.array([[True, True, False, False], [False, False, False, True]])
    questions = np.array([0, 5, 8])
    # evidence is a surprise with mean 0 under the model, so only practice is left
    assert taught.expected_gains(questions, targets) == pytest.approx(
        np.array([[0.01, 0.01, 0], [0, 0, 0.02]]), abs=1e-6
    )


def test_expected_gains_by_hand_where_mastery_is_curved() -> None:
    taught = learners(n=1, probs=0.25, start=0.95, practice=0.0, evidence=1.0)
    targets = np.array([[True, False, False, False]])
    # right: .95 + .75 is clipped at 1 (+.05); wrong: .95 - .25 (-.25)
    assert taught.expected_gains(np.array([0]), targets) == pytest.approx(np.array([[0.25 * 0.05 - 0.75 * 0.25]]))


def test_reading_changes_nothing() -> None:
    taught = learners(from_mastery=True, evidence=0.2)
    before = {name: value.clone() for name, value in taught._state.items()}
    taught.answer_probs()
    taught.answer(np.array([0, 1, 2]), HALF, ALL)
    taught.expected_gains(np.arange(12), np.ones((3, 4), bool))
    assert all(torch.equal(value, before[name]) for name, value in taught._state.items())
