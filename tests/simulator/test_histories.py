"""Running all histories at once, against each student alone."""

import torch

from ldsim_env.simulator import states_after
from tests.simulator.made_up import N_CONCEPTS, made_up_log, made_up_network


def test_states_are_those_of_each_student_alone() -> None:
    network = made_up_network()
    log = made_up_log(n_students=6, length=[3, 0, 50, 7, 7, 1])
    together = states_after(network, log)
    for i, history in enumerate(log):
        state = network.start(1)
        for question, response in zip(history.questions.tolist(), history.responses.tolist(), strict=True):
            state = network.learn(state, torch.tensor([question]), torch.tensor([response]))
        for name, value in state.items():
            torch.testing.assert_close(together[name][i : i + 1], value, rtol=0, atol=1e-5)


def test_nobody_answered_anything() -> None:
    network = made_up_network()
    state = states_after(network, made_up_log(n_students=2, length=0))
    assert state["ability"].tolist() == network.start(2)["ability"].tolist()
    assert network.mastery(states_after(network, made_up_log(n_students=0))).shape == (0, N_CONCEPTS)
