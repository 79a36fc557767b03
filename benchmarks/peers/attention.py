"""Peers of attention, trained on whole windows by pykt-toolkit's classes; SAKT among them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ldsim_env.simulator import State
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


class SaktPeer(AttentionPeer):
    """SAKT (Pandey & Karypis 2019): the question asked attends to the interactions before it.

    The state is the last interactions themselves, read again at every step: an interaction's embedding holds its place
    in the window, and moves when the window does.

    Args:
        net: pykt's `SAKT`.
        concept_ids: ``(n_questions,)`` int64.
        embeddings: Of (id, response).
        longest: The most interactions that the class can look back on.
    """

    def __init__(self, net: nn.Module, concept_ids: Tensor, embeddings: dict[str, int], longest: int):
        super().__init__(net, concept_ids, embeddings)
        self.longest = longest

    def after(self, questions: Tensor, responses: Tensor) -> State:
        """The history, as far back as the class can look."""
        return {"questions": questions[:, -self.longest :], "responses": responses[:, -self.longest :]}

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right), ``(n,)``; the response at hand is unknown, and the class does not look at it."""
        questions = torch.cat([state["questions"], question.unsqueeze(1)], 1)
        responses = torch.cat([state["responses"], torch.zeros(len(question), 1)], 1)
        return self.window_probs(questions, responses)[:, -1]

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """The history with the interaction at its end."""
        questions = torch.cat([state["questions"], question.unsqueeze(1)], 1)
        return self.after(questions, torch.cat([state["responses"], response.unsqueeze(1)], 1))

    def _forward(self, questions: Tensor, responses: Tensor) -> tuple[Tensor, Tensor]:
        ids = self.ids[questions]
        probs = self.net(ids[:, :-1], self._show(responses[:, :-1]), ids[:, 1:])
        return probs, probs.new_zeros(())
