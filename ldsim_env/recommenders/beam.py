"""Look-ahead over several questions on the simulator: model predictive control by beam search, an upper bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ldsim_env.errors import SettingsError
from ldsim_env.recommenders.legal import Choices
from ldsim_env.recommenders.protocol import Action, Env, Info

DEFAULT_STEP_BUDGET = 30


@dataclass(frozen=True)
class BeamSettings:
    """How far and how widely to look ahead.

    Args:
        depth: Questions in a plan, at least 1.
        width: Plans kept of each length, at least 1.
        n_candidates: Questions tried at each step of a plan, at least 1; equally many of each target.
        discount: Worth of a gain one question later, in (0, 1].

    Raises:
        SettingsError: If a value is out of its range.
    """

    depth: int = 3
    width: int = 6
    n_candidates: int = 30
    discount: float = 0.8

    def __post_init__(self) -> None:
        for name in ("depth", "width", "n_candidates"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name}: expected at least 1, got {getattr(self, name)}.")
        if not 0 < self.discount <= 1:
            raise SettingsError(f"discount: expected above 0 and up to 1, got {self.discount}.")


class BeamRecommender:
    """Plans several questions ahead on the simulator, asks the first of the best plan, and plans anew.

    It uses the simulator, which nobody can do with a real student: an upper bound. `LookAhead` says what a plan is
    worth. The candidates are those of `GreedyRecommender`.

    Args:
        settings: Depth, width, candidates and discount.
    """

    name = "beam"
    uses_simulator = True

    def __init__(self, settings: BeamSettings | None = None):
        self._settings = settings or BeamSettings()

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode; ``rng`` is not used.

        Raises:
            SettingsError: If the environment doesn't hand out its student model.
        """
        from ldsim_env.recommenders.look_ahead import LookAhead  # noqa: PLC0415 - loads torch

        self._choices = Choices.of(env)
        self._env: Any = self._choices.env
        if not hasattr(self._env, "student_model") or not hasattr(self._env, "knowledge_state"):
            raise SettingsError(
                f"env: expected an environment with student_model and knowledge_state, got {type(self._env).__name__}. "
                "Use an id that starts with 'LDSim-', or the recommender 'greedy'."
            )
        settings = self._settings
        self._search = LookAhead(self._env.student_model, settings.depth, settings.width, settings.discount)
        self._steps_left = int(getattr(self._env, "step_budget", DEFAULT_STEP_BUDGET))

    def recommend(self, observation: Any, info: Info) -> Action:
        """Pick the first question of the best plan."""
        candidates = self._choices.spread_candidates(info, self._settings.n_candidates)
        targets = np.asarray(self._env.targets)
        best = self._search.best(self._env.knowledge_state(), candidates, targets, self._steps_left)
        self._steps_left -= 1
        return self._choices.action(candidates[best], info)
