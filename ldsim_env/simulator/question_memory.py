"""A student's last questions and answers, for meeting the very same question again; each stands in it once."""

from __future__ import annotations

import torch
from torch import Tensor

from ldsim_env.simulator.protocol import State

NEVER = -1


def empty_memory(n: int, size: int, like: Tensor) -> State:
    """The memory of ``n`` new students, on the device of ``like``."""
    return {
        "step": torch.zeros(n, dtype=torch.int64, device=like.device),
        "met_questions": torch.full((n, size), NEVER, dtype=torch.int32, device=like.device),
        "met_responses": like.new_zeros(n, size),  # 1 more than the response
    }


def remember(state: State, question: Tensor, response: Tensor) -> State:
    """The memory after one more answer; the oldest one gives way when it is full."""
    met = state["met_questions"]
    slot = (state["step"] % met.shape[1]).unsqueeze(1)
    number = question.to(torch.int32).unsqueeze(1)
    return {
        "step": state["step"] + 1,
        "met_questions": met.masked_fill(met == number, NEVER).scatter(1, slot, number),
        "met_responses": state["met_responses"].scatter(1, slot, 1 + response.detach().unsqueeze(1)),
    }


def offset_of(state: State, question: Tensor, values: Tensor) -> Tensor:
    """(n,): what the last answer to this very question adds, 0 where it was never met.

    Args:
        state: The state of n students.
        question: ``(n,)`` int64.
        values: ``(2,)``: what a wrong and a right answer add.
    """
    met = state["met_questions"] == question.unsqueeze(1)
    found = (met * state["met_responses"]).sum(1)  # 0 where never met, else 1 more than the response
    return torch.where(found > 0, torch.lerp(values[0], values[1], found - 1), torch.zeros_like(found))


def offsets_of_all(state: State, n_questions: int, values: Tensor) -> Tensor:
    """(n, n_questions): the same for every question of the bank."""
    table = values.new_zeros(len(state["step"]), n_questions + 1)
    slots = state["met_questions"].to(torch.int64) % (n_questions + 1)  # NEVER goes to the last column
    offsets = torch.lerp(values[0], values[1], state["met_responses"] - 1)
    return table.scatter_(1, slots, offsets)[:, :n_questions]
