"""Bayesian knowledge tracing: each concept is known or not, with four numbers a concept (Corbett & Anderson 1995).

    P(right | concept k) = known_k (1 - slip_k) + (1 - known_k) guess_k
    known_k <- Bayes' rule on the response,  then  known_k <- known_k + (1 - known_k) learn_k   if k was practised

A question of several concepts is answered by one of them, each as likely: P(right) is the mean over its concepts, and
every one of them is updated by the exact rule for that mixture. So the belief stays coherent (evidence can't raise
the expected mastery, only ``learn`` does), and with one concept it is the textbook's update. There is no difficulty of
questions and no ability of a student: that is what BKT is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from ldsim_env.errors import SettingsError
from ldsim_env.logs import QuestionBank, ResponseLog
from ldsim_env.simulator.models.network import StudentNetwork
from ldsim_env.simulator.models.settings import FitSettings
from ldsim_env.simulator.protocol import State
from ldsim_env.teacher.graph import ConceptGraph

TYPICAL = (0.4, 0.1, 0.25, 0.15)  # known at first, learned at a step, guess, slip: where fitting starts
LEAST = 1e-4


@dataclass(frozen=True)
class BKTSettings:
    """What keeps the four numbers identifiable.

    Args:
        max_guess: Guess and slip stay below this, in (0, 0.5]: above it, knowing would be no better than not knowing.
        pooling: Pull of a concept's numbers to those of all concepts, in nats per squared logit and batch, at least 0.
    """

    max_guess: float = 0.5
    pooling: float = 0.02

    def __post_init__(self) -> None:
        if not 0 < self.max_guess <= 0.5:
            raise SettingsError(f"max_guess: expected a share above 0 and up to 0.5, got {self.max_guess!r}.")
        if not self.pooling >= 0:
            raise SettingsError(f"pooling: expected at least 0, got {self.pooling!r}.")


class _Numbers(NamedTuple):
    """Probabilities, each ``(n_concepts,)``."""

    known: Tensor
    learn: Tensor
    guess: Tensor
    slip: Tensor


class BKTStudent(StudentNetwork):
    """See the module. The state: ``known``, ``(n, n_concepts)``, the probability that each concept is known."""

    kind: ClassVar[str] = "bkt"
    settings_type: ClassVar[type[BKTSettings]] = BKTSettings
    learning_rate: ClassVar[float] = 5e-2

    def __init__(self, bank: QuestionBank, settings: BKTSettings) -> None:
        super().__init__(bank, settings)
        self.typical = nn.Parameter(torch.zeros(4, 1))
        self.deviation = nn.Parameter(torch.zeros(4, bank.n_concepts))

    @torch.no_grad()
    def initialise(self, log: ResponseLog, fitting: FitSettings, graph: ConceptGraph | None) -> None:
        """All concepts start alike."""
        highest = torch.tensor([1.0, 1.0, self.settings.max_guess, self.settings.max_guess])
        self.typical.copy_(torch.logit(torch.tensor(TYPICAL) / highest, eps=LEAST)[:, None])

    def penalty(self, questions: Tensor, fitting: FitSettings) -> Tensor:
        """Holds the concepts' numbers to those of all."""
        pooling: Tensor = self.settings.pooling * self.deviation.square().sum()
        return pooling

    def start(self, n: int) -> State:
        """Each concept is known as often as among the training students."""
        return {"known": self._numbers().known.expand(n, -1)}

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right): the mean over the question's concepts."""
        return self._over_concepts(self.mastery(state), question)

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """Bayes' rule, then learning; a response between 0 and 1 is the mean of what both answers do."""
        numbers, known, kind = self._numbers(), state["known"], self._kind[question]
        share = self._share[kind]
        by_concept = share * self.mastery(state)
        prob = by_concept.sum(1, keepdim=True)
        right_if_known = prob - by_concept + share * (1 - numbers.slip)  # by another concept, or by this one
        after_right = known * right_if_known / prob
        after_wrong = known * (1 - right_if_known) / (1 - prob)
        known = torch.lerp(after_wrong, after_right, response[:, None].to(known.dtype))
        return {"known": known + self._practises[kind] * (1 - known) * numbers.learn}

    def mastery(self, state: State) -> Tensor:
        """P(right) by each concept: known and no slip, or not known and guessed."""
        numbers = self._numbers()
        return numbers.guess + state["known"] * (1 - numbers.slip - numbers.guess)

    def _numbers(self) -> _Numbers:
        known, learn, guess, slip = torch.sigmoid(self.typical + self.deviation).clamp(LEAST, 1 - LEAST)
        return _Numbers(known, learn, self.settings.max_guess * guess, self.settings.max_guess * slip)
