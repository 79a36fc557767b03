"""Easiness is fitted together with abilities, and in training comes from other students."""

import numpy as np
import torch

from ldsim_env.simulator.difficulties import easiness_by_others, fit_easiness, middling_easiness
from tests.simulator.made_up import log_of, made_up_bank, made_up_log

WINDOW, SPREAD = 200, 0.7


def test_easier_questions_are_found() -> None:
    log = made_up_log(n_students=200)
    difficulty = np.random.default_rng(99).normal(0, 1.5, log.bank.n_questions)  # as made_up_log has it
    easiness = fit_easiness(log, WINDOW, SPREAD).first.numpy()
    assert np.corrcoef(easiness, -difficulty)[0, 1] > 0.9


def test_who_was_asked_counts() -> None:
    # question 0 was asked of students who fail at everything else, 5 of those who succeed; both half of the time
    bank = made_up_bank()
    weak = [([0, 1, 2, 3, 6, 7, 8], [i % 2, 0, 0, 0, 0, 0, 0]) for i in range(20)]
    able = [([5, 1, 2, 3, 6, 7, 8], [i % 2, 1, 1, 1, 1, 1, 1]) for i in range(20)]
    easiness = fit_easiness(log_of(bank, *weak, *able), WINDOW, SPREAD).first
    assert easiness[0] > easiness[5] + 0.5


def test_a_question_never_asked_is_as_easy_as_its_concepts() -> None:
    bank = made_up_bank()
    log = log_of(bank, *[([0, 1, 0, 1], [1, 0, 1, 0])] * 10)
    easiness = fit_easiness(log, WINDOW, SPREAD).first
    torch.testing.assert_close(easiness[5], easiness[10])  # both ask for concept 0, neither was asked
    assert easiness[5] > easiness[6]


def test_others_do_not_know_the_answer() -> None:
    log = made_up_log(n_students=20)
    flipped = made_up_log(n_students=20)
    flipped.responses.setflags(write=True)
    flipped.responses[:30] = 1 - flipped.responses[:30]  # the first student's
    before, after = (easiness_by_others(each, WINDOW, SPREAD) for each in (log, flipped))
    torch.testing.assert_close(before[:30], after[:30], rtol=0, atol=1e-6)
    assert not torch.allclose(before[30:60], after[30:60])


def test_a_lone_student_has_no_others() -> None:
    said = easiness_by_others(made_up_log(n_students=1), WINDOW, SPREAD)
    assert torch.equal(said, torch.zeros(30))


def test_a_middling_question_is_the_weighted_mean_of_the_concepts_questions() -> None:
    concepts, share = torch.tensor([[0], [0], [1]]), torch.ones(3, 1)
    easiness = middling_easiness(torch.tensor([1.0, 4.0, -2.0]), torch.tensor([0.0, 1.0, 5.0]), concepts, share, 2)
    torch.testing.assert_close(easiness, torch.tensor([3.0, -2.0]))
