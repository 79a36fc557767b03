"""The memory of Stable-Baselines3's rollout buffers: worked out before training, and kept small for masks."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import gymnasium as gym
import numpy as np

from ldsim_env.errors import missing_extra

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv

N_NUMBERS = 6  # float32 of each step: reward, return, value, advantage, log probability, start of an episode
BYTES_OF_MASK = {"float": 4, "byte": 1}


class RolloutMemory(NamedTuple):
    """Bytes of a rollout buffer; ``str`` says them in words."""

    observations: int
    masks: int
    others: int  # actions, rewards, returns, values, advantages, log probabilities, starts of episodes
    peak: int  # at the start of an update, when one array after the other is copied

    @property
    def total(self) -> int:
        """All arrays together."""
        return self.observations + self.masks + self.others

    def __str__(self) -> str:
        total, observations, masks, peak = (
            f"{size / 2**20:,.1f} MiB" for size in (self.total, self.observations, self.masks, self.peak)
        )
        return f"rollout buffer: {total} (observations {observations}, masks {masks}), at most {peak}"


def rollout_memory(env: VecEnv, n_steps: int, masks: str | None = None) -> RolloutMemory:
    """Work out how much memory the rollout buffer of PPO or MaskablePPO will take.

    Args:
        env: What the algorithm is to train on.
        n_steps: The algorithm's ``n_steps``.
        masks: None for PPO, which keeps none; ``"float"`` for MaskablePPO, whose own buffer takes 4 bytes an action and
            step; ``"byte"`` for MaskablePPO with `byte_mask_buffer`.
    """
    rows = n_steps * env.num_envs
    space, actions = env.observation_space, env.action_space
    parts = space.spaces.values() if isinstance(space, gym.spaces.Dict) else [space]
    observations = [rows * _size(part) for part in parts]
    of_masks = 0
    if masks is not None:
        assert isinstance(actions, gym.spaces.Discrete), "only Discrete actions have masks"
        of_masks = rows * int(actions.n) * BYTES_OF_MASK[masks]
    others = rows * (_size(actions) + N_NUMBERS * np.dtype(np.float32).itemsize)
    total = sum(observations) + of_masks + others
    return RolloutMemory(sum(observations), of_masks, others, total + max(*observations, of_masks))


def _size(space: gym.Space[Any]) -> int:
    """Bytes of one element."""
    assert space.dtype is not None
    assert space.shape is not None
    return int(np.prod(space.shape)) * space.dtype.itemsize


@cache
def byte_mask_buffer(dict_observations: bool = False) -> type[Any]:
    """A rollout buffer for MaskablePPO that keeps a byte an action and step, where sb3-contrib's own keeps four.

        MaskablePPO("MlpPolicy", env, rollout_buffer_class=byte_mask_buffer())

    Args:
        dict_observations: Whether observations are dicts (``"MultiInputPolicy"``).

    Raises:
        MissingExtraError: If sb3-contrib is not installed.
    """
    try:
        from sb3_contrib.common.maskable.buffers import (  # noqa: PLC0415  (an optional package)
            MaskableDictRolloutBuffer,
            MaskableRolloutBuffer,
        )
    except ImportError as error:
        raise missing_extra("agents", "Training with masks", error) from error
    parent: type[Any] = MaskableDictRolloutBuffer if dict_observations else MaskableRolloutBuffer

    def reset(self: Any) -> None:
        self.mask_dims = int(self.action_space.n)
        self.action_masks = np.ones((self.buffer_size, self.n_envs, self.mask_dims), np.uint8)
        super(parent, self).reset()  # not the parent's own, which would make masks of four bytes

    told = {"reset": reset, "__doc__": byte_mask_buffer.__doc__, "__module__": __name__}  # files name the module
    return type("ByteMaskBuffer", (parent,), told)
