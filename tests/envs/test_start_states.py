import numpy as np
import pytest
import torch

from ldsim_env.envs import states_after
from ldsim_env.envs.start_states import StartStates
from ldsim_env.logs.response_log import ResponseLog
from tests.envs.fake_student import FakeStudent, small_bank, small_cohort


def test_batched_states_equal_those_of_single_students() -> None:
    model = FakeStudent(evidence=0.3, from_mastery=True)
    histories = small_cohort().histories.select([3, 0, 19, 7, 7 + 1])
    together = states_after(model, histories)
    for i, history in enumerate(histories):
        state = model.start(1)
        for question, response in zip(history.questions, history.responses, strict=True):
            state = model.learn(state, torch.tensor([int(question)]), torch.tensor([float(response)]))
        for name, value in state.items():
            assert torch.allclose(together[name][i], value[0])


def test_one_pass_over_the_longest_history_is_all_it_takes() -> None:
    model = FakeStudent()
    states = StartStates(model, small_cohort().histories)
    assert model.n_learn_calls == 0
    for student in range(20):
        states.of(np.array([student]))
    assert model.n_learn_calls == 19


def test_empty_histories_give_new_students() -> None:
    model = FakeStudent()
    histories = small_cohort().histories.select([0])
    assert torch.equal(states_after(model, histories)["level"], model.start(1)["level"])


def test_no_students() -> None:
    nobody = ResponseLog(small_bank(), (), np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.int8))
    assert len(states_after(FakeStudent(), nobody)["level"]) == 0


@pytest.mark.parametrize("student", [2, 5])
def test_states_are_copies(student: int) -> None:
    states = StartStates(FakeStudent(), small_cohort().histories)
    first = states.of(np.array([student]))
    with torch.inference_mode():
        first["level"].zero_()
    assert states.of(np.array([student]))["level"].min() > 0
