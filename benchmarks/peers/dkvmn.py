"""DKVMN (Zhang et al. 2017): a memory of values addressed by keys."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ldsim_env.simulator import State
from peers.peer import StepwisePeer


class DkvmnPeer(StepwisePeer):
    """The layers of pykt's `DKVMN`, which keeps no state between calls; here the state is the memory of values.

    The class also holds the memory of every position at once, half a gigabyte for 64 windows; written and read in turn
    it stays in the processor's cache.

    Args:
        net: pykt's class.
        concept_ids: ``(n_questions,)`` int64.
    """

    def __init__(self, net: nn.Module, concept_ids: Tensor):
        super().__init__(concept_ids)
        self.net: Any = net

    def start(self, n: int) -> State:
        """The first values, ``(n, slots, width)``."""
        return {"memory": self.net.Mv0.expand(n, -1, -1)}

    def window_probs(self, questions: Tensor, responses: Tensor) -> Tensor:
        """The memory step by step, all else at once."""
        memory, ids = self.start(len(questions))["memory"], self.ids[questions]
        address, change = self._address(ids), self._change(ids, responses)
        found = []
        for slots, erased, added in zip(*(part.unbind(1) for part in (address, *change)), strict=True):
            found.append(_read(memory, slots))
            memory = _written(memory, slots, erased, added)
        return self._prob(torch.stack(found, 1), ids)

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right), ``(n,)``."""
        ids = self.ids[question]
        return self._prob(_read(state["memory"], self._address(ids)), ids)

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """The memory after it was written to."""
        ids = self.ids[question]
        return {"memory": _written(state["memory"], self._address(ids), *self._change(ids, response))}

    def _address(self, ids: Tensor) -> Tensor:
        """How much each slot is meant, ``(..., slots)``."""
        return torch.softmax(self.net.k_emb_layer(ids) @ self.net.Mk.T, -1)

    def _change(self, ids: Tensor, responses: Tensor) -> tuple[Tensor, Tensor]:
        """What is erased from the slots and what is added to them, ``(..., width)`` each."""
        net = self.net
        wrong, right = net.v_emb_layer(ids), net.v_emb_layer(ids + net.num_c)
        value = torch.lerp(wrong, right, responses.unsqueeze(-1))
        return torch.sigmoid(net.e_layer(value)), torch.tanh(net.a_layer(value))

    def _prob(self, found: Tensor, ids: Tensor) -> Tensor:
        net = self.net
        summary = torch.tanh(net.f_layer(torch.cat([found, net.k_emb_layer(ids)], -1)))
        logit: Tensor = net.p_layer(net.dropout_layer(summary))
        return torch.sigmoid(logit.squeeze(-1))


def _read(memory: Tensor, slots: Tensor) -> Tensor:
    return (slots.unsqueeze(1) @ memory).squeeze(1)


def _written(memory: Tensor, slots: Tensor, erased: Tensor, added: Tensor) -> Tensor:
    """``memory * (1 - slots x erased) + slots x added``, in two passes over the memory."""
    change = torch.addcmul(added.unsqueeze(1), erased.unsqueeze(1), memory, value=-1)
    return torch.addcmul(memory, slots.unsqueeze(2), change)
