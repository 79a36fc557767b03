"""Deep knowledge tracing: an LSTM over concepts and responses (Piech et al. 2015).

    h_t = LSTM(W [concepts, response]),   P(right | concept k) = sigmoid(v_k . h + c_k)

A question is its concepts: the logit is the mean over them. Deliberately the ordinary network, not in the innovation
form: the state moves by the answer itself, not by how far it is from what was expected, so expected evidence counts as
learning, and a recommender is paid for easy right answers. It is here to be compared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ldsim_env.logs import QuestionBank, ResponseLog
from ldsim_env.simulator.layers import draw_layer, linear
from ldsim_env.simulator.models.network import StudentNetwork
from ldsim_env.simulator.models.settings import FitSettings, check_count
from ldsim_env.simulator.protocol import State
from ldsim_env.teacher.graph import ConceptGraph


@dataclass(frozen=True)
class DKTSettings:
    """Sizes.

    Args:
        input_size: Width of the vector of an interaction.
        size: Width of the LSTM.
    """

    input_size: int = 64
    size: int = 96

    def __post_init__(self) -> None:
        for name in ("input_size", "size"):
            check_count(name, getattr(self, name))


class DKTStudent(StudentNetwork):
    """See the module. The state: ``hidden`` and ``cell`` of the LSTM, each ``(n, size)``."""

    kind: ClassVar[str] = "dkt"
    settings_type: ClassVar[type[DKTSettings]] = DKTSettings
    learning_rate: ClassVar[float] = 5e-3

    def __init__(self, bank: QuestionBank, settings: DKTSettings) -> None:
        super().__init__(bank, settings)
        self.interaction = linear(2 * bank.n_concepts, settings.input_size, bias=False)
        memory = nn.LSTM(settings.input_size, settings.size, batch_first=True, device="meta")
        self.memory = memory.to_empty(device="cpu")  # weights undefined: the global generator isn't moved
        self.output = linear(settings.size, bank.n_concepts)

    @torch.no_grad()
    def initialise(self, log: ResponseLog, fitting: FitSettings, graph: ConceptGraph | None) -> None:
        """Random weights by torch's own rules."""
        generator = torch.Generator().manual_seed(fitting.seed)
        draw_layer(self.output, generator)
        self.interaction.weight.normal_(0, 0.3, generator=generator)
        bound = self.settings.size**-0.5
        for weight in self.memory.parameters():
            weight.uniform_(-bound, bound, generator=generator)

    def decaying(self) -> list[nn.Parameter]:
        """All matrices."""
        return [weight for weight in self.parameters() if weight.dim() > 1]

    def window_logits(self, questions: Tensor, responses: Tensor) -> Tensor:
        """All positions at once: the LSTM reads the whole window, and each output speaks of the next question."""
        kind = self._kind[questions]
        hidden, _ = self.memory(self._inputs(kind, responses))
        before = torch.cat([torch.zeros_like(hidden[:, :1]), hidden[:, :-1]], dim=1)
        logits: Tensor = (self.output(before) * self._share[kind]).sum(2)
        return logits

    def start(self, n: int) -> State:
        """Nothing is known of the students: all zeros."""
        return {name: self._share.new_zeros(n, self.settings.size) for name in ("hidden", "cell")}

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right) from the mean logit over the question's concepts."""
        return torch.sigmoid(self._over_concepts(self.output(state["hidden"]), question))

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """One step of the LSTM."""
        inputs = self._inputs(self._kind[question], response)[:, None]
        _, (hidden, cell) = self.memory(inputs, (state["hidden"][None], state["cell"][None]))
        return {"hidden": hidden[0], "cell": cell[0]}

    def mastery(self, state: State) -> Tensor:
        """P(right) on each concept: the network knows no other question of it."""
        return torch.sigmoid(self.output(state["hidden"]))

    def _inputs(self, kind: Tensor, response: Tensor) -> Tensor:
        """Vectors of interactions: the concepts stand in the first half for a right answer, in the second for none."""
        share, right = self._share[kind], response[..., None].to(self._share.dtype)
        vectors: Tensor = self.interaction(torch.cat([share * right, share * (1 - right)], dim=-1))
        return vectors
