"""A student's last questions and answers, for meeting the very same question again; each stands in it once.

It is the largest part of a knowledge state, so its numbers are of two bytes. Where a question stands is told by
subtraction, since comparing takes torch several times as long; but not in compiled code, where it is the other way
round.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ldsim_env.simulator.protocol import State

NEVER = -1


def empty_memory(n: int, size: int, n_questions: int, like: Tensor) -> State:
    """The memory of ``n`` new students, ``size`` of a bank's questions each, on the device of ``like``."""
    number = torch.int16 if n_questions <= torch.iinfo(torch.int16).max else torch.int32
    return {
        "step": torch.zeros(n, dtype=torch.int64, device=like.device),
        "met_questions": torch.full((n, size), NEVER, dtype=number, device=like.device),
        "met_responses": like.new_zeros(n, size, dtype=torch.float16),  # 1 more than the response
    }


def places_of(state: State, question: Tensor) -> Tensor:
    """(n, size): 1 or True where each student's question ``(n,)`` stands in the memory, else 0 or False."""
    met = state["met_questions"]
    if torch.compiler.is_exporting():
        return met.to(torch.int32) == question.to(torch.int32).unsqueeze(1)
    return (1 - (met - question.to(met.dtype).unsqueeze(1)).abs()).clamp(min=0)


def remember(state: State, question: Tensor, response: Tensor, places: Tensor) -> State:
    """The memory after one more answer; the oldest one gives way when it is full.

    Args:
        state: The state of n students.
        question: ``(n,)`` int64.
        response: ``(n,)``.
        places: Of the question, see `places_of`.
    """
    met = state["met_questions"]
    slot = (state["step"] % met.shape[1]).unsqueeze(1)
    is_mask = places.dtype == torch.bool
    others = met.masked_fill(places, NEVER) if is_mask else torch.addcmul(met, places, NEVER - met)
    known = state["met_responses"]
    return {
        "step": state["step"] + 1,
        "met_questions": others.scatter(1, slot, question.to(met.dtype).unsqueeze(1)),
        "met_responses": known.scatter(1, slot, (1 + response.detach()).to(known.dtype).unsqueeze(1)),
    }


def offset_of(state: State, places: Tensor, values: Tensor) -> Tensor:
    """(n,): what the last answer to this very question adds, 0 where it was never met.

    Args:
        state: The state of n students.
        places: Of the question, see `places_of`.
        values: ``(2,)``: what a wrong and a right answer add.
    """
    found = (places.to(values.dtype) * state["met_responses"].to(values.dtype)).sum(1)  # 0 where never met
    return torch.where(found > 0, torch.lerp(values[0], values[1], found - 1), torch.zeros_like(found))


def offsets_of_all(state: State, n_questions: int, values: Tensor) -> Tensor:
    """(n, n_questions): the same for every question of the bank."""
    table = values.new_zeros(len(state["step"]), n_questions + 1)
    slots = state["met_questions"].to(torch.int64) % (n_questions + 1)  # NEVER goes to the last column
    offsets = torch.lerp(values[0], values[1], state["met_responses"].to(values.dtype) - 1)
    return table.scatter_(1, slots, offsets)[:, :n_questions]
