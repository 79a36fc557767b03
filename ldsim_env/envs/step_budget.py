"""Tells an environment the step limit of the wrapper around it, so that progress is measured against the true one."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
from gymnasium.wrappers import TimeLimit


def time_limit_around(env: gym.Env[Any, Any]) -> int | None:
    """The step limit of the `TimeLimit` wrapper through which ``env`` is being called; None where there is none.

    Gymnasium keeps ``max_episode_steps`` from the environment inside. A wrapper outside `TimeLimit` could hand it in
    (``additional_wrappers`` at the registration), but `gymnasium.make_vec` refuses ids that have one. So the
    environment looks who called: wrappers pass ``reset`` and ``step`` on, each to the next one inside.
    """
    return min((wrapper._max_episode_steps for wrapper in _time_limits_around(env)), default=None)


def set_elapsed_steps(env: gym.Env[Any, Any], steps: int) -> None:
    """Tell the `TimeLimit` wrappers through which ``env`` is being called how many steps the episode has had.

    They count the steps themselves, so they don't know of a state that was loaded.
    """
    for wrapper in _time_limits_around(env):
        wrapper._elapsed_steps = steps  # type: ignore[assignment]  # Gymnasium says None, until the reset


def _time_limits_around(env: gym.Env[Any, Any]) -> Iterator[TimeLimit[Any, Any]]:
    frame = inspect.currentframe()
    while frame is not None:
        caller = frame.f_locals.get("self")
        if isinstance(caller, TimeLimit) and caller.unwrapped is env:
            yield caller
        frame = frame.f_back
