"""What the recommender sees of each candidate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.questions import NO_QUESTION
from ldsim_env.envs.tutor_view import TutorView
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.simulator.readouts import bank_difficulty, quantiles

FEATURES = ("may be asked", "P(right)", "difficulty", "targets", "new targets", "mastery")
"""The columns: see `CandidateFeatures`."""


class CandidateFeatures:
    """The features of the candidates, each in [0, 1]; a row of zeros where there is no candidate or it is masked.

    | Column | Meaning |
    |---|---|
    | 0 | 1: it may be asked |
    | 1 | P(right) by the observer |
    | 2 | difficulty: share of the bank's questions that are easier |
    | 3 | share of the targets that it practises |
    | 4 | share of the targets that it would be the first of the episode to practise |
    | 5 | mean mastery of its concepts by the observer |

    Args:
        bank: The question bank.
    """

    def __init__(self, bank: QuestionBank):
        self._bank = bank
        self._difficulty = quantiles(bank_difficulty(bank))

    def read(self, view: TutorView) -> NDArray[np.float32]:
        """``(n, n_candidates, len(FEATURES))`` float32."""
        questions = np.maximum(view.offered, 0)
        concepts = self._bank.concept_matrix[questions]  # (n, k, K)
        features = np.stack(
            [
                np.ones(questions.shape),
                view.observer.answer_probs(questions),
                self._difficulty[questions],
                _share(concepts, view.session.targets, view.session.targets.sum(axis=1)),
                _share(concepts, view.session.uncovered, view.session.targets.sum(axis=1)),
                _mean_mastery(concepts, view.observer.mastery),
            ],
            axis=2,
            dtype=np.float32,
        )
        return features * legal_candidates(view)[:, :, None]

    def read_flat(self, view: TutorView) -> NDArray[np.float32]:
        """The same in one vector for each student, ``(n, n_candidates * len(FEATURES))``, candidate by candidate."""
        return self.read(view).reshape(len(view.offered), -1)


def legal_candidates(view: TutorView) -> NDArray[np.bool_]:
    """``(n, n_candidates)``: which of the candidates may be asked."""
    legal = view.session.legal(np.maximum(view.offered, 0))
    return np.asarray(legal & (view.offered != NO_QUESTION))


def _share(concepts: NDArray[np.bool_], among: NDArray[np.bool_], of: NDArray[np.int64]) -> NDArray[np.float64]:
    """The concepts of each question that are ``among`` these, counted and divided by ``of``, ``(n, k)``."""
    return np.asarray((concepts & among[:, None]).sum(axis=2) / of[:, None])


def _mean_mastery(concepts: NDArray[np.bool_], mastery: NDArray[np.float32]) -> NDArray[np.float64]:
    total = np.where(concepts, mastery[:, None], 0).sum(axis=2)
    return np.asarray(total / np.maximum(concepts.sum(axis=2), 1))
