"""Practice alone, and student models in which it does more or less."""

import pytest
import torch

from ldsim_env.simulator.card.practice import PracticeScaled, both_outcomes, can_be_scaled
from tests.simulator.made_up import DriftingStudent, Flatterer, made_up_bank, made_up_network, practised_state

QUESTION = torch.tensor([0, 3, 7, 11, 18, 2])


def test_practice_is_on_what_was_asked() -> None:
    network = made_up_network()
    practice = both_outcomes(network, practised_state(network), QUESTION).practice
    asked = torch.tensor(network.bank.concept_matrix)[QUESTION]
    assert (practice[asked] > 0.02).all()
    assert (practice[~asked].abs() < 0.01).all()  # evidence alone leaves the expected mastery in place


def test_practice_of_a_known_size_is_found() -> None:
    student = DriftingStudent(made_up_bank(), practice=0.1)
    practice = both_outcomes(student, student.start(6), QUESTION).practice
    asked = torch.tensor(student.bank.concept_matrix)[QUESTION]
    assert practice[asked].numpy() == pytest.approx(float(torch.logit(torch.tensor(0.6))), abs=1e-4)
    assert practice[~asked].abs().max() < 1e-5


def test_factor_0_never_learns_and_factor_2_learns_twice() -> None:
    network = made_up_network()
    state = practised_state(network)
    asked = torch.tensor(network.bank.concept_matrix)[QUESTION]
    once, never, twice = (
        both_outcomes(PracticeScaled(network, factor), state, QUESTION).practice[asked] for factor in (1, 0, 2)
    )
    assert never.abs().max() < 0.1 * once.min()
    torch.testing.assert_close(twice, 2 * once, rtol=0.1, atol=0.01)


def test_factor_1_is_the_model_itself() -> None:
    network = made_up_network()
    state, response = practised_state(network), torch.tensor([1.0, 0, 1, 0, 1, 1])
    scaled = PracticeScaled(network, 1).learn(state, QUESTION, response)
    for name, value in network.learn(state, QUESTION, response).items():
        assert torch.equal(scaled[name], value)


def test_only_abilities_can_be_scaled() -> None:
    assert can_be_scaled(made_up_network())
    assert not can_be_scaled(Flatterer(made_up_bank()))
