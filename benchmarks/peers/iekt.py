"""IEKT (Long et al. 2021): a recurrent state, with cognition and acquisition levels that are drawn at every step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ldsim_env.simulator import State
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
        return torch.sigmoid(self._predict(state, question)[0])

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """The recurrent state after the response, at a drawn acquisition level."""
        logit, seen, question_vector = self._predict(state, question)
        answer, guess = response.unsqueeze(1), (logit > 0).float().unsqueeze(1)
        compared = [seen * share for given in (answer, guess) for share in (given, 1 - given)]
        net = self.model.model
        level = _draw(net.pi_sens_func(torch.cat(compared, 1)))
        return {"hidden": net.update_state(state["hidden"], question_vector, net.acq_matrix[level], answer)}

    def loss(self, batch: Batch, n_average: float) -> Tensor:
        """The class's own (equations 15 to 21): cross-entropy and the policy gradient of the levels.

        Written anew for all students at once: the class goes from one to the next, whose gradients alone take half of
        an epoch, and counts the first padded position of a window as an interaction.
        """
        net, real = self.model.model, torch.arange(batch.questions.shape[1]) < batch.lengths[:, None]
        data = {
            "cq": torch.where(real, batch.questions + 1, 0),
            "cc": self.ids[batch.questions].unsqueeze(-1),
            "cr": batch.responses,
        }
        _, *steps = self.model.predict_one_step(data, return_details=True, process=False)
        acquisition, cognition, compared, asked, guessed, logits, _ = (torch.stack(step, 1) for step in steps)
        worth = _discounted(guessed / batch.lengths[:, None] * real, net.gamma)[real]
        policies = ((net.pi_cog_func, asked, cognition), (net.pi_sens_func, compared, acquisition))
        chosen = [rule(seen[real]).gather(1, level[real].unsqueeze(1)) for rule, seen, level in policies]
        of_levels = -(torch.cat(chosen, 1).log() * worth.unsqueeze(1)).sum()
        of_answers = functional.binary_cross_entropy_with_logits(logits[real], batch.responses[real], reduction="sum")
        total: Tensor = (net.lamb * of_levels + of_answers) / n_average
        return total

    def _predict(self, state: State, question: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logit, what the student has seen (state and question), and the question's vector."""
        net, hidden = self.model.model, state["hidden"]
        shifted, concepts = question + 1, self.ids[question].unsqueeze(-1)
        level = _draw(net.pi_cog_func(torch.cat([net.get_ques_representation(shifted, concepts), hidden], 1)))
        seen, vector, logit, _ = net.obtain_v(shifted, concepts, hidden, None, net.cog_matrix[level])
        return logit.squeeze(1), seen, vector


def _discounted(rewards: Tensor, gamma: float) -> Tensor:
    """What each step is worth: its reward and, the later the less, those after it; ``(n, length)`` (equation 17)."""
    worth, rest = [], torch.zeros(len(rewards))
    for reward in reversed(rewards.unbind(1)):
        rest = reward + gamma * rest
        worth.append(rest)
    return torch.stack(worth[::-1], 1)


def _draw(probs: Tensor) -> Tensor:
    drawn: Tensor = torch.distributions.Categorical(probs).sample()  # type: ignore[no-untyped-call]
    return drawn
