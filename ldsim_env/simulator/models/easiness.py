"""How easy each question is, in logits: one number a question, held near what a Rasch model of the training log says.

What a log says of a question holds each student's own answers. A model fitted with such priors trusts them more than
it may with new students, and is too sure of itself. So while fitting, a student's questions are as easy as the other
students say: students are dealt into folds, and each fold's priors come from the others.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ldsim_env.logs import QuestionBank, ResponseLog
from ldsim_env.simulator.asked import QuestionLookup
from ldsim_env.simulator.difficulties import easiness_of_other_folds, fit_easiness, middling_easiness

N_FOLDS = 10


class QuestionEasiness(nn.Module):
    """One table over the questions of a bank, and what a middling question of each concept has.

    Args:
        bank: The questions.

    Attributes:
        table: ``(n_questions,)`` logits, before they are stretched.
        spread: How far the table is stretched: the more students differ, the further apart questions are for one.
        offsets: ``(n_concepts,)`` logits: easiness of a question of middling difficulty of each concept.
    """

    prior: Tensor  # (n_questions,) what the table is held to while it is fitted
    asked: Tensor  # (n_questions,) how often the training log has each question
    shift: Tensor  # (n_folds, n_questions) how much easier the other folds say the questions are than all do
    offsets: Tensor

    def __init__(self, bank: QuestionBank) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(bank.n_questions))
        self.spread = nn.Parameter(torch.ones(()))
        self.register_buffer("offsets", torch.zeros(bank.n_concepts))
        self.register_buffer("prior", torch.zeros(bank.n_questions), persistent=False)
        self.register_buffer("asked", torch.zeros(bank.n_questions), persistent=False)
        self.register_buffer("shift", torch.zeros(0, bank.n_questions), persistent=False)
        self._folds: Tensor | None = None

    def start_from(self, log: ResponseLog, window: int, spread: float) -> None:
        """Take the easiness that a Rasch model finds (`fit_easiness`) as the table and as what it is held to."""
        prior = fit_easiness(log, window, spread).first
        by_others = [said.first for said in easiness_of_other_folds(log, N_FOLDS, window, spread)]
        with torch.no_grad():
            self.table.copy_(prior)
            self.prior.copy_(prior)
            self.shift = torch.stack(by_others) - prior
            self.asked.copy_(torch.from_numpy(np.bincount(log.questions, minlength=log.bank.n_questions)))

    def as_others_say(self, student: Tensor | None) -> None:
        """From now on, questions ``(n, ...)`` are as easy as the other students of the log say; None ends it.

        Args:
            student: ``(n,)`` int64 indices of the students in the log that `start_from` read.
        """
        self._folds = None if student is None else student % N_FOLDS

    def forward(self, question: Tensor) -> Tensor:
        """Easiness in logits, of the shape of ``question``."""
        easiness = self.table[question]
        if self._folds is not None:
            easiness = easiness + self.shift[self._folds.view(-1, *[1] * (question.dim() - 1)), question]
        return self.spread * easiness

    def penalty(self, question: Tensor) -> Tensor:
        """Sum of the squared distances of the distinct questions from their priors."""
        asked = torch.unique(question)
        return (self.table[asked] - self.prior[asked]).square().sum()

    @torch.no_grad()
    def settle(self, bank: QuestionBank) -> None:
        """End fitting, and work ``offsets`` out; see `middling_easiness`."""
        self.as_others_say(None)
        lookup, every = QuestionLookup(bank), torch.arange(bank.n_questions)
        self.offsets.copy_(middling_easiness(self(every), self.asked, lookup.concepts, lookup.share, bank.n_concepts))

    def extended(self, bank: QuestionBank) -> Tensor:
        """The table with the questions behind the known ones: each as easy as a middling one of its concepts."""
        n_known = len(self.table)
        matrix = torch.tensor(bank.concept_matrix[n_known:], dtype=torch.float32)
        n_concepts = matrix.sum(1)
        middling = (matrix @ self.offsets) / n_concepts.clamp(min=1)
        new = torch.where(n_concepts > 0, middling, self.offsets.mean())
        return torch.cat([self.table.detach(), new / self.spread.detach()])
