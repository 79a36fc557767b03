import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ldsim_env.errors import SettingsError
from ldsim_env.simulator.network import LDSimNetwork
from ldsim_env.simulator.readouts import latent, latent_size, quantiles, question_vectors
from ldsim_env.simulator.settings import NetworkSettings
from tests.envs.fake_student import FakeStudent, small_bank

BANK = small_bank()


def network() -> LDSimNetwork:
    made = LDSimNetwork(
        BANK, torch.linspace(-1, 1, 12), torch.ones(12), NetworkSettings(concept_size=3, n_factors=2, past_size=4)
    )
    made.initialise(torch.Generator().manual_seed(0))
    made.freeze()
    made.tables.vectors.copy_(torch.arange(12.0).view(4, 3))
    return made


def test_vectors_of_the_network_are_mean_concept_vectors_and_difficulty() -> None:
    vectors = question_vectors(network())
    assert (vectors.shape, vectors.dtype) == ((12, 4), np.float32)
    assert vectors[0, :3].tolist() == [0, 1, 2]
    assert vectors[5, :3].tolist() == pytest.approx([4.5, 5.5, 6.5])  # Halves and Cubes
    assert (np.diff(vectors[:, 3]) < 0).all()  # the prior makes each easier than the one before


def test_vectors_of_other_models_are_concepts_and_the_banks_difficulty() -> None:
    vectors = question_vectors(FakeStudent(BANK.with_difficulty(np.arange(12, dtype=np.float32))))
    assert vectors[5].tolist() == pytest.approx([0, 0.5, 0.5, 0, 5.5 / 12])
    assert question_vectors(FakeStudent())[:, 4].tolist() == [0.5] * 12  # a bank without difficulties


def test_a_model_may_have_vectors_of_its_own() -> None:
    student = FakeStudent()
    student.question_vectors = torch.arange(24).view(12, 2)  # type: ignore[attr-defined]
    assert question_vectors(student).tolist() == np.arange(24).reshape(12, 2).tolist()
    student.question_vectors = torch.zeros(12)  # type: ignore[attr-defined]
    with pytest.raises(SettingsError, match=r"question_vectors: expected \(12, size\) .* got the shape \(12,\)"):
        question_vectors(student)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=40))
def test_quantiles_are_evenly_spread_and_keep_the_order(values: list[float]) -> None:
    array = np.array(values, np.float32)
    result = quantiles(array)
    assert ((result > 0) & (result < 1)).all()
    assert result.mean() == pytest.approx(0.5, abs=1e-5)
    order = np.argsort(array, kind="stable")
    assert (np.diff(result[order]) >= 0).all()
    assert np.array_equal(np.diff(result[order]) > 0, np.diff(array[order]) > 0)


def test_latent_state_of_the_network() -> None:
    made = network()
    state = made.learn(made.start(2), torch.tensor([0, 5]), torch.tensor([1.0, 0.0]))
    vectors = latent(made, state)
    assert vectors.shape == (2, latent_size(made)) == (2, 4 + 2 + 4 + 4)
    assert torch.equal(vectors[:, :4], state["ability"])
    assert torch.equal(vectors[:, 4:6], state["factors"])
    assert vectors[1, 6:10].tolist() == pytest.approx([0, np.log(2) / 3, np.log(2) / 3, 0])
    assert torch.equal(vectors[:, 10:], state["past"])


def test_latent_state_of_other_models_is_what_they_hold_in_floats() -> None:
    student = FakeStudent(practice=0.1)
    state = student.learn(student.start(2), torch.tensor([0, 5]), torch.ones(2))
    assert torch.equal(latent(student, state), state["level"])
