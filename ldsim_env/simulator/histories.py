"""Running a student model over whole histories, to the knowledge states at their ends."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.simulator.protocol import State, StudentModel, join_students, select_students


@torch.inference_mode()
def states_after(model: StudentModel, histories: ResponseLog) -> State:
    """Run the student model over all histories at once.

    Students are sorted by length, so that step t learns only for those whose history is longer than t.

    Args:
        model: The student model.
        histories: Histories over the model's bank; empty ones are allowed.

    Returns:
        The state of all students, in the order of the log.
    """
    order = np.argsort(-histories.lengths, kind="stable")
    state, finished = model.start(len(order)), []
    device = next(iter(state.values())).device
    questions, responses, active = _by_step(histories, order, device)
    for t, n_active in enumerate(active):
        finished.append({name: value[n_active:] for name, value in state.items()})
        state = {name: value[:n_active] for name, value in state.items()}
        if n_active:
            state = model.learn(state, questions[t, :n_active], responses[t, :n_active])
    return select_students(join_students(finished[::-1]), np.argsort(order).tolist())


def _by_step(
    histories: ResponseLog, order: NDArray[np.int64], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor, list[int]]:
    """Questions int64 and responses float32, both (longest, n), and how many students are active at each step."""
    lengths = histories.lengths[order]
    longest = int(lengths.max(initial=0))
    within = np.arange(longest)[:, None] < lengths  # (longest, n)
    at = np.where(within, histories.offsets[:-1][order] + np.arange(longest)[:, None], 0)
    questions = torch.from_numpy(histories.questions[at].astype(np.int64))
    responses = torch.from_numpy(histories.responses[at].astype(np.float32))
    return questions.to(device), responses.to(device), [*within.sum(axis=1).tolist(), 0]
