"""Steps to be timed, each a function without arguments that goes on where the last call left off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import torch

from ldsim_env.simulator import StudentModel
from ldsim_env.simulator.stepping import take_step


def single_step(env: gym.Env[Any, Any]) -> Callable[[], None]:
    """Steps with random actions, and resets where an episode ended."""
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(1000)]
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        _, _, terminated, truncated, _ = env.step(actions[count % len(actions)])
        if terminated or truncated:
            env.reset()

    return step


def vector_step(env: Any, with_masks: bool = False) -> Callable[[], None]:
    """Steps of all environments with random actions; autoreset is the environment's."""
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(100)]
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        infos = env.step(actions[count % len(actions)])[4]
        if with_masks:
            infos["action_mask"]

    return step


def model_step(model: StudentModel, n: int) -> Callable[[], None]:
    """The steps of the student model alone, with the states at hand."""
    state = model.start(n)
    random = np.random.default_rng(0)
    questions = torch.from_numpy(random.integers(0, model.bank.n_questions, (100, n)))
    thresholds = torch.from_numpy(random.random((100, n)))
    count = 0

    @torch.inference_mode()
    def step() -> None:
        nonlocal state, count
        count += 1
        drawn = count % len(questions)
        _, state, mastery = take_step(model, state, questions[drawn], thresholds[drawn])
        mastery.numpy()

    return step
