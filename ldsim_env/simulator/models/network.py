"""What the student models other than LDSim's share: the bank's tables, read-outs over concepts, how they are fitted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from ldsim_env.errors import CheckpointError
from ldsim_env.logs import QuestionBank, ResponseLog
from ldsim_env.simulator.models.easiness import QuestionEasiness
from ldsim_env.simulator.models.settings import FitSettings
from ldsim_env.simulator.protocol import State
from ldsim_env.teacher.graph import ConceptGraph


class StudentNetwork(nn.Module, ABC):
    """A fitted student model; its subclasses say how students answer and learn.

    Args:
        bank: The questions.
        settings: Sizes and switches of this kind of student model.

    Attributes:
        kind: The name that ``simulator.json`` and ``student_model=`` use.
        settings_type: The class of ``settings``.
        learning_rate: The highest, where the fit settings name none.
        easiness: A table of the questions, for the kinds that know questions apart; else None.
    """

    kind: ClassVar[str]
    settings_type: ClassVar[type[Any]]
    learning_rate: ClassVar[float]
    easiness: QuestionEasiness | None
    _kind: Tensor  # (n_questions,) index of the set of concepts that a question asks for
    _share: Tensor  # (n_kinds, n_concepts) 1 / number of concepts; the same for all where there is none
    _practises: Tensor  # (n_kinds, n_concepts) 1 for the concepts that a question asks for, else 0

    def __init__(self, bank: QuestionBank, settings: Any) -> None:
        super().__init__()
        self.bank = bank
        self.settings = settings
        self.easiness = None
        share = torch.from_numpy(bank.kinds.share)
        nothing = share.sum(1, keepdim=True) == 0  # such a question says something of every concept alike
        self.register_buffer("_kind", torch.from_numpy(bank.kinds.of_question), persistent=False)
        self.register_buffer("_share", torch.where(nothing, 1 / bank.n_concepts, share), persistent=False)
        self.register_buffer("_practises", (share > 0).float(), persistent=False)

    # ---- the four verbs: see `ldsim_env.simulator.StudentModel` ---------------------------------------------------

    @abstractmethod
    def start(self, n: int) -> State:
        """The state of ``n`` new students."""

    @abstractmethod
    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right) in (0, 1), of the shape of ``question``: ``(n,)`` or ``(n, m)`` int64."""

    @abstractmethod
    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """The state after answering ``question`` ``(n,)`` with ``response`` ``(n,)``."""

    @abstractmethod
    def mastery(self, state: State) -> Tensor:
        """``(n, n_concepts)``: P(right) on a question of middling difficulty of each concept."""

    # ---- fitting --------------------------------------------------------------------------------------------------

    @abstractmethod
    def initialise(self, log: ResponseLog, fitting: FitSettings, graph: ConceptGraph | None) -> None:
        """Set the weights that fitting starts from."""

    def window_logits(self, questions: Tensor, responses: Tensor) -> Tensor:
        """Logits of P(right) at every position of windows, from the true responses before it, ``(n, length)``.

        Step by step, unless a kind of student model knows how to do all positions at once.
        """
        state, logits = self.start(len(questions)), []
        for question, response in zip(questions.t(), responses.t(), strict=True):
            logits.append(torch.logit(self.answer_prob(state, question), eps=1e-6))
            state = self.learn(state, question, response)
        return torch.stack(logits, dim=1)

    def penalty(self, questions: Tensor, fitting: FitSettings) -> Tensor:
        """What holds the weights small, in nats over the questions of a batch."""
        if self.easiness is None:
            return self._share.new_zeros(())
        held: Tensor = fitting.question_penalty * self.easiness.penalty(questions)
        return held

    def decaying(self) -> list[nn.Parameter]:
        """The weights that decay while fitting: none, unless a kind of student model has matrices."""
        return []

    @torch.no_grad()
    def settle(self) -> Self:
        """End fitting: round the weights to what a file keeps of them (16 bits), and take no gradients any more."""
        if self.easiness is not None:
            self.easiness.settle(self.bank)
        for value in self.state_dict().values():
            if value.is_floating_point():
                value.copy_(value.half().float())
        return self.freeze()

    def freeze(self) -> Self:
        """Make the model ready to be stepped."""
        return self.requires_grad_(False).eval()

    # ---- other banks ----------------------------------------------------------------------------------------------

    def with_bank(self, bank: QuestionBank) -> Self:
        """The same over a bank that begins with this bank's questions; see `ldsim_env.simulator.with_bank`.

        Raises:
            CheckpointError: If the bank has other concepts, or doesn't begin with this bank's questions.
        """
        if bank is self.bank:
            return self
        known = self.bank.question_ids
        if bank.concept_ids != self.bank.concept_ids or bank.question_ids[: len(known)] != known:
            raise CheckpointError(
                f"bank: expected the simulator's {len(known)} questions first and its {self.bank.n_concepts} concepts; "
                "match the log to the simulator's bank with ldsim_env.logs.match_bank."
            )
        weights = self.state_dict()
        if self.easiness is not None:
            weights["easiness.table"] = self.easiness.extended(bank)
        extended = type(self)(bank, self.settings)
        extended.load_state_dict(weights)
        return extended.freeze()

    def difficulty(self) -> Tensor:
        """``(n_questions,)``: the logit of ability at which a question is answered right half of the time."""
        if self.easiness is None:
            return torch.zeros(self.bank.n_questions)
        easiness: Tensor = self.easiness(torch.arange(self.bank.n_questions))
        return -easiness.detach()

    # ---- read-outs ------------------------------------------------------------------------------------------------

    def _over_concepts(self, values: Tensor, question: Tensor, of_kind: Tensor | None = None) -> Tensor:
        """Sums over a question's concepts, of the shape of ``question``.

        Args:
            values: ``(n, n_concepts)``.
            question: ``(n,)`` or ``(n, m)`` int64.
            of_kind: ``(n_kinds, n_concepts)`` weights; None takes the mean.
        """
        weights = self._share if of_kind is None else of_kind
        if question.dim() == 1:
            return (values * weights[self._kind[question]]).sum(1)
        return (values @ weights.t()).gather(1, self._kind[question])
