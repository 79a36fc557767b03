"""Attention over the last interactions, with questions told apart by their easiness (after SAKT and simpleKT).

    y_i  = u_{q_i} + r_i u' + (r_i - sigmoid(b_{q_i})) W u_{q_i}       what interaction i says
    h_k  = sum over the last L of softmax(<Q u_k, K u_{q_i}> / sqrt(d) + recency_{age i}) V y_i
    P    = sigmoid(f(h_k, u_k) + b_q)

u are vectors of concepts (a question has the mean of its concepts), b_q the question's easiness, as in simpleKT (Liu et
al. 2023), which adds a Rasch difficulty to SAKT (Pandey & Karypis 2019). What is looked for depends on concepts alone,
so that all questions of a concept share one query. The state holds the last L interactions: the cost of a step doesn't
grow with the history. An ordinary network, not in the innovation form: it takes expected evidence for learning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ldsim_env.errors import SettingsError
from ldsim_env.logs import QuestionBank, ResponseLog
from ldsim_env.simulator.layers import draw_layer, linear
from ldsim_env.simulator.models.easiness import QuestionEasiness
from ldsim_env.simulator.models.network import StudentNetwork
from ldsim_env.simulator.models.settings import FitSettings, check_count
from ldsim_env.simulator.protocol import State
from ldsim_env.teacher.graph import ConceptGraph

NOT_ASKED = -1


@dataclass(frozen=True)
class AttentionSettings:
    """Sizes.

    Args:
        size: Width of concept vectors and of what is attended to; a multiple of ``n_heads``.
        n_heads: Attention heads.
        hidden_size: Width of the read-out's hidden layer.
        window: The last so many interactions are attended to.
    """

    size: int = 64
    n_heads: int = 4
    hidden_size: int = 64
    window: int = 64

    def __post_init__(self) -> None:
        for name in ("size", "n_heads", "hidden_size", "window"):
            check_count(name, getattr(self, name))
        if self.size % self.n_heads:
            raise SettingsError(f"size: expected a multiple of n_heads ({self.n_heads}), got {self.size}.")


class AttentionStudent(StudentNetwork):
    """See the module. The state: ``question`` and ``response``, each ``(n, window)``, the newest last."""

    kind: ClassVar[str] = "attention"
    settings_type: ClassVar[type[AttentionSettings]] = AttentionSettings
    learning_rate: ClassVar[float] = 3e-3
    easiness: QuestionEasiness

    def __init__(self, bank: QuestionBank, settings: AttentionSettings) -> None:
        super().__init__(bank, settings)
        size = settings.size
        self.easiness = QuestionEasiness(bank)
        self.concepts = nn.Parameter(torch.zeros(bank.n_concepts, size))
        self.right = nn.Parameter(torch.zeros(size))
        self.surprise = linear(size, size, bias=False)
        self.query, self.key, self.value = (linear(size, size, bias=False) for _ in range(3))
        self.recency = nn.Parameter(torch.zeros(settings.n_heads, settings.window))  # by age, the newest first
        self.nothing = nn.Parameter(torch.zeros(settings.n_heads))  # weight of having met nothing of the kind
        self.hidden = linear(2 * size, settings.hidden_size)
        self.output = linear(settings.hidden_size, 1)

    @torch.no_grad()
    def initialise(self, log: ResponseLog, fitting: FitSettings, graph: ConceptGraph | None) -> None:
        """Easiness from the log, random weights, attention that forgets."""
        self.easiness.start_from(log, fitting.window, fitting.question_spread)
        generator = torch.Generator().manual_seed(fitting.seed)
        for layer in (self.surprise, self.query, self.key, self.value, self.hidden, self.output):
            draw_layer(layer, generator)
        self.concepts.normal_(0, 0.5, generator=generator)
        self.right.normal_(0, 0.5, generator=generator)
        self.output.weight.mul_(0.1)
        self.output.bias.zero_()
        self.recency.copy_(-0.5 * torch.log1p(torch.arange(self.settings.window)).expand_as(self.recency))

    def decaying(self) -> list[nn.Parameter]:
        """The matrices of the layers."""
        return [weight for name, weight in self.named_parameters() if name.endswith(".weight")]

    # ---- all positions of windows at once -------------------------------------------------------------------------

    def window_logits(self, questions: Tensor, responses: Tensor) -> Tensor:
        """All positions at once: each attends to the ``window`` interactions before it."""
        length = questions.shape[1]
        position = torch.arange(length)
        age = position[:, None] - position - 1  # (length, length), 0 for the interaction just before
        visible = (age >= 0) & (age < self.settings.window)
        recency = self.recency[:, age.clamp(0, self.settings.window - 1)].masked_fill(~visible, -math.inf)
        vectors = self._kinds()[self._kind[questions]]
        keys, values = self._read(questions, responses)
        attended = self._attend(self._heads(self.query(vectors)), keys, values, recency)
        logits: Tensor = self._level(attended, vectors) + self.easiness(questions)
        return logits

    # ---- the four verbs -------------------------------------------------------------------------------------------

    def start(self, n: int) -> State:
        """Nothing was asked yet."""
        window = self.settings.window
        return {
            "question": torch.full((n, window), NOT_ASKED, device=self._kind.device),
            "response": self._share.new_zeros(n, window),
        }

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right), of the shape of ``question``."""
        kinds = self._kinds()
        if question.dim() == 1:
            level = self._levels(state, kinds[self._kind[question]][:, None])[:, 0]
        else:
            level = self._levels(state, kinds.expand(len(question), -1, -1)).gather(1, self._kind[question])
        return torch.sigmoid(level + self.easiness(question))

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """Remember an interaction; the oldest is forgotten."""
        newest = {"question": question, "response": response.to(self._share.dtype)}
        return {name: torch.cat([value[:, 1:], newest[name][:, None]], dim=1) for name, value in state.items()}

    def mastery(self, state: State) -> Tensor:
        """P(right) on a middling question of each concept."""
        return torch.sigmoid(self._concept_levels(state) + self.easiness.offsets)

    def latent(self, state: State) -> Tensor:
        """``(n, n_concepts)``: the level of each concept, in logits; the state itself is a list of interactions."""
        return self._concept_levels(state)

    def _concept_levels(self, state: State) -> Tensor:
        return self._levels(state, self.concepts.expand(len(state["question"]), -1, -1))

    # ---- attention ------------------------------------------------------------------------------------------------

    def _levels(self, state: State, vectors: Tensor) -> Tensor:
        """``(n, m)`` logits for m vectors of concepts of each student, ``(n, m, size)``."""
        asked = state["question"] != NOT_ASKED
        keys, values = self._read(state["question"].clamp(min=0), state["response"])
        recency = self.recency.flip(1)[:, None].masked_fill(~asked[:, None, None], -math.inf)  # (n, heads, 1, window)
        return self._level(self._attend(self._heads(self.query(vectors)), keys, values, recency), vectors)

    def _kinds(self) -> Tensor:
        """(n_kinds, size): the mean vector of the concepts of each kind of question."""
        return self._share @ self.concepts

    def _read(self, questions: Tensor, responses: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of interactions ``(n, length)``, each ``(n, heads, length, size / heads)``."""
        vectors = self._kinds()[self._kind[questions]]
        unexpected = responses - torch.sigmoid(self.easiness(questions))
        says = vectors + responses[..., None] * self.right + unexpected[..., None] * self.surprise(vectors)
        return self._heads(self.key(vectors)), self._heads(self.value(says))

    def _attend(self, queries: Tensor, keys: Tensor, values: Tensor, recency: Tensor) -> Tensor:
        """``(n, m, size)``; a head may find nothing, which weighs ``nothing`` and says 0."""
        scores = queries @ keys.transpose(2, 3) / math.sqrt(queries.shape[-1]) + recency
        nothing = self.nothing[:, None, None].expand(*scores.shape[:3], 1)
        weights = torch.softmax(torch.cat([nothing, scores], dim=3), dim=3)[..., 1:]
        return (weights @ values).transpose(1, 2).flatten(2)

    def _heads(self, vectors: Tensor) -> Tensor:
        """``(n, m, size)`` as ``(n, heads, m, size / heads)``."""
        n, m, size = vectors.shape
        return vectors.view(n, m, self.settings.n_heads, size // self.settings.n_heads).transpose(1, 2)

    def _level(self, attended: Tensor, vectors: Tensor) -> Tensor:
        hidden = torch.relu(self.hidden(torch.cat([attended, vectors], dim=2)))
        level: Tensor = self.output(hidden)[..., 0]
        return level
