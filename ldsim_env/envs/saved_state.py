"""An episode's standing as a value, for planning and for comparing policies from one and the same student."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ldsim_env.envs.rendering import PathStep
from ldsim_env.errors import SettingsError
from ldsim_env.simulator.protocol import State


@dataclass(frozen=True, eq=False)
class TeachingState:
    """Where the teaching of n students stands.

    Args:
        made_for: What another teaching must have in common with the one that was saved, by name.
        states: Knowledge states of the student model, and of the observer if there is one.
        parts: Everything else, by name.
    """

    made_for: dict[str, Any]
    states: tuple[State, ...]
    parts: dict[str, Any]

    def check(self, made_for: dict[str, Any]) -> None:
        """Refuse to be loaded into a teaching that has something else.

        Raises:
            SettingsError: Names everything that differs.
        """
        differ = [
            f"{name} {self.made_for[name]} (here {here})"
            for name, here in made_for.items()
            if self.made_for[name] != here
        ]
        if differ:
            raise SettingsError(
                f"state: it was saved with {', '.join(differ)}. "
                "Load it into an environment made with the same arguments."
            )


@dataclass(frozen=True, eq=False)
class SavedState:
    """What `save_state` of an environment gives; it can be pickled.

    Args:
        teaching: Student, targets, questions asked, pinned noise.
        generator: The environment's random numbers.
        path: The steps of the episode, for pictures.
        in_episode: Whether the episode goes on.
    """

    teaching: TeachingState
    generator: np.random.Generator
    path: tuple[PathStep, ...]
    in_episode: bool
