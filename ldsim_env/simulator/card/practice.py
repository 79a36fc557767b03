"""What practice alone does to a student model, and a student model in which it does more or less.

Evidence can't raise the expected mastery of a coherent student model (design.md, "Evidence must not pay"), so practice
is the change of mastery that is expected before the answer is known, whatever the student model's equations:

    practice_k = logit(p mastery_k(right) + (1 - p) mastery_k(wrong)) - logit(mastery_k before)
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ldsim_env.logs import QuestionBank
from ldsim_env.simulator.protocol import State, StudentModel

EDGE = 1e-6


class Outcomes(NamedTuple):
    """Both ways a question can go."""

    prob: Tensor  # (n,) P(right)
    right: State
    wrong: State
    practice: Tensor  # (n, K) logits


def both_outcomes(model: StudentModel, state: State, question: Tensor) -> Outcomes:
    """The states after a right and after a wrong answer, and what practice does.

    Args:
        model: The student model.
        state: State of n students.
        question: ``(n,)`` int64.
    """
    prob = model.answer_prob(state, question)
    right, wrong = (model.learn(state, question, torch.full_like(prob, response)) for response in (1.0, 0.0))
    share = prob.double().unsqueeze(1)
    expected = share * model.mastery(right).double() + (1 - share) * model.mastery(wrong).double()
    practice = torch.logit(expected, EDGE) - torch.logit(model.mastery(state).double(), EDGE)
    return Outcomes(prob, right, wrong, practice.to(prob.dtype))


class PracticeScaled:
    """A student model that learns ``factor`` times as much by practice; for models with an ``ability`` per concept.

    Args:
        model: The student model; its state has ``ability`` ``(n, n_concepts)`` in logits.
        factor: 1 is the model itself, 0 one that never learns.
    """

    def __init__(self, model: StudentModel, factor: float) -> None:
        self._model = model
        self._factor = factor
        self._asks = torch.tensor(model.bank.concept_matrix)

    @property
    def bank(self) -> QuestionBank:
        """The questions that the model knows."""
        return self._model.bank

    def start(self, n: int) -> State:
        """The state of ``n`` new students."""
        return self._model.start(n)

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right), as the model has it."""
        return self._model.answer_prob(state, question)

    def mastery(self, state: State) -> Tensor:
        """``(n, n_concepts)``, as the model has it."""
        return self._model.mastery(state)

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """The state after the students answered, practice of what was asked weighed by the factor."""
        if self._factor == 1:
            return self._model.learn(state, question, response)
        practice = both_outcomes(self._model, state, question).practice
        learned = self._model.learn(state, question, response)
        extra = (self._factor - 1) * practice * self._asks[question]
        return {**learned, "ability": learned["ability"] + extra}


def can_be_scaled(model: StudentModel) -> bool:
    """Whether `PracticeScaled` can weigh what the model learns by practice."""
    ability = model.start(1).get("ability")
    return ability is not None and ability.shape == (1, model.bank.n_concepts)
