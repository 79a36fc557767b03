"""What peers of attention share: they are trained on whole windows by pykt-toolkit's classes."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from peers.mixed_embedding import MixedEmbedding
from peers.peer import Batch, Peer

ROWS = 8  # at once: their attention weights stay in the processor's cache, a whole batch's would need gigabytes


class AttentionPeer(Peer):
    """Whole windows go through the class itself.

    Args:
        net: A class of pykt-toolkit.
        concept_ids: ``(n_questions,)`` int64.
        embeddings: Names of the class's embeddings of (id, response), with the distance between their rows.
    """

    def __init__(self, net: nn.Module, concept_ids: Tensor, embeddings: dict[str, int]):
        super().__init__(concept_ids)
        self.net: Any = net
        self._mixed = [MixedEmbedding(getattr(net, name), n) for name, n in embeddings.items()]
        for name, mixed in zip(embeddings, self._mixed, strict=True):
            setattr(net, name, mixed)

    @abstractmethod
    def _forward(self, questions: Tensor, responses: Tensor) -> tuple[Tensor, Tensor]:
        """P(right) ``(n, length - 1)`` from position 1 on, and what the class adds to the loss."""

    def window_probs(self, questions: Tensor, responses: Tensor) -> Tensor:
        """All positions at once, some windows at a time."""
        probs, _ = self._by_rows(questions, responses)
        return torch.cat([probs.new_full((len(probs), 1), 0.5), probs], 1)

    def loss(self, batch: Batch, n_average: float) -> Tensor:
        """Cross-entropy and what the class adds, which is a sum over windows already."""
        scored = batch.scored[:, 1:]
        probs, extra = self._by_rows(batch.questions, batch.responses)
        answers = functional.binary_cross_entropy(probs[scored], batch.responses[:, 1:][scored], reduction="sum")
        return answers / n_average + extra

    def _by_rows(self, questions: Tensor, responses: Tensor) -> tuple[Tensor, Tensor]:
        """`_forward` of some windows at a time; what is added to the loss is a sum over windows."""
        parts = zip(torch.split(questions, ROWS), torch.split(responses, ROWS), strict=True)
        probs, extras = zip(*(self._forward(*part) for part in parts), strict=True)
        return torch.cat(probs), torch.stack(extras).sum()

    def _show(self, responses: Tensor) -> Tensor:
        """Hand the responses to the embeddings; the class itself is given zeros."""
        for mixed in self._mixed:
            mixed.response = responses
        return torch.zeros(responses.shape, dtype=torch.int64)
