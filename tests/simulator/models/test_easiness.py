"""The questions' easiness of the student models: where it starts, and what fitting sees of it."""

import numpy as np
import torch

from ldsim_env.simulator.models.easiness import QuestionEasiness
from tests.simulator.made_up import log_of, made_up_bank, made_up_log

WINDOW, SPREAD = 200, 0.7


def test_it_knows_who_was_asked() -> None:
    # questions 0 and 5 are answered right half of the time, 0 by students who fail at everything else
    bank = made_up_bank()
    weak = [([0, 1, 2, 3, 6, 7, 8], [i % 2, 0, 0, 0, 0, 0, 0]) for i in range(20)]
    able = [([5, 1, 2, 3, 6, 7, 8], [i % 2, 1, 1, 1, 1, 1, 1]) for i in range(20)]
    easiness = QuestionEasiness(bank)
    easiness.start_from(log_of(bank, *weak, *able), WINDOW, SPREAD)
    assert easiness.table[0] > easiness.table[5] + 0.5


def test_fitting_does_not_see_a_students_own_answers() -> None:
    log, flipped = made_up_log(n_students=20), made_up_log(n_students=20)
    flipped.responses.setflags(write=True)
    flipped.responses[: flipped.lengths[0]] ^= 1
    seen = []
    for each in (log, flipped):
        easiness = QuestionEasiness(each.bank)
        easiness.start_from(each, WINDOW, SPREAD)
        questions = torch.arange(each.bank.n_questions).expand(2, -1)
        easiness.as_others_say(torch.tensor([0, 1]))
        seen.append(easiness(questions).detach())
    before, after = seen
    torch.testing.assert_close(before[0], after[0], rtol=0, atol=1e-5)
    assert not torch.allclose(before[1], after[1])


def test_a_middling_question_is_the_mean_of_its_concept() -> None:
    bank = made_up_bank()
    easiness = QuestionEasiness(bank)
    easiness.start_from(log_of(bank, *[([0, 1, 0, 1], [1, 0, 1, 0])] * 10), WINDOW, SPREAD)
    easiness.settle(bank)
    asked_for = bank.concept_matrix[:, 0] & (bank.concept_matrix.sum(1) == 1)
    values = easiness(torch.arange(bank.n_questions)).detach().numpy()[asked_for]
    assert values.min() <= easiness.offsets[0] <= values.max()
    assert np.isfinite(easiness.offsets.numpy()).all()
