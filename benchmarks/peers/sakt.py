"""SAKT (Pandey & Karypis 2019): the question asked attends to the interactions before it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ldsim_env.simulator import State
from peers.attention import AttentionPeer


class SaktPeer(AttentionPeer):
    """Windows by pykt's `SAKT` of one block; single steps by its layers, with keys and values kept.

    An interaction's embedding holds its place in the window, and the place moves when the window does. What the
    attention makes of a place is added to what it makes of the interaction, so the second is kept, without the first.

    Args:
        net: pykt's class.
        concept_ids: ``(n_questions,)`` int64.
        embeddings: Of (id, response).
        longest: The most interactions that the class can look back on.
    """

    def __init__(self, net: nn.Module, concept_ids: Tensor, embeddings: dict[str, int], longest: int):
        super().__init__(net, concept_ids, embeddings)
        self.longest = longest

    def after(self, questions: Tensor, responses: Tensor) -> State:
        """Keys and values of the last interactions, ``(n, length, width)`` each, as far back as the class can look."""
        asked, answered = questions[:, -self.longest :], responses[:, -self.longest :]
        embedded = self.net.interaction_emb(self.ids[asked] + self._show(answered))
        _, *weights = self._attention.in_proj_weight.chunk(3)
        kept = [functional.linear(embedded, weight) for weight in weights]
        return dict(zip(("keys", "values"), kept, strict=True))

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right), ``(n,)``; 0.5 where nothing was answered yet, of which the class says nothing."""
        length = state["keys"].shape[1]
        if not length:
            return torch.full(question.shape, 0.5)
        asked, places = self.net.exercise_emb(self.ids[question]), self.net.position_emb.weight[:length]
        weights, biases = self._attention.in_proj_weight.chunk(3), self._attention.in_proj_bias.chunk(3)
        query, *of_places = map(functional.linear, (asked, places, places), weights, biases)
        keys, values = state["keys"] + of_places[0], state["values"] + of_places[1]
        of_heads = [self._heads(part) for part in (query.unsqueeze(1), keys, values)]
        found = functional.scaled_dot_product_attention(of_heads[0], of_heads[1], of_heads[2])
        (block,) = self.net.blocks
        row = block.attn_layer_norm(asked + self._attention.out_proj(found.flatten(1)))
        logit: Tensor = self.net.pred(block.FFN_layer_norm(row + block.FFN(row)))
        return torch.sigmoid(logit.squeeze(1))

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """The keys and values with the interaction's own at their end."""
        own = self.after(question.unsqueeze(1), response.unsqueeze(1))
        return {part: torch.cat([kept, own[part]], 1)[:, -self.longest :] for part, kept in state.items()}

    def _forward(self, questions: Tensor, responses: Tensor) -> tuple[Tensor, Tensor]:
        ids = self.ids[questions]
        probs = self.net(ids[:, :-1], self._show(responses[:, :-1]), ids[:, 1:])
        return probs, probs.new_zeros(())

    @property
    def _attention(self) -> nn.MultiheadAttention:
        attention: nn.MultiheadAttention = self.net.blocks[0].attn
        return attention

    def _heads(self, rows: Tensor) -> Tensor:
        """``(n, length, width)`` to ``(n, heads, length, width / heads)``."""
        return rows.view(*rows.shape[:2], self._attention.num_heads, -1).transpose(1, 2)
