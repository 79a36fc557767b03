"""Embeddings of (question, response) pairs that also take a response between wrong and right."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MixedEmbedding(nn.Module):
    """Stands where a peer's class looks up row ``id + n * response``: mixes the rows of both responses.

    At responses of 0 and 1 it is the look-up itself. `response` is set before each call of the class, which is then
    given any whole responses.

    Args:
        embedding: The class's own embedding, whose weights are kept.
        n: Distance between the rows of a wrong and of a right response.
    """

    response: Tensor  # (n_students, length) float32 in [0, 1]

    def __init__(self, embedding: nn.Embedding, n: int):
        super().__init__()
        self.embedding = embedding
        self.response = torch.zeros(0)
        self._n = n

    def forward(self, index: Tensor) -> Tensor:
        """``(n_students, length, width)``."""
        wrong, right = self.embedding(index % self._n), self.embedding(index % self._n + self._n)
        mixed: Tensor = torch.lerp(wrong, right, self.response.unsqueeze(-1))
        return mixed
