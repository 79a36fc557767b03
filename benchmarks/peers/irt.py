"""IRT: the Rasch model with difficulties from the training students and an ability that is believed, not known."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ldsim_env.logs import PaddedWindows, ResponseLog, shrunk_log_odds
from ldsim_env.simulator import State
from peers.peer import StepwisePeer

GRID = 41  # abilities from -4 to 4
CONCEPT_STRENGTH, QUESTION_STRENGTH = 20.0, 8.0  # those of LDSim's first build


class IrtPeer(StepwisePeer):
    """P(right) = mean over the believed abilities of sigmoid(ability - difficulty).

    A question's difficulty is its concept id's plus its own deviation, so that a question never seen has its concept's.

    Args:
        concept_ids: ``(n_questions,)`` int64.
        n: Number of concept ids.
    """

    def __init__(self, concept_ids: Tensor, n: int):
        super().__init__(concept_ids)
        self.register_buffer("concept_difficulty", torch.zeros(n))
        self.concept_difficulty: Tensor
        self.register_buffer("deviation", torch.zeros(len(concept_ids)))
        self.deviation: Tensor
        self.register_buffer("abilities", torch.linspace(-4, 4, GRID), persistent=False)
        self.abilities: Tensor

    def start(self, n: int) -> State:
        """The standard normal belief about the ability, as logits over the grid."""
        return {"belief": (-self.abilities.square() / 2).expand(n, -1)}

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """Mean over the belief."""
        return (torch.softmax(state["belief"], 1) * torch.sigmoid(self._logit(question))).sum(1)

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """Bayes' rule; the ability itself does not change."""
        logit = self._logit(question)
        return {"belief": state["belief"] + response.unsqueeze(1) * logit - functional.softplus(logit)}

    def fit(self, seen: PaddedWindows, deviation_scale: float, steps: int = 300) -> None:
        """Most probable abilities (of windows) and difficulties together, under normal priors.

        Args:
            seen: The training windows.
            deviation_scale: Standard deviation of the questions' deviations from their concept.
            steps: Steps of Adam.
        """
        inside = torch.arange(seen.questions.shape[1]) < torch.from_numpy(seen.lengths)[:, None]
        window = inside.nonzero()[:, 0]
        question, response = torch.from_numpy(seen.questions)[inside], torch.from_numpy(seen.responses)[inside]
        ability = torch.zeros(len(seen.lengths))
        fitted = [ability, self.concept_difficulty, self.deviation]
        optimiser = torch.optim.Adam([value.requires_grad_() for value in fitted], lr=0.05)
        for _ in range(steps):
            difficulty = self.concept_difficulty[self.ids[question]] + self.deviation[question]
            surprise = functional.binary_cross_entropy_with_logits(
                ability[window] - difficulty, response, reduction="sum"
            )
            scales = (1.0, 2.0, deviation_scale)
            prior = sum((v / s).square().sum() / 2 for v, s in zip(fitted, scales, strict=True))
            optimiser.zero_grad()
            ((surprise + prior) / len(response)).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        for value in fitted:
            value.requires_grad_(False)

    def take_log_odds(self, log: ResponseLog, scale: float) -> None:
        """Difficulties from each question's rate of right answers, blind to who was asked, as in LDSim's first build.

        Args:
            log: The training students.
            scale: What the shrunk log-odds are multiplied by: abilities vary too, so difficulties are further apart.
        """
        odds = shrunk_log_odds(log, CONCEPT_STRENGTH, QUESTION_STRENGTH)
        self.take_difficulties(torch.from_numpy(-scale * odds.question))

    def take_difficulties(self, difficulty: Tensor) -> None:
        """Difficulties ``(n_questions,)`` in logits that were found elsewhere."""
        self.concept_difficulty.zero_()
        self.deviation.copy_(difficulty)

    def _logit(self, question: Tensor) -> Tensor:
        difficulty = self.concept_difficulty[self.ids[question]] + self.deviation[question]
        return self.abilities - difficulty.unsqueeze(1)
