"""A policy of your own for `ldsim compare`, and a check of a student model: does asking the easiest question pay?

    ldsim compare random easiest=examples.easiest_policy:Easiest --student-model ldsim --student-model dkt

Nobody learns from what they can do already. Where this policy gains more than asking at random, the student model takes
right answers for learning, and whatever is trained on it learns to flatter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ldsim_env.recommenders import Env, Info


class Easiest:
    """The legal question with the greatest probability of a right answer, whatever it is about."""

    name = "easiest"
    copies_share_nothing = True  # so students may be taught in one batch, each by a copy

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode; ``rng`` is not used."""
        self._env: Any = env.unwrapped

    def recommend(self, observation: Any, info: Info) -> int:
        """Pick the question."""
        return int(np.argmax(np.where(info["action_mask"], self._env.answer_probs(), -1)))
