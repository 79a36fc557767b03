"""Rules of real tutors that need no student model: Leitner's boxes, and practice until BKT says mastered.

Both keep their own record of the answers they have seen (`SeenAnswers`) and read neither the environment's mastery nor
its P(right). Within a concept they take any question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError
from ldsim_env.recommenders.curriculum import TeachingOrder
from ldsim_env.recommenders.legal import Choices
from ldsim_env.recommenders.protocol import Action, Env, Info
from ldsim_env.recommenders.seen_answers import SeenAnswers
from ldsim_env.teacher.graph import ConceptGraph

N_BOXES = 5


class LeitnerRecommender:
    """Review by Leitner's boxes (S. Leitner, "So lernt man lernen", 1972), with targets in place of cards.

    A right answer moves the target up a box, a wrong one back to the first; the target in box b is due again after 2^b
    steps, counted from the first box, 0. The target that has been due longest is asked next (ties: the lower box).
    """

    name = "leitner"

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode: all targets are due."""
        self._choices, self._seen, self._rng = Choices.of(env), SeenAnswers(env), rng
        self._box = np.zeros(self._choices.practises.shape[1], np.int64)
        self._due = np.zeros_like(self._box)
        self._step = 0

    def recommend(self, observation: Any, info: Info) -> Action:
        """Pick a question of the target that has been due longest."""
        for question, response in self._seen.new(observation, info):
            self._step += 1
            practised = self._choices.practises[question]
            self._box[practised] = np.minimum(self._box[practised] + 1, N_BOXES - 1) if response else 0
            self._due[practised] = self._step + 2 ** self._box[practised]
        urgent_first = [int(place) for place in np.lexsort((self._box, self._due))]
        return self._choices.action(self._rng.choice(self._choices.on_first_of(urgent_first, info)), info)


@dataclass(frozen=True)
class BKTSettings:
    """Bayesian knowledge tracing (Corbett and Anderson, 1994), one set of parameters for all concepts.

    Args:
        start: Probability that a concept is known before the first answer.
        learn: Probability of learning it with a question.
        guess: P(right) where it isn't known.
        slip: P(wrong) where it is known.
        mastered: Probability of knowing it from which on it counts as mastered.

    Raises:
        SettingsError: If one of them is not within (0, 1), or guess and slip add up to 1 or more.
    """

    start: float = 0.3
    learn: float = 0.15
    guess: float = 0.2
    slip: float = 0.1
    mastered: float = 0.95

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < 1:
                raise SettingsError(f"{name}: expected a probability above 0 and below 1, got {value}.")
        if self.guess + self.slip >= 1:
            raise SettingsError(
                f"guess, slip: expected a sum below 1, got {self.guess} and {self.slip}: answers would tell nothing."
            )

    def after(self, known: NDArray[np.float64], response: int) -> NDArray[np.float64]:
        """Probability of knowing, after a response (1 right, 0 wrong) and what was learned with it."""
        if_known, if_not = (1 - self.slip, self.guess) if response else (self.slip, 1 - self.guess)
        posterior = known * if_known / (known * if_known + (1 - known) * if_not)
        return np.asarray(posterior + (1 - posterior) * self.learn)


class BKTRecommender:
    """Mastery learning: a target is practised until its own BKT says mastered, then comes the next.

    The order is that of the prerequisites, as in `CurriculumRecommender`. When all are mastered, the one least surely
    known is practised. This is how the cognitive tutors choose (Corbett and Anderson, 1994).

    Args:
        settings: The parameters.
        relations: As in `CurriculumRecommender`.
    """

    name = "bkt"

    def __init__(self, settings: BKTSettings | None = None, relations: ConceptGraph | None = None):
        self._settings, self._orders = settings or BKTSettings(), TeachingOrder(relations)

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode: nothing is known but the prior."""
        self._choices, self._seen, self._rng = Choices.of(env), SeenAnswers(env), rng
        self._order = self._orders.of_targets(self._choices)
        self._known = np.full(len(self._order), self._settings.start)

    def recommend(self, observation: Any, info: Info) -> Action:
        """Pick a question of the first target that isn't mastered."""
        for question, response in self._seen.new(observation, info):
            practised = self._choices.practises[question]
            self._known[practised] = self._settings.after(self._known[practised], response)
        mastered = self._known >= self._settings.mastered
        least_known = [int(place) for place in np.argsort(self._known, kind="stable")]
        order = [place for place in self._order if not mastered[place]] + [p for p in least_known if mastered[p]]
        return self._choices.action(self._rng.choice(self._choices.on_first_of(order, info)), info)
