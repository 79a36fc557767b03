"""The context: what the recent past says of the next answer without saying anything of the student's mastery.

A student who rushes, tires or is being drilled answers otherwise than mastery alone would have it, and the tutor's
choice of a question tells something too (it asks on where answers were wrong). The context is an offset on the logit
of P(right), read from the recurrent summary of the past. The exam doesn't read it; since the innovation is
response minus P(right) *with* the context, its mean stays 0 under the model and evidence still can't pay.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ldsim_env.simulator.experience import N_EXPERIENCE
from ldsim_env.simulator.layers import draw_layer, linear, tanh


class ContextReadout(nn.Module):
    """Offset in logits from the past and the concepts of the question: a bilinear term and one hidden layer.

    Args:
        past_size: Width of the summary of the past.
        concept_size: Width of a concept vector.
        hidden_size: Width of the hidden layer.
    """

    def __init__(self, past_size: int, concept_size: int, hidden_size: int) -> None:
        super().__init__()
        self.bilinear = linear(past_size, concept_size + 1)
        self.of_past = linear(past_size, hidden_size)
        self.of_concept = linear(concept_size + N_EXPERIENCE, hidden_size, bias=False)
        self.output = linear(hidden_size, 1)

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw the start weights: an offset near 0."""
        for layer in (self.bilinear, self.of_past, self.of_concept, self.output):
            draw_layer(layer, generator)
        for layer in (self.bilinear, self.output):
            layer.weight.mul_(0.1)
            layer.bias.zero_()

    def forward(self, past: Tensor, vectors: Tensor, experience: Tensor) -> Tensor:
        """The offset for one question, or for one question of every kind, of each student.

        Args:
            past: ``(n, P)`` float32.
            vectors: Mean concept vector of what is asked, ``(n, D)``, or ``(m, D)`` for m kinds of question.
            experience: Of its concepts, ``(n, N_EXPERIENCE)``, or ``(n, m, N_EXPERIENCE)``.

        Returns:
            Logits, ``(n,)`` or ``(n, m)``.
        """
        bilinear = self.bilinear(past)
        aim, base = bilinear[:, :-1], bilinear[:, -1]
        if experience.dim() == 2:
            hidden = tanh(self.of_past(past) + self.of_concept(torch.cat([vectors, experience], dim=1)))
            aimed = (aim * vectors).sum(1) + base
        else:  # the hidden layer part by part: most of it doesn't differ between students, or between kinds
            size = vectors.shape[1]
            of_vectors, of_experience = self.of_concept.weight[:, :size], self.of_concept.weight[:, size:]
            of_kinds = vectors @ of_vectors.t() + experience @ of_experience.t()
            hidden = tanh(self.of_past(past).unsqueeze(1) + of_kinds)
            aimed = aim @ vectors.t() + base.unsqueeze(1)
        offset: Tensor = aimed + self.output(hidden).squeeze(-1)
        return offset
