"""Tells the environment the step limit of the wrapper around it, so that progress is measured against the true one."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs


class StepBudget(gym.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Sets ``step_budget`` of the environment inside to the limit of the `TimeLimit` wrapper, if there is one.

    Gymnasium keeps ``max_episode_steps`` from the environment itself (its own ``spec`` has None), and only a wrapper
    outside `TimeLimit` can see it. The registration of the package's environments adds this one.
    """

    def __init__(self, env: gym.Env[Any, Any]):
        RecordConstructorArgs.__init__(self)
        gym.Wrapper.__init__(self, env)
        # Not env.spec.max_episode_steps: reading that copies the student model whenever one was given to gym.make.
        if env.has_wrapper_attr("_max_episode_steps"):
            env.set_wrapper_attr("step_budget", env.get_wrapper_attr("_max_episode_steps"))
