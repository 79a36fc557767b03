"""The arguments and actions that only the batched form takes, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import InvalidAction
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError

NO_LIMIT = -1


def read_num_envs(num_envs: Any) -> int:
    """A number of environments.

    Raises:
        SettingsError: If it is no whole number of at least 1.
    """
    if isinstance(num_envs, bool) or not isinstance(num_envs, int | np.integer) or num_envs < 1:
        raise SettingsError(f"num_envs: expected a whole number of at least 1, got {num_envs!r}.")
    return int(num_envs)


def read_step_limit(max_episode_steps: Any) -> int | None:
    """A step limit; None where there is none (None or -1, as `gymnasium.make` has it).

    Raises:
        SettingsError: If it is something else.
    """
    if max_episode_steps is None or max_episode_steps == NO_LIMIT:
        return None
    whole = isinstance(max_episode_steps, int | np.integer) and not isinstance(max_episode_steps, bool)
    if not whole or max_episode_steps < 1:
        raise SettingsError(
            f"max_episode_steps: expected a whole number of at least 1, or None for no limit, "
            f"got {max_episode_steps!r}."
        )
    return int(max_episode_steps)


def read_autoreset_mode(mode: Any) -> AutoresetMode:
    """An autoreset mode given by itself or by its value.

    Raises:
        SettingsError: If it is none.
    """
    try:
        return AutoresetMode(mode)
    except ValueError:
        known = ", ".join(f"{known} ({known.value!r})" for known in AutoresetMode)
        raise SettingsError(f"autoreset_mode: expected one of {known}, got {mode!r}.") from None


def read_seeds(seed: Any, n: int) -> list[int | None]:
    """The seed of each environment, from one number (seed, seed + 1, ...), a list or None.

    Raises:
        SettingsError: If it is something else, or the list has another length.
    """
    if seed is None:
        return [None] * n
    if _is_seed(seed):
        return [int(seed) + i for i in range(n)]
    is_list = isinstance(seed, Sequence | np.ndarray) and not isinstance(seed, str) and len(seed) == n
    if is_list and all(one is None or _is_seed(one) for one in seed):
        return [None if one is None else int(one) for one in seed]
    raise SettingsError(
        f"seed: expected None, a whole number of at least 0, or a list of {n} of them, one an environment, "
        f"got {seed!r}."
    )


def _is_seed(seed: Any) -> bool:
    return isinstance(seed, int | np.integer) and not isinstance(seed, bool) and int(seed) >= 0


def split_options(options: Any, n: int) -> tuple[NDArray[np.bool_], Any]:
    """Which environments a reset is for, ``(n,)`` bool, and the other options, which are for each of those.

    Raises:
        SettingsError: If ``options["reset_mask"]`` is no array of bools with a True.
    """
    if not isinstance(options, Mapping) or "reset_mask" not in options:
        return np.ones(n, bool), options
    mask = options["reset_mask"]
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (n,) or not mask.any():
        raise SettingsError(
            f"options['reset_mask']: expected an array of {n} bools, True for at least one environment, got {mask!r}."
        )
    return mask.copy(), {key: value for key, value in options.items() if key != "reset_mask"}


def read_actions(actions: Any, single_space: gym.Space[Any], used: NDArray[np.bool_]) -> NDArray[Any]:
    """The actions of n environments, one row each; 0 where they aren't used.

    Args:
        actions: As the user gave them.
        single_space: The action space of one environment: Discrete or Box.
        used: ``(n,)``, False for the environments that begin a new episode instead.

    Raises:
        gymnasium.error.InvalidAction: Names the environments whose action isn't of the space.
    """
    expected = (len(used), *(single_space.shape or ()))
    try:
        given = np.asarray(actions)
        whole = isinstance(single_space, gym.spaces.Box) or np.issubdtype(given.dtype, np.integer)
        wrong = given.shape != expected or not whole or not np.issubdtype(given.dtype, np.number)
    except ValueError:  # lists of different lengths
        wrong = True
    if wrong:
        raise InvalidAction(f"actions: expected an array {expected} of actions of {single_space}, got {actions!r}.")
    bad = np.flatnonzero(~_are_inside(given, single_space) & used)
    if len(bad):
        raise InvalidAction(
            f"actions: expected actions of {single_space}, got {given[bad].tolist()} for the environments "
            f"{bad.tolist()}."
        )
    read = given.astype(np.int64 if isinstance(single_space, gym.spaces.Discrete) else np.float32)
    read[~used] = 0
    return read


def _are_inside(actions: NDArray[Any], single_space: gym.Space[Any]) -> NDArray[np.bool_]:
    if isinstance(single_space, gym.spaces.Discrete):
        return np.asarray((actions >= 0) & (actions < single_space.n))
    return np.asarray(np.isfinite(actions).all(axis=1))
