"""What a student model is: four verbs over a batch of students."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import torch
from torch import Tensor

from ldsim_env.logs.bank import QuestionBank

State: TypeAlias = dict[str, Tensor]
"""The knowledge state of n students: named tensors, each with the student axis first."""


@runtime_checkable
class StudentModel(Protocol):
    """Answers questions, learns from them and can be examined. All methods are pure: no argument is changed.

    Probabilities come from the model; the caller draws the response. ``mastery[:, k]`` is P(right) on a question of
    concept k of middling difficulty.
    """

    @property
    def bank(self) -> QuestionBank:
        """The questions that the model knows."""
        ...

    def start(self, n: int) -> State:
        """The state of ``n`` new students."""
        ...

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right).

        Args:
            state: State of n students.
            question: int64 question indices, ``(n,)``, or ``(n, m)`` for m questions of each student.

        Returns:
            float32 in (0, 1), of the shape of ``question``.
        """
        ...

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """The state after the students answered.

        Args:
            state: State of n students.
            question: ``(n,)`` int64 question indices.
            response: ``(n,)`` float32 or integer, 1 right, 0 wrong; a value between is a response by expectation.
        """
        ...

    def mastery(self, state: State) -> Tensor:
        """``(n, n_concepts)`` float32 in [0, 1]."""
        ...


def select_students(state: State, index: Tensor | Sequence[int]) -> State:
    """The state of some of the students, in the order of ``index`` (which may repeat a student)."""
    picked = torch.as_tensor(index, dtype=torch.int64)
    return {name: value[picked] for name, value in state.items()}


def join_students(states: Sequence[State]) -> State:
    """The states of several groups of students as one."""
    return {name: torch.cat([state[name] for state in states]) for name in states[0]}
