"""The batched form for Stable-Baselines3, whose algorithms take no Gymnasium vector environment."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from ldsim_env.envs.infos import Info
from ldsim_env.envs.observations import Observations
from ldsim_env.envs.vector_env import LDSimVectorEnv
from ldsim_env.envs.vector_infos import one_info, rows_of_infos
from ldsim_env.errors import SettingsError, missing_extra

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv

    Base: TypeAlias = VecEnv
    Indices: TypeAlias = int | Iterable[int] | None
else:
    Base = object  # `_vec_env_class` adds the true one, since Stable-Baselines3 is optional and slow to import


def to_sb3(env: str | LDSimVectorEnv, num_envs: int = 64, **arguments: Any) -> VecEnv:
    """Make a native Stable-Baselines3 ``VecEnv`` of ``num_envs`` students taught at once.

        from ldsim_env.envs import to_sb3
        model = PPO("MlpPolicy", to_sb3("LDSim-ASSIST09-v0", num_envs=64))

    Args:
        env: Id of an environment of this package, or a `LDSimVectorEnv` with the autoreset mode ``SAME_STEP``.
        num_envs: Number of students; for an id.
        **arguments: Arguments of the environment and ``max_episode_steps``; for an id.

    Raises:
        SettingsError: If an argument has a wrong value.
        MissingExtraError: If Stable-Baselines3 is not installed.
    """
    vec_env = _vec_env_class()
    if isinstance(env, str):
        made = gym.make_vec(env, num_envs, "vector_entry_point", autoreset_mode=AutoresetMode.SAME_STEP, **arguments)
    else:
        made = env
    if not isinstance(made, LDSimVectorEnv) or made.metadata["autoreset_mode"] is not AutoresetMode.SAME_STEP:
        raise SettingsError(
            "env: expected the id of an environment of this package, or a LDSimVectorEnv with "
            f"autoreset_mode=AutoresetMode.SAME_STEP and no wrapper around it, got {env!r}."
        )
    return vec_env(made)


class SB3VecEnv(Base):
    """n students as the environments of Stable-Baselines3; `to_sb3` makes it.

    Infos are those of the single environment, worked out when they are read. Where an episode ended they also have
    ``terminal_observation`` and, as with a ``Monitor``, ``episode`` (return ``r``, length ``l``, seconds ``t``).

    Args:
        env: The students.
    """

    def __init__(self, env: LDSimVectorEnv):
        self.vector_env = env
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        self._actions: Any = None
        self._returns, self._lengths = np.zeros(env.num_envs), np.zeros(env.num_envs, np.int64)
        self._started = time.monotonic()

    # ---- episodes -------------------------------------------------------------------------------------------------

    def reset(self) -> Observations:
        """Begin a new episode with every student, with the seeds and options that were set."""
        observations, infos = self.vector_env.reset(seed=self._seeds, options=self._options[0] or None)
        self.reset_infos = rows_of_infos(infos, self.num_envs)
        for row, options in enumerate(self._options):
            if options != self._options[0]:
                observations = self._reset_one(row, options)
        self._returns[:], self._lengths[:] = 0, 0
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> Any:
        """Take the actions; gives observations, rewards float32, ends and one info an environment."""
        observations, rewards, terminated, truncated, infos = self.vector_env.step(self._actions)
        ended = terminated | truncated
        rows = rows_of_infos(infos, self.num_envs)
        self._returns += rewards
        self._lengths += 1
        for row in np.flatnonzero(ended).tolist():
            self.reset_infos[row] = rows[row]
            rows[row] = self._last_info(infos, row)
        for info, cut_off in zip(rows, (truncated & ~terminated).tolist(), strict=True):
            info["TimeLimit.truncated"] = cut_off
        return observations, rewards.astype(np.float32), ended, rows

    def close(self) -> None:
        """See `LDSimVectorEnv`."""
        self.vector_env.close()

    def _reset_one(self, row: int, options: dict[str, Any]) -> Observations:
        only = np.arange(self.num_envs) == row
        observations, infos = self.vector_env.reset(seed=self._seeds, options={**options, "reset_mask": only})
        self.reset_infos[row] = one_info(infos, row)
        return observations

    def _last_info(self, infos: Info, row: int) -> Info:
        """What the last step of an ended episode tells."""
        info = one_info(infos["final_info"], row)
        info["terminal_observation"] = infos["final_obs"][row]
        seconds = round(time.monotonic() - self._started, 6)
        info["episode"] = {"r": round(float(self._returns[row]), 6), "l": int(self._lengths[row]), "t": seconds}
        self._returns[row], self._lengths[row] = 0, 0
        return info

    # ---- attributes and methods of the single environments --------------------------------------------------------

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """The same attribute of the vector environment for each of the environments.

        Raises:
            AttributeError: If there is none.
        """
        return [getattr(self.vector_env, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Set an attribute of the vector environment; all environments share it.

        Raises:
            SettingsError: If ``indices`` leaves environments out.
        """
        if sorted(self._get_indices(indices)) != list(range(self.num_envs)):
            raise SettingsError(
                f"indices: the {self.num_envs} environments share {attr_name!r}; set it for all of them."
            )
        setattr(self.vector_env, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Indices = None, **kwargs: Any) -> list[Any]:
        """Call a method of the vector environment that gives a row an environment; ``"action_masks"`` above all.

        Raises:
            AttributeError: If there is none.
        """
        rows = getattr(self.vector_env, method_name)(*args, **kwargs)
        return [rows[index] for index in self._get_indices(indices)]

    def env_is_wrapped(
        self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: Indices = None
    ) -> list[bool]:
        """No wrapper is there; but for ``Monitor`` True, since infos tell the episodes' returns and lengths."""
        from stable_baselines3.common.monitor import Monitor  # noqa: PLC0415  (an optional package)

        return [issubclass(wrapper_class, Monitor) for _ in self._get_indices(indices)]


@cache
def _vec_env_class() -> type[SB3VecEnv]:
    """`SB3VecEnv` as a subclass of Stable-Baselines3's own ``VecEnv``, which is imported only now."""
    try:
        from stable_baselines3.common.vec_env import VecEnv  # noqa: PLC0415  (an optional package)
    except ImportError as error:
        raise missing_extra("agents", "Training with Stable-Baselines3", error) from error
    return type("SB3VecEnv", (SB3VecEnv, VecEnv), {"__doc__": SB3VecEnv.__doc__})
