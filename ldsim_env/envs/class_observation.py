"""What the agents of a class observe, in PettingZoo's form: a vector, and a mask where there is one."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from ldsim_env.envs.class_session import ClassSession
from ldsim_env.envs.teaching import Teaching
from ldsim_env.errors import SettingsError

OBSERVATION, ACTION_MASK = "observation", "action_mask"


class ClassObservation:
    """The observation of each student by the settings' rule, and the share of the class's question budget used.

    That share is the last number of the vector, and there only where a budget is.

    Args:
        teaching: The students.
        session: Their session.

    Attributes:
        space: The observation space of one agent: ``Dict`` with ``"observation"`` and ``"action_mask"``, or the
            vector alone where actions have no mask.
        state_space: The vectors of all students, one after another.

    Raises:
        SettingsError: If the settings' observation is no vector.
    """

    def __init__(self, teaching: Teaching, session: ClassSession):
        vector, action = teaching.observation.space, teaching.action.space
        if not isinstance(vector, Box):
            raise SettingsError(
                "observation: 'dict' is for a single student; a class has its masks beside the vector anyway. Choose "
                "'flat', 'history' or 'latent'."
            )
        if session.budget_used is not None:
            vector = Box(np.append(vector.low, np.float32(0)), np.append(vector.high, np.float32(1)), dtype=np.float32)
        n = session.rules.n_students
        self.state_space = Box(np.tile(vector.low, n), np.tile(vector.high, n), dtype=np.float32)
        self.space: gym.Space[Any] = vector
        if isinstance(action, Discrete):
            mask = Box(0, 1, (int(action.n),), np.int8)
            self.space = gym.spaces.Dict({OBSERVATION: vector, ACTION_MASK: mask})

    def vectors(self, teaching: Teaching, session: ClassSession) -> NDArray[np.float32]:
        """``(n, size)`` float32."""
        vectors = teaching.observation.observe(teaching)
        assert not isinstance(vectors, dict), "the constructor refuses it"
        if session.budget_used is None:
            return vectors
        return np.column_stack([vectors, np.full(len(vectors), session.budget_used, np.float32)])

    def rows(self, teaching: Teaching, session: ClassSession) -> list[Any]:
        """The observation of each agent."""
        vectors = self.vectors(teaching, session)
        if not teaching.has_masks:
            return list(vectors)
        masks = teaching.action_masks().view(np.int8)  # which Gymnasium's `Discrete.sample` wants
        return [{OBSERVATION: vector, ACTION_MASK: mask} for vector, mask in zip(vectors, masks, strict=True)]
