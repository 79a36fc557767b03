"""A transformer as student model, of the usual kind: it reads the whole history again at every step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ldsim_env.logs import QuestionBank
from ldsim_env.simulator import State


class TransformerStudent(nn.Module):
    """One encoder layer over the last interactions, untrained: only what it costs matters.

    Args:
        bank: The questions.
        length: Interactions that it reads.
        width: Width of the layer.
    """

    def __init__(self, bank: QuestionBank, length: int = 200, width: int = 64):
        super().__init__()
        self.bank = bank
        self._length = length
        self._interaction = nn.Embedding(2 * bank.n_questions, width)
        self._question = nn.Embedding(bank.n_questions, width)
        self._place = nn.Parameter(torch.zeros(length, width))
        self._layer = nn.TransformerEncoderLayer(width, 4, 4 * width, dropout=0.0, batch_first=True)
        self._mastery = nn.Linear(width, bank.n_concepts)
        self.eval()

    def start(self, n: int) -> State:
        """A history of the same made-up interaction, so that every history is full."""
        return {"history": torch.zeros(n, self._length, dtype=torch.int64)}

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right), ``(n,)``."""
        return torch.sigmoid((self._summary(state) * self._question(question)).sum(-1))

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """The interaction goes to the end of the history."""
        new = 2 * question + response.to(torch.int64)
        return {"history": torch.cat([state["history"][:, 1:], new.unsqueeze(1)], dim=1)}

    def mastery(self, state: State) -> Tensor:
        """``(n, n_concepts)``."""
        return torch.sigmoid(self._mastery(self._summary(state)))

    def _summary(self, state: State) -> Tensor:
        encoded: Tensor = self._layer(self._interaction(state["history"]) + self._place)
        return encoded[:, -1]
