"""The model's own answers, drawn anew."""

import numpy as np
import torch
from torch import Tensor

from ldsim_env.simulator import State, predict_simulation
from ldsim_env.simulator.card.answers import own_answers
from tests.simulator.made_up import DriftingStudent, made_up_bank, made_up_log


class Echo(DriftingStudent):
    """Is right with probability .8 after a right answer and with .3 after a wrong one."""

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        return 0.3 + 0.5 * state["last"][:, 0]

    def start(self, n: int) -> State:
        return {**super().start(n), "last": torch.zeros(n, 1)}

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        return {**super().learn(state, question, response), "last": response.float().unsqueeze(1)}


def test_answers_are_those_that_the_model_went_on_from() -> None:
    log = made_up_log(30, [*range(18, 48)])
    seed = 3
    answers = own_answers(predict_simulation(Echo(made_up_bank()), log, "sampled", seed), seed)
    after = np.where(answers.simulated[:, :-1] > 0, 0.8, 0.3)
    both = answers.inside[:, 1:]
    assert both.any()
    np.testing.assert_allclose(answers.prob[:, 1:][both], after[both], atol=1e-6)


def test_real_answers_are_the_logs() -> None:
    log = made_up_log(5, 40)
    answers = own_answers(predict_simulation(Echo(made_up_bank()), log), 0)
    assert answers.student.tolist() == [0, 1, 2, 3, 4]
    assert answers.first.tolist() == [20] * 5
    np.testing.assert_array_equal(answers.real, log.responses.reshape(5, 40)[:, 20:])
