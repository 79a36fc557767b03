"""AKT (Ghosh et al. 2020): attention that decays with distance, Rasch-like question terms."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ldsim_env.simulator import State
from peers.attention import AttentionPeer
from peers.dropout import with_own_dropout
from peers.fading_attention import FadingAttention


class AktPeer(AttentionPeer):
    """Windows by pykt's `AKT` of one block; single steps by its layers, with keys and values kept.

    What AKT makes of an interaction never changes afterwards, so a further answer needs one row of each attention, not
    all of them again. Three layers attend: `encode` (interactions to interactions), `peek` (questions to questions, the
    one at hand included) and `retrieve` (the question at hand to the questions before it, for their interactions).

    Args:
        net: pykt's class; its attention and its dropout are exchanged for ones that take less time.
        concept_ids: ``(n_questions,)`` int64.
        embeddings: Of the response.
    """

    def __init__(self, net: Any, concept_ids: Tensor, embeddings: dict[str, int]):
        super().__init__(with_own_dropout(net), concept_ids, embeddings)
        for layer in (*net.model.blocks_1, *net.model.blocks_2):
            layer.masked_attn_head = FadingAttention(layer.masked_attn_head)

    def after(self, questions: Tensor, responses: Tensor) -> State:
        """Keys and values of the three layers, each ``(n, length, width)``."""
        width = self.net.model.d_model
        state: State = {
            f"{layer}_{part}": torch.zeros(len(questions), 0, width)
            for layer in ("encode", "peek", "retrieve")
            for part in ("keys", "values")
        }
        for question, response in zip(questions.T, responses.T, strict=True):
            state = self.learn(state, question, response)
        return state

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right), ``(n,)``."""
        asked, _ = self._embedded(question, torch.zeros(question.shape))
        seen, _ = self._attend("peek", state, asked)
        layer = self._layer("retrieve")
        found = _read(layer.masked_attn_head, seen, state["retrieve_keys"], state["retrieve_values"], nearest=1)
        known = _fed_forward(layer, layer.layer_norm1(seen + found))
        logit: Tensor = self.net.out(torch.cat([known, asked], 1))
        return torch.sigmoid(logit.squeeze(1))

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """The keys and values with the interaction's own at their end."""
        asked, answered = self._embedded(question, response)
        encoded, of_encode = self._attend("encode", state, answered)
        seen, of_peek = self._attend("peek", state, asked)
        head = self._layer("retrieve").masked_attn_head
        of_retrieve = _longer("retrieve", state, head.k_linear(seen), head.v_linear(encoded))
        return {**of_encode, **of_peek, **of_retrieve}

    def _forward(self, questions: Tensor, responses: Tensor) -> tuple[Tensor, Tensor]:
        probs, rasch_penalty = self.net(self.ids[questions], self._show(responses), questions)
        return probs[:, 1:], rasch_penalty

    def _embedded(self, question: Tensor, response: Tensor) -> tuple[Tensor, Tensor]:
        """The question's and the interaction's vector, ``(n, width)`` each (the paper's equations for x and y)."""
        net, ids, zeros = self.net, self.ids[question], self._show(response)
        concept, change, difficulty = net.q_embed(ids), net.q_embed_diff(ids), net.difficult_param(question)
        asked = concept + difficulty * change
        return asked, net.qa_embed(zeros) + concept + difficulty * (net.qa_embed_diff(zeros) + change)

    def _attend(self, name: str, state: State, own: Tensor) -> tuple[Tensor, State]:
        """One row of a layer that attends to itself and what was before, and its keys and values with the row's own."""
        layer = self._layer(name)
        head = layer.masked_attn_head
        kept = _longer(name, state, head.k_linear(own), head.v_linear(own))
        row = layer.layer_norm1(own + _read(head, own, kept[f"{name}_keys"], kept[f"{name}_values"], nearest=0))
        return (_fed_forward(layer, row) if name == "encode" else row), kept

    def _layer(self, name: str) -> Any:
        model = self.net.model
        (encode,), (peek, retrieve) = model.blocks_1, model.blocks_2
        return {"encode": encode, "peek": peek, "retrieve": retrieve}[name]


def _longer(name: str, state: State, key: Tensor, value: Tensor) -> State:
    """A layer's keys and values with one more of each."""
    new = {f"{name}_keys": key, f"{name}_values": value}
    return {part: torch.cat([state[part], row.unsqueeze(1)], 1) for part, row in new.items()}


def _read(head: FadingAttention, own: Tensor, keys: Tensor, values: Tensor, *, nearest: int) -> Tensor:
    """What the position at hand, ``(n, width)``, draws from others, as `FadingAttention.draw` gives it."""
    drawn: Tensor = head.out_proj(head.draw(head.k_linear(own).unsqueeze(1), keys, values, nearest).squeeze(1))
    return drawn


def _fed_forward(layer: Any, row: Tensor) -> Tensor:
    out: Tensor = layer.layer_norm2(row + layer.linear2(functional.relu(layer.linear1(row))))
    return out
