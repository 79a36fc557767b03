"""DKVMN (Zhang et al. 2017): a memory of values addressed by keys."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ldsim_env.simulator import State
from peers.peer import StepwisePeer


class DkvmnPeer(StepwisePeer):
    """The layers of pykt's `DKVMN`, which keeps no state between calls; here the state is the memory of values.

    The class writes to the memory at every position and then reads all of them; here it is written and read in turn,
    and the memories of earlier positions are only kept where gradients need them.

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
        ids = self.ids[questions]
        parts = (self.net.Mv0, self._address(ids), *self._change(ids, responses))
        found: Tensor = _WalkedThrough.apply(*parts, torch.is_grad_enabled())  # type: ignore[no-untyped-call]
        return self._prob(found, ids)

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


class _WalkedThrough(torch.autograd.Function):
    """What is found in the memory at each step, before it is written to; gradients in less time than autograd takes.

    The gradient of the memory goes back through a step as the memory goes forward: some of it is erased, and the
    gradient of what was found is added.
    """

    @staticmethod
    def forward(  # noqa: PLR0917 - torch hands all over by position
        ctx: Any, first: Tensor, address: Tensor, erased: Tensor, added: Tensor, keep: bool
    ) -> Tensor:
        """``(n, length, width)``, from the first memory ``(slots, width)`` and ``(n, length, ...)`` of all else."""
        memory, found, kept = first.expand(len(address), -1, -1), [], []
        for slots, *change in zip(address.unbind(1), erased.unbind(1), added.unbind(1), strict=True):
            found.append(_read(memory, slots))
            if keep:
                kept.append(memory)
            memory = _written(memory, slots, *change)
        ctx.save_for_backward(address, erased, added, *kept)
        return torch.stack(found, 1)

    @staticmethod
    def backward(ctx: Any, *of_found: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of the four tensors."""
        address, erased, added, *kept = ctx.saved_tensors
        of_address, of_erased, of_added = (torch.empty_like(part) for part in (address, erased, added))
        of_memory = torch.zeros_like(kept[-1])
        for t in reversed(range(len(kept))):
            memory, slots, of_read = kept[t], address[:, t], of_found[0][:, t]
            both = of_memory * memory
            of_added[:, t] = _read(of_memory, slots)
            of_erased[:, t] = -_read(both, slots)
            of_address[:, t] = _across(of_memory, added[:, t]) - _across(both, erased[:, t]) + _across(memory, of_read)
            of_memory = _written(of_memory, slots, erased[:, t], of_read)
        return of_memory.sum(0), of_address, of_erased, of_added, None


def _read(memory: Tensor, slots: Tensor) -> Tensor:
    return (slots.unsqueeze(1) @ memory).squeeze(1)


def _across(memory: Tensor, values: Tensor) -> Tensor:
    """One number a slot; seven times as fast as ``memory @ values``."""
    return _read(memory.transpose(1, 2), values)


def _written(memory: Tensor, slots: Tensor, erased: Tensor, added: Tensor) -> Tensor:
    """``memory * (1 - slots x erased) + slots x added``, in two passes over the memory."""
    change = torch.addcmul(added.unsqueeze(1), erased.unsqueeze(1), memory, value=-1)
    return torch.addcmul(memory, slots.unsqueeze(2), change)
