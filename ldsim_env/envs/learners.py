"""The students being taught: a student model and the knowledge states of n students, numpy in and numpy out."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ldsim_env.simulator.protocol import State, StudentModel, select_students

BoolArray = NDArray[np.bool_]


class Learners:
    """n students with their present knowledge states. Only `enter` and `learn` change a state.

    Args:
        model: The student model that answers and learns.

    Attributes:
        mastery: ``(n, n_concepts)`` float32, mastery in the present states; not to be written to.
    """

    def __init__(self, model: StudentModel):
        self.model = model
        self.mastery: NDArray[np.float32] = np.empty((0, model.bank.n_concepts), np.float32)
        self._state: State = {}
        self._all_questions = torch.arange(model.bank.n_questions)

    @torch.inference_mode()
    def enter(self, state: State) -> None:
        """Take in new students with these states."""
        self._state = state
        self.mastery = _numpy(self.model.mastery(state))

    @torch.inference_mode()
    def answer_prob(self, questions: NDArray[np.int64]) -> NDArray[np.float64]:
        """P(right) of one question a student, ``(n,)``."""
        return _numpy(self.model.answer_prob(self._state, torch.from_numpy(questions))).astype(np.float64)

    @torch.inference_mode()
    def answer_probs(self) -> NDArray[np.float32]:
        """P(right) of every question for every student, ``(n, n_questions)`` float32; a new array."""
        questions = self._all_questions.expand(len(self.mastery), -1)
        return _numpy(self.model.answer_prob(self._state, questions)).copy()

    @torch.inference_mode()
    def learn(self, questions: NDArray[np.int64], responses: NDArray[np.int8], asked: BoolArray) -> None:
        """Move the states of those students who were asked; arguments are ``(n,)``."""
        if not asked.any():
            return
        state = self.model.learn(
            self._state, torch.from_numpy(questions), torch.from_numpy(responses.astype(np.float32))
        )
        if not asked.all():
            state = _choose(torch.from_numpy(asked), state, self._state)
        self.enter(state)

    @torch.inference_mode()
    def expected_gains(self, questions: NDArray[np.int64], targets: BoolArray) -> NDArray[np.float32]:
        """Expected change of the exam score by each question: the mean over both answers by their probability.

        Args:
            questions: ``(m,)`` question indices, the same for every student.
            targets: ``(n, n_concepts)`` bool.

        Returns:
            ``(n, m)`` float32.
        """
        n, m = len(targets), len(questions)
        asked = torch.from_numpy(questions).expand(n, m)
        student = torch.arange(n).repeat_interleave(m)
        share = torch.from_numpy(targets / targets.sum(axis=1, keepdims=True)).float()
        now = (self.model.mastery(self._state) * share).sum(1, keepdim=True)
        right, wrong = (
            self._exam_after(student, asked.reshape(-1), response, share).view(n, m) for response in (1.0, 0.0)
        )
        prob = self.model.answer_prob(self._state, asked)
        return _numpy(prob * right + (1 - prob) * wrong - now)

    def _exam_after(self, student: Tensor, questions: Tensor, response: float, share: Tensor) -> Tensor:
        """Exam scores if each of these students gave the response to the question of the same row, ``(rows,)``."""
        state = select_students(self._state, student)
        after = self.model.learn(state, questions, torch.full((len(questions),), response))
        return (self.model.mastery(after) * share[student]).sum(1)


def _choose(first: Tensor, one: State, other: State) -> State:
    """Row by row the state from ``one`` where ``first`` ``(n,)`` holds, else from ``other``."""
    return {
        name: torch.where(first.view(-1, *[1] * (value.dim() - 1)), value, other[name]) for name, value in one.items()
    }


def _numpy(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.numpy()
    return array
