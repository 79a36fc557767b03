"""What a policy teaches, with the luck of the answers taken out.

A single student's E_p is mostly luck: mastery is a belief that moves with every surprise. The sum over an episode of
the mean gain over both answers (the reward term ``expected_gain``) has the same mean and far less spread, so policies
can be told apart by hundreds of episodes instead of ten thousands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ldsim_env.compare.batched import may_be_batched, run_batched
from ldsim_env.compare.episodes import Episode, run_episode
from ldsim_env.envs import LDSimVectorEnv
from ldsim_env.recommenders import Recommender


def expected_gains(
    recommender: Recommender,
    env_id: str,
    students: Sequence[int],
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> NDArray[np.float64]:
    """Expected E_p of one episode with each student.

    Args:
        recommender: The policy.
        env_id: Id of the environment.
        students: Indices in the evaluation part of the cohort.
        seed: Seed of the comparison.
        options: Further arguments of the environment, such as ``student_model``.

    Returns:
        ``(n_students,)``.
    """
    arguments: dict[str, Any] = {**(options or {}), "reward": "expected_gain", "cohort_split": "eval"}
    if may_be_batched(recommender):
        many = gym.make_vec(env_id, len(students), "vector_entry_point", **arguments)
        episodes = run_batched(cast(LDSimVectorEnv, many), recommender, seed, students)
    else:
        one = gym.make(env_id, disable_env_checker=True, **arguments)
        episodes = [run_episode(one, recommender, seed, student) for student in students]
    return _totals(episodes)


def _totals(episodes: Sequence[Episode]) -> NDArray[np.float64]:
    return np.array([episode.rewards.sum() for episode in episodes])
