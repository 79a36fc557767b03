"""Dynamic item response theory: an ability and a level per concept that a Kalman filter follows answer by answer.

    logit p = (theta + mean_{k in q} x_k + b_q) / sqrt(1 + pi/8 v_q)      v_q: variance of theta + mean x_k
    theta  += v_theta / (1 + w v_q) * (r - p),   x_k likewise              w = p (1 - p)
    v      -= w v^2 / (1 + w v_q)                                          then grows by process noise
    x_k    += drift_k / (1 + slowing n_k)                                  practice

The filter is the extended Kalman filter of a logistic observation with the covariance kept diagonal (Glickman 1999 has
it for pairs of chess players; Elo ratings are its gain without a variance). The division by sqrt(1 + pi/8 v) is the
mean of the sigmoid over what is not known of the student (MacKay 1992). The state moves by the innovation r - p and by
practice alone, so evidence doesn't pay: what is expected of an answer is already in p.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from ldsim_env.logs import QuestionBank, ResponseLog
from ldsim_env.simulator.models.easiness import QuestionEasiness
from ldsim_env.simulator.models.network import StudentNetwork
from ldsim_env.simulator.models.settings import FitSettings
from ldsim_env.simulator.protocol import State
from ldsim_env.teacher.graph import ConceptGraph


@dataclass(frozen=True)
class IRTSettings:
    """Nothing to choose: the variances, the drift and the difficulties are fitted."""


class IRTStudent(StudentNetwork):
    """See the module. The state: ``ability``, ``level``, their variances, and how often each concept was practised."""

    kind: ClassVar[str] = "irt"
    settings_type: ClassVar[type[IRTSettings]] = IRTSettings
    learning_rate: ClassVar[float] = 2e-2
    easiness: QuestionEasiness
    _squares: Tensor  # (n_kinds, n_concepts) squared shares

    def __init__(self, bank: QuestionBank, settings: IRTSettings) -> None:
        super().__init__(bank, settings)
        self.easiness = QuestionEasiness(bank)
        self.start_level = nn.Parameter(torch.zeros(bank.n_concepts))
        self.log_variance = nn.Parameter(torch.zeros(bank.n_concepts))  # of a concept's level at the start
        self.log_ability_variance = nn.Parameter(torch.zeros(1))
        self.log_noise = nn.Parameter(torch.full((2,), -5.0))  # per step: of the ability, of a practised concept
        self.drift = nn.Parameter(torch.full((bank.n_concepts,), -3.0))
        self.slowing = nn.Parameter(torch.zeros(1))
        self.register_buffer("_squares", self._share.square(), persistent=False)

    def initialise(self, log: ResponseLog, fitting: FitSettings, graph: ConceptGraph | None) -> None:
        """Difficulties from the log; everything else starts alike for all concepts."""
        self.easiness.start_from(log, fitting.window, fitting.question_spread)

    def penalty(self, questions: Tensor, fitting: FitSettings) -> Tensor:
        """Holds the questions to their priors, and what is said of a concept to what is said of all."""
        of_concepts = sum((part - part.mean()).square().sum() for part in (self.log_variance, self.drift))
        return super().penalty(questions, fitting) + 0.1 * (of_concepts + self.start_level.square().sum())

    def start(self, n: int) -> State:
        """Abilities at their means, with the variance of the students."""
        return {
            "ability": self._share.new_zeros(n, 1),
            "ability_variance": self.log_ability_variance.exp().expand(n, 1),
            "level": self.start_level.expand(n, -1),
            "level_variance": self.log_variance.exp().expand(n, -1),
            "practised": self._share.new_zeros(n, self.bank.n_concepts),
        }

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right), averaged over what is not known of the student."""
        logit = self._over_concepts(state["ability"] + state["level"], question) + self.easiness(question)
        return _mean_sigmoid(logit, self._variance(state, question))

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """One step of the filter, then practice."""
        prob = self.answer_prob(state, question)
        information = prob * (1 - prob)
        total = 1 + information * self._variance(state, question)
        innovation = ((response - prob) / total)[:, None]
        kind = self._kind[question]
        share, practises = self._share[kind], self._practises[kind]
        shrinks = (information / total)[:, None]
        of_ability, of_level = state["ability_variance"], state["level_variance"]
        noise = self.log_noise.exp()
        drift = functional.softplus(self.drift) / (1 + functional.softplus(self.slowing) * state["practised"])
        return {
            "ability": state["ability"] + of_ability * innovation,
            "ability_variance": of_ability - shrinks * of_ability.square() + noise[0],
            "level": state["level"] + of_level * share * innovation + practises * drift,
            "level_variance": of_level - shrinks * (of_level * share).square() + practises * noise[1],
            "practised": state["practised"] + practises,
        }

    def mastery(self, state: State) -> Tensor:
        """P(right) on a middling question of each concept, averaged over what is not known of the student."""
        logit = state["ability"] + state["level"] + self.easiness.offsets
        return _mean_sigmoid(logit, state["ability_variance"] + state["level_variance"])

    def _variance(self, state: State, question: Tensor) -> Tensor:
        """Of the logit of P(right), of the shape of ``question``."""
        of_levels = self._over_concepts(state["level_variance"], question, self._squares)
        of_ability = state["ability_variance"]
        return of_levels + (of_ability[:, 0] if question.dim() == 1 else of_ability)


def _mean_sigmoid(logit: Tensor, variance: Tensor) -> Tensor:
    """The sigmoid's mean over a normal distribution of the logit, by MacKay's approximation."""
    return torch.sigmoid(logit / torch.sqrt(1 + math.pi / 8 * variance))
