"""A contextual bandit that learns while it teaches: LinUCB over features of questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError
from ldsim_env.recommenders.legal import Choices
from ldsim_env.recommenders.protocol import Action, Env, Info

N_FEATURES = 10
REWARD_UNIT = 100  # a question raises the mean mastery of the targets by about a hundredth


@dataclass(frozen=True)
class LinUCBSettings:
    """How the bandit explores.

    Args:
        alpha: Standard errors added to the estimate, at least 0; 0 never explores on purpose.
        ridge: Strength of the prior that all weights are 0, above 0.
        n_candidates: Questions weighed at a step, at least 1; equally many of each target.

    Raises:
        SettingsError: If a value is out of its range.
    """

    alpha: float = 0.5
    ridge: float = 1.0
    n_candidates: int = 60

    def __post_init__(self) -> None:
        for name, is_wrong, wanted in (
            ("alpha", self.alpha < 0, "at least 0"),
            ("ridge", self.ridge <= 0, "above 0"),
            ("n_candidates", self.n_candidates < 1, "at least 1"),
        ):
            if is_wrong:
                raise SettingsError(f"{name}: expected {wanted}, got {getattr(self, name)}.")


class LinUCBRecommender:
    """The question whose upper confidence bound on what it teaches is highest (Li et al., WWW 2010, algorithm 1).

    One linear model for all questions: the reward of a step is how much the observer's mean mastery of the targets
    rose with it, in hundredths, which a tutor with a knowledge-tracing model sees. The features of a question are those
    of `question_features`. What is learned stays from one episode to the next, so that results depend on which students
    came before; a new recommender starts anew.

    Args:
        settings: How it explores.
    """

    name = "linucb"
    copies_share_nothing = False  # what is learned from one student serves the next

    def __init__(self, settings: LinUCBSettings | None = None):
        self._settings = settings or LinUCBSettings()
        self._precision = np.eye(N_FEATURES) * self._settings.ridge
        self._sum = np.zeros(N_FEATURES)

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode; ``rng`` decides between questions that look alike."""
        self._choices, self._rng = Choices.of(env), rng
        self._practised = np.zeros(self._choices.practises.shape[1])
        self._asked: NDArray[np.float64] | None = None
        self._exam = 0.0

    def recommend(self, observation: Any, info: Info) -> Action:
        """Learn from the last question, then pick one."""
        mastery = self._choices.env.mastery()[np.asarray(self._choices.env.targets)].astype(np.float64)
        self._learn(float(mastery.mean()))
        candidates = self._choices.spread_candidates(info, self._settings.n_candidates)
        prob = self._choices.env.answer_probs()[candidates].astype(np.float64)
        practises = self._choices.practises[candidates]
        features = question_features(prob, practises, mastery, self._practised)
        best = int(np.argmax(self._bounds(features) + 1e-9 * self._rng.random(len(candidates))))
        self._asked = features[best]
        self._practised += practises[best]
        return self._choices.action(candidates[best], info)

    def _learn(self, exam: float) -> None:
        if self._asked is not None:
            self._precision += np.outer(self._asked, self._asked)
            self._sum += self._asked * (exam - self._exam) * REWARD_UNIT
        self._exam = exam

    def _bounds(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(c,)`` upper confidence bounds."""
        weights = np.linalg.solve(self._precision, self._sum)
        variance = (features * np.linalg.solve(self._precision, features.T).T).sum(axis=1)
        return np.asarray(features @ weights + self._settings.alpha * np.sqrt(variance))


def question_features(
    prob: NDArray[np.float64],
    practises: NDArray[np.bool_],
    mastery: NDArray[np.float64],
    practised: NDArray[np.float64],
) -> NDArray[np.float64]:
    """What the bandit reads of c questions, ``(c, N_FEATURES)``.

    Args:
        prob: ``(c,)`` P(right).
        practises: ``(c, n_targets)``: which targets they practise.
        mastery: ``(n_targets,)`` in [0, 1].
        practised: ``(n_targets,)`` questions of the episode on each target.

    Returns:
        Columns: 1, P(right), 4 p (1 - p), share of the targets practised; then, as means over those targets: mastery m,
        room m (1 - m), distance to the weakest target, log(1 + practised), 1 if not practised; and room times 4 p (1 -
        p).
    """
    n = np.maximum(practises.sum(axis=1), 1)
    room = 4 * mastery * (1 - mastery)
    of_targets = np.column_stack([mastery, room, mastery - mastery.min(), np.log1p(practised), practised == 0])
    means = practises @ of_targets / n[:, None]
    even = 4 * prob * (1 - prob)
    return np.column_stack([np.ones_like(prob), prob, even, practises.mean(axis=1), means, means[:, 1] * even])
