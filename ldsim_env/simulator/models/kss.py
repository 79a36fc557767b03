"""Rule-based students on a relation graph, after the KSS environment of EduSim (Liu et al. 2019).

The rules of KSS: a student has a level for each concept; practice of a concept closes a share of what is missing to
the highest level, a smaller one where prerequisites are missing, and half of what was learned passes on to the concepts
that build on it, half of that to theirs, and so on:

    gain_k   = pace * exp(-missing prerequisites of k / patience) * (highest - x_k)
    x_j     += passing^d * gain_k      for concepts j that are d steps of "is a prerequisite of" behind k
    P(right) = sigmoid(theta + mean_{k in q} x_k + b_q)

KSS invents its students. For these to be like the ones of a log, its numbers (a handful in all) and the easiness of the
questions are fitted, and one rule is added: the answers tell how able a student is, by the innovation, which pays
nothing: theta += surprise_theta (r - p) / (1 + n / settling), x_k += surprise_k (r - p) on the concepts asked, and x_k
moves by Ito's correction for the curvature of the sigmoid, as LDSim's does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from ldsim_env.errors import SettingsError
from ldsim_env.logs import QuestionBank, ResponseLog
from ldsim_env.simulator.models.easiness import QuestionEasiness
from ldsim_env.simulator.models.network import StudentNetwork
from ldsim_env.simulator.models.settings import FitSettings, check_count
from ldsim_env.simulator.protocol import State
from ldsim_env.teacher.graph import ConceptGraph

NUMBERS = {
    "pace": 0.05,  # share of what is missing that one question closes
    "patience": 2.0,  # logits of missing prerequisites that slow learning by a factor of e
    "passing": 0.5,  # share of a gain that passes on to the next concepts
    "surprise_ability": 0.3,  # logits that the ability moves by a fully unexpected answer
    "surprise_level": 0.3,  # the same of the level of the concepts asked
    "settling": 10.0,  # questions after which the ability moves by half
}
"""What is fitted, all above 0, and where fitting starts."""


@dataclass(frozen=True)
class KSSSettings:
    """The rules that aren't fitted.

    Args:
        highest: Level in logits that practice leads to, above 0; students start at 0.
        reach: Steps along the graph that a gain passes on, at least 0.
    """

    highest: float = 3.0
    reach: int = 3

    def __post_init__(self) -> None:
        check_count("reach", self.reach, 0)
        if not self.highest > 0:
            raise SettingsError(f"highest: expected a level above 0, got {self.highest!r}.")


class KSSStudent(StudentNetwork):
    """See the module. The state: ``ability``, ``level`` of each concept, and ``answered``, the number of questions."""

    kind: ClassVar[str] = "kss"
    settings_type: ClassVar[type[KSSSettings]] = KSSSettings
    learning_rate: ClassVar[float] = 2e-2
    easiness: QuestionEasiness
    prerequisites: Tensor  # (K, K): confidence that the row's concept is a prerequisite of the column's

    def __init__(self, bank: QuestionBank, settings: KSSSettings) -> None:
        super().__init__(bank, settings)
        self.easiness = QuestionEasiness(bank)
        self.log_numbers = nn.Parameter(torch.log(torch.tensor([*NUMBERS.values()])))
        self.register_buffer("prerequisites", torch.zeros(bank.n_concepts, bank.n_concepts))

    @torch.no_grad()
    def initialise(self, log: ResponseLog, fitting: FitSettings, graph: ConceptGraph | None) -> None:
        """Easiness from the log, the prerequisites from the graph; without one, concepts don't touch one another."""
        self.easiness.start_from(log, fitting.window, fitting.question_spread)
        if graph is not None:
            self.prerequisites.copy_(torch.from_numpy(graph.arrays(log.bank).prerequisites))

    def start(self, n: int) -> State:
        """Everybody starts alike: nothing learned."""
        zeros = self._share.new_zeros
        return {"ability": zeros(n, 1), "level": zeros(n, self.bank.n_concepts), "answered": zeros(n, 1)}

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right) from the ability, the mean level of the concepts and the easiness."""
        level = self._over_concepts(state["ability"] + state["level"], question)
        return torch.sigmoid(level + self.easiness(question))

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """What the answer tells, then what practice teaches."""
        number = dict(zip(NUMBERS, self.log_numbers.exp(), strict=True))
        kind = self._kind[question]
        prob = self.answer_prob(state, question)[:, None]
        innovation = response[:, None] - prob
        settled = number["surprise_ability"] / (1 + state["answered"] / number["settling"])
        of_level = number["surprise_level"] * self._practises[kind]
        # what a coherent belief keeps in place is the mean of the mastery, not that of its logit
        bend = (settled + of_level).square() * prob * (1 - prob) * (self.mastery(state) - 0.5)
        level = state["level"] + of_level * innovation + bend
        return {
            "ability": state["ability"] + settled * innovation,
            "level": level + self._learned(state["level"], self._practises[kind], number),
            "answered": state["answered"] + 1,
        }

    def mastery(self, state: State) -> Tensor:
        """P(right) on a middling question of each concept."""
        return torch.sigmoid(state["ability"] + state["level"] + self.easiness.offsets)

    def _learned(self, level: Tensor, practised: Tensor, number: dict[str, Tensor]) -> Tensor:
        """(n, n_concepts): what a question teaches, with what passes on along the graph."""
        missing = functional.relu(self.settings.highest - level)
        hurdles = (missing @ self.prerequisites) / self.prerequisites.sum(0).clamp(min=1)
        gain = number["pace"] * torch.exp(-hurdles / number["patience"]) * missing * practised
        total = gain
        for _ in range(self.settings.reach):
            gain = number["passing"].clamp(max=1) * (gain @ self.prerequisites)
            total = total + gain
        return torch.minimum(total, missing)
