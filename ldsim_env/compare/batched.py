"""One policy teaches many students at once: the episodes are the same, and a step is one pass of the student model."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from ldsim_env.compare.episodes import Episode, EpisodeLog, Luck, luck_of
from ldsim_env.compare.student_view import SharedReadings, StudentView
from ldsim_env.envs.infos import Info
from ldsim_env.envs.observations import Observations
from ldsim_env.envs.vector_env import LDSimVectorEnv
from ldsim_env.envs.vector_infos import one_info, one_observation
from ldsim_env.recommenders import Recommender, SB3Recommender, uses_simulator

MASK = "action_mask"
PACKAGE_RECOMMENDERS = "ldsim_env.recommenders."


def may_be_batched(recommender: Recommender) -> bool:
    """Whether a recommender can teach many students, each with a copy of it.

    The package's own can, but for those that look ahead on the simulator or talk to an LLM. A recommender of the
    user's says so with an attribute ``copies_share_nothing = True``: a copy of it, made by `copy.copy`, must teach as
    if it were alone.
    """
    if uses_simulator(recommender) or getattr(recommender, "kind", None) == "llm":
        return False
    own = type(recommender).__module__.startswith(PACKAGE_RECOMMENDERS)
    return bool(getattr(recommender, "copies_share_nothing", own))


def run_batched(env: LDSimVectorEnv, recommender: Recommender, seed: int, students: Sequence[int]) -> list[Episode]:
    """Teach several students, each from a fresh reset; the episodes are those of `run_episode`.

    Args:
        env: The batched environment, with a place for each student, which resets in the step after an episode's end.
        recommender: The policy; each student is taught by a copy.
        seed: Seed of the comparison, at least 0.
        students: Indices of the students in the environment's cohort.

    Raises:
        NeedsOwnEnvError: If the recommender asks for something that only an environment of one student has.
        SettingsError: If the environment's info lacks what is to be written down.
    """
    group = _Group(env, recommender, seed, students)
    while group.teaching.any():
        group.step()
    return group.episodes()


class _Group:
    """The students of one batch, their copies of the recommender, and the logs of their episodes."""

    def __init__(self, env: LDSimVectorEnv, recommender: Recommender, seed: int, students: Sequence[int]):
        self._env, self._readings = env, SharedReadings(env)
        self.teaching = np.ones(len(students), bool)
        self._terminated = np.zeros(len(students), bool)
        lucks = [luck_of(seed, student, env.step_budget) for student in students]
        self._observations, self._infos = _begin(env, lucks, students)
        self._logs = [
            EpisodeLog(recommender.name, seed, student, env.bank, info)
            for student, info in zip(students, self._infos, strict=True)
        ]
        self._copies = [_copy(recommender) for _ in students]
        for row, (one, luck) in enumerate(zip(self._copies, lucks, strict=True)):
            one.start(StudentView(self._readings, row, self._infos[row]["targets"]), luck.rng)

    def step(self) -> None:
        """One question to each student whose episode goes on."""
        self._observations, rewards, terminated, truncated, infos = self._env.step(self._actions())
        self._readings.next_step()
        for row in np.flatnonzero(self.teaching).tolist():
            self._infos[row] = one_info(infos, row)
            self._logs[row].add(float(rewards[row]), self._infos[row])
        self._terminated |= terminated & self.teaching
        self.teaching = self.teaching & ~(terminated | truncated)

    def episodes(self) -> list[Episode]:
        return [log.episode(bool(ended)) for log, ended in zip(self._logs, self._terminated, strict=True)]

    def _actions(self) -> NDArray[Any]:
        """Places whose episode is over teach somebody whom nobody looks at: any action that may be taken will do."""
        space = self._env.single_action_space
        actions = np.zeros((len(self.teaching), *(space.shape or ())), space.dtype)
        if isinstance(space, gymnasium.spaces.Discrete) and not self.teaching.all():
            actions[:] = self._env.action_masks().argmax(axis=1)
        for row in np.flatnonzero(self.teaching).tolist():
            observation = one_observation(self._observations, row)
            actions[row] = self._copies[row].recommend(observation, self._infos[row])
        return actions


def _begin(env: LDSimVectorEnv, lucks: Sequence[Luck], students: Sequence[int]) -> tuple[Observations, list[Info]]:
    """Reset each place with its own student, since one reset gives all the same."""
    observations, _ = env.reset(seed=0)
    infos = []
    for row, (luck, student) in enumerate(zip(lucks, students, strict=True)):
        options = {"reset_mask": np.arange(len(students)) == row, **luck.options(student, env)}
        observations, info = env.reset(seed=[luck.env_seed] * len(students), options=options)
        one = one_info(info, row)
        infos.append({name: one[name] for name in one if name != MASK})
    if isinstance(env.single_action_space, gymnasium.spaces.Discrete):
        for info, mask in zip(infos, env.action_masks(), strict=True):  # of all at once: the masks are large
            info[MASK] = mask
    return observations, infos


def _copy(recommender: Recommender) -> Recommender:
    # A trained network is the same for everyone and never changes; all else of a recommender may be its memory.
    return copy.copy(recommender) if isinstance(recommender, SB3Recommender) else copy.deepcopy(recommender)
