"""The memory of questions, by hand: the same for small and large banks, in compiled code and without."""

import pytest
import torch

from ldsim_env.simulator.question_memory import NEVER, empty_memory, offset_of, offsets_of_all, places_of, remember

VALUES = torch.tensor([-0.3, 0.5])
LAST_OF_SMALL, LAST_OF_LARGE = 32_766, 100_000


@pytest.mark.parametrize("exporting", [False, True])
@pytest.mark.parametrize("last", [LAST_OF_SMALL, LAST_OF_LARGE])
def test_each_question_stands_once_with_its_last_answer(
    last: int, exporting: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: exporting)
    state = empty_memory(2, 4, last + 1, VALUES)
    asked = [([0, last], [1.0, 0.0]), ([last, last], [0.0, 1.0]), ([0, 5], [0.0, 1.0])]
    for question, response in asked:
        places = places_of(state, torch.tensor(question))
        state = remember(state, torch.tensor(question), torch.tensor(response), places)
    assert state["met_questions"].tolist() == [[NEVER, last, 0, NEVER], [NEVER, last, 5, NEVER]]
    for question, expected in ((0, [-0.3, 0]), (last, [-0.3, 0.5]), (5, [0, 0.5])):
        offsets = offset_of(state, places_of(state, torch.tensor([question, question])), VALUES)
        torch.testing.assert_close(offsets, torch.tensor(expected))
        torch.testing.assert_close(offsets_of_all(state, last + 1, VALUES)[:, question], offsets)


def test_its_numbers_are_of_two_bytes_where_the_bank_lets_them() -> None:
    for last, size in ((LAST_OF_SMALL, 2), (LAST_OF_SMALL + 1, 4)):
        state = empty_memory(1, 4, last + 1, VALUES)
        assert state["met_questions"].element_size() == size
        assert state["met_responses"].element_size() == 2
