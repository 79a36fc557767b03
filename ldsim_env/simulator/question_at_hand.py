"""The question at hand: what attempts at the very question asked last say of one more attempt at it.

Where students try until the answer is right, most interactions are further attempts at one question. What counts there
is how many attempts there were, what one more is worth to others on this question (choices run out, hints give the
answer away), and how this student fares at it: a trace that starts at 0 with each question and moves by the innovation.
Like the context (`context.py`) it moves P(right) alone: the exam doesn't read it, so evidence on it can't pay.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ldsim_env.simulator.layers import draw_layer, linear, tanh
from ldsim_env.simulator.protocol import State

N_FURTHER = 4  # further attempts that are told apart: the first one, the second, the third, all later ones
N_AGAIN_FEATURES = 2  # whether it's a further attempt, how many attempts there were
NONE = -1


class QuestionAtHand(nn.Module):
    """Offset in logits on P(right) of one more attempt at the question asked last; 0 for any other question.

    Args:
        further_prior: ``(n_questions, N_FURTHER)`` float32, how much easier than the first attempt each further one
            is, in logits; see `fit_easiness`.
        past_size: Width of the summary of the past.
        concept_size: Width of a concept vector.
        hidden_size: Width of the hidden layer.
    """

    further_prior: Tensor

    def __init__(self, further_prior: Tensor, past_size: int, concept_size: int, hidden_size: int) -> None:
        super().__init__()
        self.register_buffer("further_prior", further_prior.float().clone())
        self.correction = nn.Parameter(torch.zeros(further_prior.shape))
        self.hidden = linear(past_size + concept_size + N_AGAIN_FEATURES, hidden_size)
        self.output = linear(hidden_size, 1)

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw the start weights: an offset near the prior."""
        for layer in (self.hidden, self.output):
            draw_layer(layer, generator)
        self.output.weight.mul_(0.1)
        self.output.bias.zero_()

    def start(self, n: int, like: Tensor) -> State:
        """The state of ``n`` students without a question, on the device of ``like``."""
        return {
            "at_hand": torch.full((n,), NONE, dtype=torch.int32, device=like.device),
            "attempts": like.new_zeros(n),  # at the question at hand
            "trace": like.new_zeros(n),  # logits
        }

    def features(self, state: State, question: Tensor) -> Tensor:
        """(n, N_AGAIN_FEATURES): what tells a further attempt from a first one."""
        again = _again(state, question)
        return torch.stack([again, again * torch.log1p(state["attempts"]) / 2], dim=1)

    def forward(self, state: State, question: Tensor, vector: Tensor, prior_scale: Tensor) -> Tensor:
        """The offset on each student's question.

        Args:
            state: State of n students.
            question: ``(n,)`` int64.
            vector: ``(n, D)`` mean concept vector of the question.
            prior_scale: ``()`` what priors are scaled by.

        Returns:
            ``(n,)`` logits.
        """
        number = (state["attempts"].long() - 1).clamp(0, N_FURTHER - 1)
        easier = prior_scale * self.further_prior[question, number] + self.correction[question, number]
        inputs = torch.cat([state["past"], vector, self.features(state, question)], dim=1)
        of_past = self.output(tanh(self.hidden(inputs))).squeeze(1)
        offset: Tensor = _again(state, question) * (easier + of_past + state["trace"])
        return offset

    def after(self, state: State, question: Tensor, moved: Tensor) -> State:
        """The state after one more attempt, by which the trace moved ``(n,)``."""
        again = _again(state, question)
        return {
            "at_hand": question.to(torch.int32),
            "attempts": again * state["attempts"] + 1,
            "trace": again * state["trace"] + moved,
        }


def _again(state: State, question: Tensor) -> Tensor:
    """(n,): 1 where the question is the one at hand, else 0."""
    return (state["at_hand"] == question).to(state["attempts"].dtype)
