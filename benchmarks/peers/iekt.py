"""IEKT (Long et al. 2021): a recurrent state, with cognition and acquisition levels that are drawn at every step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from ldsim_env.simulator import State
from peers.iekt_levels import acquisition_probs, draw, drawn_levels, gru_weights, weights_by_case
from peers.peer import Batch, StepwisePeer


class IektPeer(StepwisePeer):
    """pykt-toolkit's class in single steps, by its own methods; it draws the levels when predicting too.

    The draws come from torch's own generator, as in the class; whoever trains or scores sets it for the time.

    Args:
        model: `IEKT` of pykt, made for one question more than the bank has: the class takes question 0 for padding.
        concept_ids: ``(n_questions,)`` int64.
    """

    def __init__(self, model: nn.Module, concept_ids: Tensor):
        super().__init__(concept_ids)
        self.model: Any = model

    def train(self, mode: bool = True) -> IektPeer:
        """Switch the network; the class's own ``train`` runs a whole training."""
        self.training = mode
        self.model.model.train(mode)
        return self

    def start(self, n: int) -> State:
        """A recurrent state of zeros."""
        return {"hidden": torch.zeros(n, self.model.model.emb_size)}

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right), ``(n,)``, at a drawn cognition level."""
        _, _, logit = self._predict(state["hidden"], self._vectors(question))
        return torch.sigmoid(logit.squeeze(1))

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """The recurrent state after the response, at a drawn acquisition level."""
        vectors = self._vectors(question)
        _, seen, logit = self._predict(state["hidden"], vectors)
        answer, guess = response.unsqueeze(1), (logit > 0).float()
        compared = [seen * share for given in (answer, guess) for share in (given, 1 - given)]
        net = self.model.model
        level = draw(net.pi_sens_func(torch.cat(compared, 1)))
        return {"hidden": net.update_state(state["hidden"], vectors, net.acq_matrix[level], answer)}

    def loss(self, batch: Batch, n_average: float) -> Tensor:
        """The class's own (equations 15 to 21): cross-entropy and the policy gradient of the levels.

        Written anew for all students and steps at once, for the class takes four times as long: no gradient passes
        through the draws, so that the state is an ordinary GRU's once they are done. The class also counts the first
        padded position of a window as an interaction.
        """
        net, real = self.model.model, torch.arange(batch.questions.shape[1]) < batch.lengths[:, None]
        vectors, answers = self._vectors(batch.questions), batch.responses.unsqueeze(-1)
        cognition, acquisition = drawn_levels(net, vectors, answers)
        hidden = _before_each(net, vectors, answers, net.acq_matrix[acquisition])
        parts = (vectors, answers, hidden, cognition, acquisition)
        logits, log_chosen = self._of_steps(*(part[real] for part in parts))
        right = batch.responses[real]
        rewards = torch.zeros(real.shape).masked_scatter(real, ((logits > 0) == right).float())
        worth = _discounted(rewards / batch.lengths[:, None], net.gamma)[real]
        of_levels = -(log_chosen * worth).sum()
        of_answers = functional.binary_cross_entropy_with_logits(logits, right, reduction="sum")
        total: Tensor = (net.lamb * of_levels + of_answers) / n_average
        return total

    def _of_steps(
        self, vectors: Tensor, answers: Tensor, hidden: Tensor, cognition: Tensor, acquisition: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The logits at the drawn levels and the log-probability of drawing both, ``(n,)`` each, of n interactions."""
        net, seen = self.model.model, torch.cat([hidden, vectors], 1)
        logits = net.predictor(torch.cat([seen, net.cog_matrix[cognition]], 1))
        policies = (
            (net.pi_cog_func(torch.cat([vectors, hidden], 1)), cognition),
            (acquisition_probs(net, weights_by_case(net), seen, answers, (logits > 0).float()), acquisition),
        )
        chosen = [probs.gather(1, level.unsqueeze(1)) for probs, level in policies]
        return logits.squeeze(1), torch.cat(chosen, 1).log().sum(1)

    def _predict(self, hidden: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The drawn level, what the student has seen (state and question), and the logit at that level, ``(n, 1)``."""
        net, seen = self.model.model, torch.cat([hidden, vectors], 1)
        level = draw(net.pi_cog_func(torch.cat([vectors, hidden], 1)))
        return level, seen, net.predictor(torch.cat([seen, net.cog_matrix[level]], 1))

    def _vectors(self, questions: Tensor) -> Tensor:
        """What the network reads of each question, ``(..., width)``."""
        vectors: Tensor = self.model.model.get_ques_representation(questions + 1, self.ids[questions].unsqueeze(-1))
        return vectors


def _before_each(net: Any, vectors: Tensor, answers: Tensor, levels: Tensor) -> Tensor:
    """The state before each interaction, ``(n, length, width)``: the class's GRU (equations 13, 14) in torch's own."""
    read = torch.where(answers > 0, torch.cat([vectors, levels], -1), torch.cat([levels, vectors], -1))
    gru = nn.GRU(read.shape[-1], net.emb_size, batch_first=True, device="meta")
    states: Tensor = functional_call(gru, gru_weights(net), (read[:, :-1],))[0]
    return functional.pad(states, (0, 0, 1, 0))


def _discounted(rewards: Tensor, gamma: float) -> Tensor:
    """What each step is worth: its reward and, the later the less, those after it; ``(n, length)`` (equation 17)."""
    worth, rest = [], torch.zeros(len(rewards))
    for reward in reversed(rewards.unbind(1)):
        rest = reward + gamma * rest
        worth.append(rest)
    return torch.stack(worth[::-1], 1)
