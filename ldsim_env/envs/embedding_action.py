"""Actions that are points in the space of question vectors: the nearest question that may be asked is asked."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import InvalidAction
from numpy.typing import NDArray

from ldsim_env.envs.actions import nearest, no_offer
from ldsim_env.envs.tutor_view import TutorView
from ldsim_env.errors import SettingsError

FloatArray = NDArray[np.float32]


class EmbeddingAction:
    """An action is a vector; the question with the nearest vector (Euclid's distance) is asked.

    The vectors are scaled so that each coordinate goes from -1 to 1 over the bank; coordinates in which all questions
    are alike are left out. Ties go to the question that comes first in the bank. A vector outside [-1, 1] is taken to
    the nearest point inside.

    Args:
        vectors: ``(n_questions, size)`` finite.

    Attributes:
        vectors: ``(n_questions, d)`` float32 in [-1, 1], the scaled vectors.

    Raises:
        SettingsError: If all questions have one and the same vector.
    """

    n_candidates = 0
    n_draws = 0

    def __init__(self, vectors: FloatArray):
        self.vectors = _scaled(vectors)
        self._half_squares = 0.5 * (self.vectors**2).sum(axis=1)
        self.space = gym.spaces.Box(-1.0, 1.0, (self.vectors.shape[1],), np.float32)

    def read(self, action: Any) -> FloatArray:
        """See `ActionRule`."""
        try:
            vector = np.asarray(action, np.float32)
        except (TypeError, ValueError):
            vector = np.empty(0, np.float32)
        if vector.shape != self.space.shape or not np.isfinite(vector).all():
            raise InvalidAction(f"action: expected {self.space.shape} finite numbers, got {action!r}.")
        return vector[None]

    def offer(self, view: TutorView, students: NDArray[np.int64], uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
        """Nothing; see `ActionRule`."""
        return no_offer(students)

    def to_questions(self, actions: FloatArray, view: TutorView) -> NDArray[np.int64]:
        """The nearest question that may be asked, ``(n,)``."""
        inside = np.clip(actions, -1, 1).astype(np.float32)
        distance = self._half_squares - inside @ self.vectors.T  # half its square, but for a constant of each row
        rows = np.arange(len(actions))
        questions = nearest(distance)
        # One round for each question near by that was asked already; the bank is never sorted.
        while (taken := ~view.session.legal(questions) & np.isfinite(distance[rows, questions])).any():
            distance[rows[taken], questions[taken]] = np.inf
            questions = nearest(distance)
        return questions

    def masks(self, view: TutorView) -> None:
        """None: every vector asks a question."""
        return

    def refusal(self, action: Any) -> str:
        """See `ActionRule`."""
        return "no question is left to ask in this episode"


def _scaled(vectors: FloatArray) -> FloatArray:
    low, high = vectors.min(axis=0), vectors.max(axis=0)
    differ = high > low
    if not differ.any():
        raise SettingsError(
            "action: 'embedding' needs question vectors that tell questions apart, but all of this bank's are alike."
        )
    scaled: FloatArray = 2 * (vectors[:, differ] - low[differ]) / (high - low)[differ] - 1
    return scaled.clip(-1, 1).astype(np.float32)
