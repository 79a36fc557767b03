"""Reward what you care about: weights of the built-in terms, or a wrapper with a rule of your own.

    python examples/own_reward.py

The exam is the same whichever the reward: `info["learning_gain"]` is E_p. Here a teacher wants learning, but no
frustration: three wrong answers in a row cost something.
"""

from __future__ import annotations

from typing import Annotated, Any

import gymnasium as gym
import numpy as np
import typer

import ldsim_env  # noqa: F401 - registers the environments
from ldsim_env.recommenders import make_recommender

WEIGHTS = {"expected_gain": 1.0, "coverage": 0.05}
RULES = ("random-target", "zpd", "weakest")


class NoFrustration(gym.Wrapper[Any, Any, Any, Any]):
    """Takes ``cost`` off the reward of every wrong answer that is the third in a row or later.

    Args:
        env: An environment of this package.
        cost: What it costs.
    """

    def __init__(self, env: gym.Env[Any, Any], cost: float = 0.02):
        super().__init__(env)
        self.cost, self._wrong_in_a_row = cost, 0

    def reset(self, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        """Begin an episode with a calm student."""
        self._wrong_in_a_row = 0
        return self.env.reset(**kwargs)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take an action; what frustration cost is in ``info["reward_terms"]`` as well."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._wrong_in_a_row = self._wrong_in_a_row + 1 if info["response"] == 0 else 0
        frustration = -self.cost if self._wrong_in_a_row >= 3 else 0.0
        info["reward_terms"] = {**info["reward_terms"], "frustration": frustration}
        return observation, float(reward) + frustration, terminated, truncated, info


def main(
    env_id: Annotated[str, typer.Option(help="Any environment of this package.")] = "LDSim-ASSIST09-v0",
    episodes: Annotated[int, typer.Option(min=1, help="Students that each rule teaches.")] = 20,
) -> None:
    """Print what some rules earn by this reward, and what was learned."""
    env = NoFrustration(gym.make(env_id, reward=WEIGHTS))
    for name in RULES:
        returns, gains = zip(*(teach(env, name, seed) for seed in range(episodes)), strict=True)
        print(f"{name:14} reward {np.mean(returns):+.3f}   learning gain {np.mean(gains):+.3f}")


def teach(env: gym.Env[Any, Any], name: str, seed: int) -> tuple[float, float]:
    """Sum of the rewards, and E_p, of one episode."""
    observation, info = env.reset(seed=seed)
    recommender = make_recommender(name)
    recommender.start(env, np.random.default_rng(seed))
    total, ended = 0.0, False
    while not ended:
        observation, reward, terminated, truncated, info = env.step(recommender.recommend(observation, info))
        total, ended = total + float(reward), terminated or truncated
    return total, info["learning_gain"]


if __name__ == "__main__":
    typer.run(main)
