"""One-step look-ahead on the simulator: what could be reached by someone who knew the student's mind."""

from __future__ import annotations

from typing import Any

import numpy as np

from ldsim_env.errors import SettingsError
from ldsim_env.recommenders.legal import Choices
from ldsim_env.recommenders.protocol import Action, Env, Info

MAX_CANDIDATES = 256


class GreedyRecommender:
    """The legal question with the greatest expected rise of the exam score, tried out on the simulator itself.

    It uses the simulator: no recommender can do that with a real student, so its result is an upper bound for policies
    that think one step ahead. Only questions of the targets are tried. Where those are more than ``max_candidates``,
    each target gives an equal number, spread evenly over its questions' success probability from the least to the
    greatest: within one concept, questions of nearly equal probability teach nearly the same. When the targets'
    questions are used up, all legal questions compete in the same way.

    Args:
        max_candidates: The most questions tried in a step, at least 1; it bounds the time of a step.

    Raises:
        SettingsError: If ``max_candidates`` is below 1.
    """

    name = "greedy"
    uses_simulator = True

    def __init__(self, max_candidates: int = MAX_CANDIDATES) -> None:
        if max_candidates < 1:
            raise SettingsError(f"max_candidates: expected at least 1, got {max_candidates}.")
        self._max_candidates = max_candidates

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode; ``rng`` is not used."""
        self._choices = Choices.of(env)

    def recommend(self, observation: Any, info: Info) -> Action:
        """Pick the candidate with the greatest expected gain."""
        candidates = self._choices.spread_candidates(info, self._max_candidates)
        return self._choices.action(candidates[np.argmax(self._choices.env.expected_gains(candidates))], info)
