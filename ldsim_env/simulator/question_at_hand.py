"""The question at hand: what attempts at the very question asked last say of one more attempt at it.

Where students try until the answer is right, most interactions are further attempts at one question. What counts there
is how many attempts there were, what one more is worth to others on this question (choices run out, hints give the
answer away), and how this student fares at it: a trace that starts at 0 with each question and moves by the innovation.
Like the context (`context.py`) it moves P(right) alone: the exam doesn't read it, so evidence on it can't pay.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ldsim_env.simulator.asked import N_AGAIN_FEATURES, Asked
from ldsim_env.simulator.layers import draw_layer, linear, tanh
from ldsim_env.simulator.protocol import State

N_FURTHER = 4  # further attempts that are told apart: the first one, the second, the third, all later ones
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

    def forward(self, state: State, asked: Asked, prior_scale: Tensor) -> Tensor:
        """The offset on each student's question.

        Args:
            state: State of n students.
            asked: The questions.
            prior_scale: ``()`` what priors are scaled by.

        Returns:
            ``(n,)`` logits.
        """
        number = (state["attempts"].long() - 1).clamp(0, N_FURTHER - 1)
        easier = prior_scale * self.further_prior[asked.question, number] + self.correction[asked.question, number]
        inputs = torch.cat([state["past"], asked.vector, *asked.again], dim=1)
        of_past = self.output(tanh(self.hidden(inputs))).squeeze(1)
        offset: Tensor = _flag(asked) * (easier + of_past + state["trace"])
        return offset

    def after(self, state: State, asked: Asked, moved: Tensor) -> State:
        """The state after one more attempt, by which the trace moved ``(n,)``."""
        again = _flag(asked)
        return {
            "at_hand": asked.question.to(torch.int32),
            "attempts": again * state["attempts"] + 1,
            "trace": again * state["trace"] + moved,
        }


def _flag(asked: Asked) -> Tensor:
    """(n,): 1 where the question is the one at hand, else 0."""
    return asked.again[0][:, 0]
