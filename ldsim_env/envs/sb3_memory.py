"""The memory of Stable-Baselines3's rollout buffers: worked out before training, and kept small for masks."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import missing_extra

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv

N_NUMBERS = 6  # float32 of each step: reward, return, value, advantage, log probability, start of an episode
BYTES_OF_MASK = {"float": 4, "byte": 1}
FIRST_LENGTH = 32  # of the lists of forbidden actions; they grow where more are forbidden
NO_ACTION = -1  # fills the lists


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
    """Work out how much memory the rollout buffer of PPO or MaskablePPO will take (RecurrentPPO's also has states).

    Args:
        env: What the algorithm is to train on.
        n_steps: The algorithm's ``n_steps``.
        masks: None for PPO, which keeps none; ``"float"`` for MaskablePPO, whose own buffer takes 4 bytes an action and
            step; ``"byte"`` for MaskablePPO with `byte_mask_buffer`; ``"list"`` with `mask_list_buffer`, where no
            more than `FIRST_LENGTH` actions are forbidden at once.
    """
    rows = n_steps * env.num_envs
    space, actions = env.observation_space, env.action_space
    parts = space.spaces.values() if isinstance(space, gym.spaces.Dict) else [space]
    observations = [rows * _size(part) for part in parts]
    of_masks = 0
    if masks is not None:
        assert isinstance(actions, gym.spaces.Discrete), "only Discrete actions have masks"
        of_one = 4 * FIRST_LENGTH if masks == "list" else int(actions.n) * BYTES_OF_MASK[masks]
        of_masks = rows * of_one
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
    parent = _mask_buffer(dict_observations)

    def reset(self: Any) -> None:
        self.mask_dims = int(self.action_space.n)
        self.action_masks = np.ones((self.buffer_size, self.n_envs, self.mask_dims), np.uint8)
        super(parent, self).reset()  # not the parent's own, which would make masks of four bytes

    told = {"reset": reset, "__doc__": byte_mask_buffer.__doc__, "__module__": __name__}  # files name the module
    return type("ByteMaskBuffer", (parent,), told)


class ForbiddenActions(NamedTuple):
    """What masks forbid, as pairs in ascending order of rows; arrays of numpy or tensors, ``(n_pairs,)`` integers."""

    row: Any
    action: Any

    @classmethod
    def by(cls, masks: NDArray[Any]) -> ForbiddenActions:
        """Those whose entry in ``masks`` ``(n, n_actions)`` is 0."""
        row, action = np.divmod(np.flatnonzero(masks.reshape(-1) == 0), masks.shape[1])  # np.nonzero takes longer
        return cls(row, action)


@cache
def mask_list_buffer(dict_observations: bool = False) -> type[Any]:
    """A rollout buffer for MaskablePPO that keeps lists of the forbidden actions in place of masks.

    Where nearly all of many actions are legal it is the smallest, and the fastest for a policy that takes masks as
    lists: the ``action_masks`` of its samples are `ForbiddenActions`, which sb3-contrib's own policies don't know.

    Args:
        dict_observations: Whether observations are dicts (``"MultiInputPolicy"``).

    Raises:
        MissingExtraError: If sb3-contrib is not installed.
    """
    parent = _mask_buffer(dict_observations)

    def reset(self: Any) -> None:
        self.mask_dims = FIRST_LENGTH
        self.action_masks = np.full((self.buffer_size, self.n_envs, FIRST_LENGTH), NO_ACTION, np.int32)
        super(parent, self).reset()

    def add(self: Any, *args: Any, action_masks: NDArray[Any] | None = None, **kwargs: Any) -> None:
        if action_masks is not None:
            forbidden = ForbiddenActions.by(action_masks.reshape(self.n_envs, -1))
            self.action_masks = _with_lists(self.action_masks, self.pos, forbidden)
            self.mask_dims = self.action_masks.shape[2]
        super(parent, self).add(*args, **kwargs)

    def _get_samples(self: Any, *args: Any, **kwargs: Any) -> Any:
        samples = parent._get_samples(self, *args, **kwargs)
        row, place = (samples.action_masks != NO_ACTION).nonzero(as_tuple=True)
        return samples._replace(action_masks=ForbiddenActions(row, samples.action_masks[row, place].long()))

    told = {"reset": reset, "add": add, "_get_samples": _get_samples, "__doc__": mask_list_buffer.__doc__}
    return type("MaskListBuffer", (parent,), told | {"__module__": __name__})  # files name the module


def _with_lists(lists: NDArray[np.int32], step: int, forbidden: ForbiddenActions) -> NDArray[np.int32]:
    """Write what was forbidden in a step into ``lists`` ``(n_steps, n_envs, length)``; longer ones where needed."""
    counts = np.bincount(forbidden.row, minlength=lists.shape[1])
    lacking = int(counts.max()) - lists.shape[2]
    if lacking > 0:
        room = max(lacking, lists.shape[2])  # doubled at least, so that this happens seldom
        lists = np.pad(lists, ((0, 0), (0, 0), (0, room)), constant_values=NO_ACTION)
    first = np.cumsum(counts) - counts
    lists[step, forbidden.row, np.arange(len(forbidden.row)) - first[forbidden.row]] = forbidden.action
    return lists


def _mask_buffer(dict_observations: bool) -> type[Any]:
    """The buffer of sb3-contrib."""
    try:
        from sb3_contrib.common.maskable.buffers import (  # noqa: PLC0415  (an optional package)
            MaskableDictRolloutBuffer,
            MaskableRolloutBuffer,
        )
    except ImportError as error:
        raise missing_extra("agents", "Training with masks", error) from error
    return MaskableDictRolloutBuffer if dict_observations else MaskableRolloutBuffer
