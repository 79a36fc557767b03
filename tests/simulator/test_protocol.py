"""What every student model shares: states as plain named tensors."""

import pytest
import torch

from ldsim_env.simulator import StudentModel, join_students, select_students
from tests.simulator.made_up import DriftingStudent, made_up_network, practised_state, wide_bank


@pytest.mark.parametrize("model", [made_up_network(), DriftingStudent(wide_bank())], ids=["LDSimNetwork", "fake"])
def test_the_four_verbs(model: StudentModel) -> None:
    assert isinstance(model, StudentModel)
    state = model.start(3)
    assert all(len(value) == 3 for value in state.values())
    question = torch.tensor([0, 1, 2])
    for asked in (question, torch.stack([question, question.flip(0)], dim=1)):
        prob = model.answer_prob(state, asked)
        assert prob.shape == asked.shape
        assert prob.dtype == torch.float32
        assert ((prob > 0) & (prob < 1)).all()
    after = model.learn(state, question, torch.tensor([1.0, 0.0, 1.0]))
    assert {n: (v.shape, v.dtype) for n, v in after.items()} == {n: (v.shape, v.dtype) for n, v in state.items()}
    mastery = model.mastery(after)
    assert mastery.shape == (3, model.bank.n_concepts)
    assert mastery.dtype == torch.float32
    assert ((mastery >= 0) & (mastery <= 1)).all()


def test_a_model_without_the_verbs_is_none() -> None:
    assert not isinstance(object(), StudentModel)


def test_selecting_and_joining_students() -> None:
    state = practised_state(made_up_network(), n=4)
    parts = [select_students(state, [0]), select_students(state, torch.tensor([1, 2, 3]))]
    for name, value in join_students(parts).items():
        assert torch.equal(value, state[name])
    twice = select_students(state, [2, 2, 0])
    assert torch.equal(twice["ability"], state["ability"][[2, 2, 0]])
