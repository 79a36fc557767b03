"""The context moves P(right) and never the mastery."""

from dataclasses import replace

import torch

from ldsim_env.simulator.context import ContextReadout
from ldsim_env.simulator.experience import experience
from tests.simulator.made_up import TINY_NETWORK, WITHOUT_CONTEXT, made_up_network, practised_state


def context() -> ContextReadout:
    readout = ContextReadout(past_size=3, concept_size=4, hidden_size=5)
    readout.initialise(torch.Generator().manual_seed(0))
    return readout


@torch.no_grad()
def test_every_kind_at_once_agrees_with_one_question_at_a_time() -> None:
    draw = torch.Generator().manual_seed(1)
    past, vectors = torch.randn(6, 3, generator=draw), torch.randn(2, 4, generator=draw)
    practised, step = torch.rand(6, 2, generator=draw) * 9, torch.arange(6)
    together = context()(past, vectors, experience(practised, step))
    for kind in range(2):
        one = context()(past, vectors[kind].expand(6, -1), experience(practised[:, kind], step))
        torch.testing.assert_close(together[:, kind], one)


def test_the_exam_does_not_read_it() -> None:
    network = made_up_network()
    state = practised_state(network)
    other = state | {"past": state["past"] + 1}
    question = torch.arange(len(state["past"]))
    assert torch.equal(network.mastery(other), network.mastery(state))
    assert not torch.allclose(network.answer_prob(other, question), network.answer_prob(state, question))


def test_it_can_be_left_out() -> None:
    network = made_up_network(settings=WITHOUT_CONTEXT)
    assert network.context is None
    assert made_up_network(settings=replace(TINY_NETWORK, past_size=0)).context is None
    assert not any(name.startswith("context") for name in network.state_dict())
