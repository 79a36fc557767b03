"""What a peer is in this harness, and how one is unrolled over real windows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ldsim_env.simulator import Rollout, State


class Batch(NamedTuple):
    """Windows side by side, 0 behind the end of each."""

    questions: Tensor  # (n, length) int64
    responses: Tensor  # (n, length) float32
    lengths: Tensor  # (n,) int64

    @property
    def scored(self) -> Tensor:
        """``(n, length)`` bool: every position but a window's first."""
        position = torch.arange(self.questions.shape[1])
        return (position > 0) & (position < self.lengths[:, None])


class Peer(ABC, nn.Module):
    """A student model that is trained and measured here. A response between 0 and 1 is one by expectation.

    `after`, `answer_prob` and `learn` are pure, as the verbs of `ldsim_env.simulator.StudentModel`.

    Args:
        id_of_question: ``(n_questions,)`` int64, the id that the peer knows a question by: its concept id, mostly.
    """

    def __init__(self, id_of_question: Tensor):
        super().__init__()
        self.register_buffer("ids", id_of_question, persistent=False)
        self.ids: Tensor

    @abstractmethod
    def window_probs(self, questions: Tensor, responses: Tensor) -> Tensor:
        """P(right) ``(n, length)`` at each position from the responses before it; the first column is not scored."""

    @abstractmethod
    def after(self, questions: Tensor, responses: Tensor) -> State:
        """The state of n students who gave these responses, both ``(n, length)``, length 0 included."""

    @abstractmethod
    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right), ``(n,)``."""

    @abstractmethod
    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """The state after one more response."""

    def loss(self, batch: Batch, n_average: float) -> Tensor:
        """What training makes small: cross-entropy, summed over the scored positions.

        Args:
            batch: Windows.
            n_average: How many positions an average batch scores (`answers_per_batch`); the sum is divided by that.
        """
        scored = batch.scored
        probs = self.window_probs(batch.questions, batch.responses)
        return functional.binary_cross_entropy(probs[scored], batch.responses[scored], reduction="sum") / n_average


class StepwisePeer(Peer):
    """A peer that only knows single steps: windows are walked through."""

    @abstractmethod
    def start(self, n: int) -> State:
        """The state of n new students."""

    def window_probs(self, questions: Tensor, responses: Tensor) -> Tensor:
        """One step after the other."""
        state, probs = self.start(len(questions)), []
        for question, response in zip(questions.T, responses.T, strict=True):
            probs.append(self.answer_prob(state, question))
            state = self.learn(state, question, response)
        return torch.stack(probs, 1)

    def after(self, questions: Tensor, responses: Tensor) -> State:
        """One step after the other."""
        state = self.start(len(questions))
        for question, response in zip(questions.T, responses.T, strict=True):
            state = self.learn(state, question, response)
        return state


def unroll_peer(
    peer: Peer, questions: Tensor, responses: Tensor, n_observed: Tensor, *, rollout: Rollout, uniforms: Tensor
) -> Tensor:
    """P(right) as `ldsim_env.simulator.unroll` gives it; what precedes the first own answer is read at once.

    Positions before the batch's least ``n_observed`` are not scored by the simulation task and are 0 here.
    """
    start, end = int(n_observed.min()), questions.shape[1]
    probs = torch.zeros(questions.shape)
    state = peer.after(questions[:, :start], responses[:, :start])
    for t in range(start, end):
        probs[:, t] = peer.answer_prob(state, questions[:, t])
        own = own_answer(probs[:, t], rollout, uniforms[:, t])
        state = peer.learn(state, questions[:, t], torch.where(t < n_observed, responses[:, t], own))
    return probs


def read_windows(
    peer: Peer, questions: Tensor, responses: Tensor, n_observed: Tensor, *, rollout: Rollout, uniforms: Tensor
) -> Tensor:
    """The same where every response is a true one (the KT task): all positions at once."""
    del n_observed, rollout, uniforms
    return peer.window_probs(questions, responses)


def own_answer(prob: Tensor, rollout: Rollout, uniform: Tensor) -> Tensor:
    """What is fed back."""
    if rollout == "expected":
        return prob
    return (prob > (uniform if rollout == "sampled" else 0.5)).to(prob.dtype)
