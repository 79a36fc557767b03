"""One step of a student model in one go: answer, learn, be examined."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from ldsim_env.simulator.network import LDSimNetwork
from ldsim_env.simulator.protocol import State, StudentModel


class Stepped(NamedTuple):
    """Where n students stand after a question each."""

    prob: Tensor  # (n,) P(right) before answering
    state: State  # after learning from the response
    mastery: Tensor  # (n, K) in that state


Step: TypeAlias = Callable[[State, Tensor, Tensor], Stepped]
"""Takes the state, the questions ``(n,)`` and the thresholds ``(n,)``: see `take_step`."""


def take_step(model: StudentModel, state: State, question: Tensor, threshold: Tensor) -> Stepped:
    """Let n students answer a question each and learn from it.

    `LDSimNetwork` works P(right) out once for both; any other student model is asked by its verbs.

    Args:
        model: The student model.
        state: State of n students; it isn't changed.
        question: ``(n,)`` int64.
        threshold: ``(n,)`` float64; the response is right where P(right) is above it.
    """

    def respond(prob: Tensor) -> Tensor:
        return (prob.to(torch.float64) > threshold).to(prob.dtype)

    if isinstance(model, LDSimNetwork):
        prob, after = model.step(state, question, respond)
    else:
        prob = model.answer_prob(state, question)
        after = model.learn(state, question, respond(prob))
    return Stepped(prob, after, model.mastery(after))
