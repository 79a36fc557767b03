"""Questions that stand near one another in the platform's numbering and ask for the same are about equally easy.

They were written together, often from one template. So what few answers say of a question is helped by what many say of
its neighbours: the likeness of two questions of one kind falls off with the distance of their numbers, as in an
Ornstein-Uhlenbeck process along the numbering (Uhlenbeck & Ornstein 1930; a Gaussian process with kernel exp(-d)).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ldsim_env.logs import QuestionBank

REACH = 100.0  # numbers over which the likeness falls to 1/e
SPREAD = 0.6  # standard deviation of what neighbours share, in logits
OWN_SPREAD = 0.7  # and of what is a question's own


class Neighbours(NamedTuple):
    """The questions of a bank in the platform's order, each kind (set of concepts) by itself."""

    first: Tensor  # (n_kinds,) int64, the question with the lowest number of each kind
    earlier: Tensor  # (n_questions - n_kinds,) int64
    later: Tensor  # (n_questions - n_kinds,) int64, the next question of the same kind after each of ``earlier``
    likeness: Tensor  # (n_questions - n_kinds,) float32, their correlation in (0, 1)

    def surprise(self, shared: Tensor) -> Tensor:
        """Negative log-density in nats, up to a constant, of what neighbours share, ``(n_questions,)`` logits."""
        apart = (shared[self.later] - self.likeness * shared[self.earlier]).square() / (1 - self.likeness.square())
        return (shared[self.first].square().sum() + apart.sum()) / (2 * SPREAD**2)


def neighbours_of(bank: QuestionBank) -> Neighbours | None:
    """The order of a bank's questions by their problem ids; None where these are missing or no whole numbers."""
    number, kind = _numbers(bank), bank.kinds.of_question
    if number is None:
        return None
    order = np.lexsort((number, kind))
    goes_on = kind[order[1:]] == kind[order[:-1]]
    earlier, later = order[:-1][goes_on], order[1:][goes_on]
    apart = np.maximum(number[later] - number[earlier], 1)  # equal numbers would leave no doubt
    return Neighbours(
        torch.from_numpy(order[np.concatenate([[True], ~goes_on])]),
        torch.from_numpy(earlier),
        torch.from_numpy(later),
        _likeness(apart),
    )


def told_by_neighbours(bank: QuestionBank, n_known: int, deviation: Tensor) -> Tensor:
    """How much easier than their concepts new questions are, by what is known of others of their kind nearby.

    The mean of the process (`Neighbours`) at the new questions, given the known ones (kriging).

    Args:
        bank: The new questions stand behind the known ones.
        n_known: How many are known.
        deviation: ``(n_known,)`` logits, how much easier than their concepts these are.

    Returns:
        ``(n_questions - n_known,)`` logits; 0 where the numbering says nothing.
    """
    number, kind = _numbers(bank), bank.kinds.of_question
    told = torch.zeros(bank.n_questions - n_known)
    if number is None:
        return told
    for one in np.unique(kind[n_known:]):
        known, new = np.flatnonzero(kind[:n_known] == one), np.flatnonzero(kind[n_known:] == one)
        alike = _likeness(number[known][:, None] - number[known]) * SPREAD**2 + torch.eye(len(known)) * OWN_SPREAD**2
        near = _likeness(number[n_known + new][:, None] - number[known]) * SPREAD**2
        told[new] = near @ torch.linalg.solve(alike, deviation[known])
    return told


def _numbers(bank: QuestionBank) -> NDArray[np.float64] | None:
    if not bank.problem_ids or not all(problem.isdecimal() for problem in bank.problem_ids):
        return None
    return np.array([float(problem) for problem in bank.problem_ids])


def _likeness(apart: NDArray[np.float64]) -> Tensor:
    """The correlation in (0, 1) of questions whose numbers are so far apart; float32 of the same shape."""
    return torch.from_numpy(np.exp(-np.abs(apart) / REACH).astype(np.float32))
