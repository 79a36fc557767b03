"""DKT, DKT+ and qDKT: an LSTM over (concept or question, response), read out per concept or question."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ldsim_env.simulator import State
from peers.peer import Batch, Peer


class LstmPeer(Peer):
    """The layers of one of pykt-toolkit's LSTM classes; the state is the LSTM's.

    The read-out is computed for the asked id alone: the class computes it for every id and picks one, which for qDKT
    means 17,000 numbers a position.

    Args:
        net: `DKT`, `DKTPlus` or `QDKTNet` of pykt.
        id_of_question: ``(n_questions,)`` int64, the id that the class knows a question by.
    """

    net: Any  # its layers have no types

    def __init__(self, net: nn.Module, id_of_question: Tensor):
        super().__init__(id_of_question)
        self.net = net
        self._n_ids = len(self.net.out_layer.bias)

    def window_probs(self, questions: Tensor, responses: Tensor) -> Tensor:
        """All positions at once."""
        before = self.net.lstm_layer(self._interaction(self.ids[questions[:, :-1]], responses[:, :-1]))[0]
        start = before.new_zeros(len(before), 1, self.net.hidden_size)
        return torch.sigmoid(self._logit(torch.cat([start, before], 1), self.ids[questions]))

    def after(self, questions: Tensor, responses: Tensor) -> State:
        """The LSTM's two vectors."""
        if not questions.shape[1]:
            zeros = torch.zeros(len(questions), self.net.hidden_size)
            return {"hidden": zeros, "cell": zeros}
        _, (hidden, cell) = self.net.lstm_layer(self._interaction(self.ids[questions], responses))
        return {"hidden": hidden[0], "cell": cell[0]}

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right), ``(n,)``."""
        return torch.sigmoid(self._logit(state["hidden"], self.ids[question]))

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """One step of the LSTM."""
        new = self._interaction(self.ids[question], response).unsqueeze(1)
        _, (hidden, cell) = self.net.lstm_layer(new, (state["hidden"].unsqueeze(0), state["cell"].unsqueeze(0)))
        return {"hidden": hidden[0], "cell": cell[0]}

    def _interaction(self, ids: Tensor, responses: Tensor) -> Tensor:
        wrong, right = self.net.interaction_emb(ids), self.net.interaction_emb(ids + self._n_ids)
        mixed: Tensor = torch.lerp(wrong, right, responses.unsqueeze(-1))
        return mixed

    def _logit(self, hidden: Tensor, ids: Tensor) -> Tensor:
        read_out, dropped = self.net.out_layer, self.net.dropout_layer(hidden)
        logit: Tensor = (dropped * read_out.weight[ids]).sum(-1) + read_out.bias[ids]
        return logit


class SmoothLstmPeer(LstmPeer):
    """DKT+: the loss also asks for the answer just seen and for a smooth path (Yeung & Yeung 2018, equation 8)."""

    def loss(self, batch: Batch, n_average: float) -> Tensor:
        """Cross-entropy of the next answer, of the present one, and the two norms of the read-out's change."""
        ids = self.ids[batch.questions[:, :-1]]
        hidden = self.net.lstm_layer(self._interaction(ids, batch.responses[:, :-1]))[0]
        every = torch.sigmoid(self.net.out_layer(self.net.dropout_layer(hidden)))
        scored = batch.scored[:, 1:]

        def cross_entropy(asked: Tensor, responses: Tensor) -> Tensor:
            probs = every.gather(2, asked.unsqueeze(-1)).squeeze(-1)
            return functional.binary_cross_entropy(probs[scored], responses[scored], reduction="sum")

        change = (every[:, 1:] - every[:, :-1])[scored[:, 1:]]
        total: Tensor = (
            cross_entropy(self.ids[batch.questions[:, 1:]], batch.responses[:, 1:])
            + self.net.lambda_r * cross_entropy(ids, batch.responses[:, :-1])
            + self.net.lambda_w1 * change.abs().sum() / self._n_ids
            + self.net.lambda_w2 * change.square().sum() / self._n_ids
        )
        return total / n_average
