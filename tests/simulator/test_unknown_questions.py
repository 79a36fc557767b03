"""Questions that a simulator never saw are answered from their concepts; the known ones as before."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ldsim_env.errors import CheckpointError
from ldsim_env.logs import QuestionBank
from ldsim_env.simulator import for_log, with_bank
from tests.simulator.made_up import WITHOUT_CONTEXT, copy_of, log_of, made_up_bank, made_up_network, practised_state

NEW = {20: [2], 21: [0, 3], 22: []}  # unknown questions and their concepts


def larger_bank() -> QuestionBank:
    bank = made_up_bank()
    concepts = np.full((23, 2), -1, np.int16)
    concepts[:20] = bank.question_concepts
    for question, of in NEW.items():
        concepts[question, : len(of)] = of
    return replace(bank, question_ids=(*bank.question_ids, "new0", "new1", "new2"), question_concepts=concepts)


def test_known_questions_and_mastery_stay_as_they_were() -> None:
    network = made_up_network()
    extended = with_bank(network, larger_bank())
    state = practised_state(network)
    known = torch.arange(20).expand(6, -1)
    torch.testing.assert_close(extended.answer_prob(state, known), network.answer_prob(state, known), rtol=0, atol=1e-6)
    assert torch.equal(extended.mastery(state), network.mastery(state))
    question, response = torch.arange(6), torch.ones(6)
    learned, expected = (model.learn(state, question, response) for model in (extended, network))
    assert all(torch.equal(learned[name], value) for name, value in expected.items())


def test_the_first_network_is_not_touched() -> None:
    network = made_up_network()
    before = copy_of(network.state_dict())
    extended = with_bank(network, larger_bank())
    assert all(torch.equal(network.state_dict()[name], value) for name, value in before.items())
    assert network.bank.n_questions == 20
    assert extended.bank.n_questions == 23
    assert not any(weight.requires_grad for weight in extended.parameters())


def test_a_question_of_one_concept_is_its_middling_question() -> None:
    network = made_up_network(settings=WITHOUT_CONTEXT)
    state = practised_state(network)
    prob = with_bank(network, larger_bank()).answer_prob(state, torch.full((6,), 20))
    torch.testing.assert_close(prob, network.mastery(state)[:, 2], rtol=0, atol=1e-6)


def test_a_question_of_two_concepts_lies_between_them() -> None:
    network = made_up_network(settings=WITHOUT_CONTEXT)
    state = practised_state(network)
    prob = with_bank(network, larger_bank()).answer_prob(state, torch.full((6,), 21))
    expected = network.mastery(state)[:, [0, 3]].logit().mean(1).sigmoid()
    torch.testing.assert_close(prob, expected, rtol=0, atol=1e-6)


def test_a_question_without_concepts_is_as_easy_as_the_bank() -> None:
    network = made_up_network(settings=WITHOUT_CONTEXT)
    prob = with_bank(network, larger_bank()).answer_prob(practised_state(network), torch.full((6,), 22))
    easiness = network.question_prior * network.prior_scale + network.easiness_correction
    overall = (easiness * network.question_weight).sum() / network.question_weight.sum()
    torch.testing.assert_close(prob, overall.sigmoid().expand(6), rtol=0, atol=1e-6)


def test_unknown_questions_are_remembered_too() -> None:
    network = made_up_network()
    extended = with_bank(network, larger_bank())
    question = torch.full((6,), 21)
    state = extended.learn(practised_state(network), question, torch.ones(6))
    forgetful = {**state, "met_questions": torch.full_like(state["met_questions"], -1)}
    gained = extended.answer_prob(state, question).logit() - extended.answer_prob(forgetful, question).logit()
    torch.testing.assert_close(gained, network.met_before[1].expand(6), rtol=0, atol=1e-5)


def test_the_same_bank_needs_no_new_network() -> None:
    network = made_up_network()
    assert with_bank(network, network.bank) is network


@pytest.mark.parametrize(
    "bank",
    [
        made_up_network().bank.from_concept_lists("FEW", ["q0"], [[0]], [str(k) for k in range(5)]),
        replace(made_up_bank(), concept_ids=("0", "1", "2", "3", "other")),
        replace(made_up_bank(), question_ids=(*made_up_bank().question_ids[1:], "q0")),
    ],
    ids=["smaller", "other concepts", "other order"],
)
def test_other_banks_are_refused(bank: QuestionBank) -> None:
    with pytest.raises(CheckpointError, match=r"expected the simulator's 20 questions first and its 5 concepts.*match"):
        with_bank(made_up_network(), bank)


def test_a_log_of_its_own_bank_is_brought_to_the_simulators() -> None:
    bank = QuestionBank.from_concept_lists("LOG", ["q9", "x", "y"], [[0], [0], [1]], ["4", "strange"])
    network, matched = for_log(made_up_network(settings=WITHOUT_CONTEXT), log_of(bank, ([0, 1, 2, 1], [1, 0, 1, 1])))
    assert (matched.unknown_questions, matched.unknown_interactions, matched.unknown_concepts) == (2, 3, 1)
    assert network.bank is matched.log.bank
    state = network.start(1)
    prob = network.answer_prob(state, torch.tensor([20]))
    torch.testing.assert_close(prob, network.mastery(state)[:, 4], rtol=0, atol=1e-6)
