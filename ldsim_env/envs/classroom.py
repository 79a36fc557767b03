"""A class of students taught at once, one recommender agent each, in the form of PettingZoo's parallel environments.

Nothing of PettingZoo is needed here: `ldsim_env.envs.classroom_v0` makes a `pettingzoo.ParallelEnv` of it, and its page
says what everything means.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import gymnasium as gym
import numpy as np
from gymnasium.error import InvalidAction, ResetNeeded
from numpy.typing import NDArray

from ldsim_env.envs.arguments import check_render_mode
from ldsim_env.envs.class_arguments import check_agents, refuse_unknown_arguments
from ldsim_env.envs.class_observation import ACTION_MASK, ClassObservation
from ldsim_env.envs.class_options import read_class_options
from ldsim_env.envs.class_session import ClassSession
from ldsim_env.envs.class_settings import ClassSettings
from ldsim_env.envs.class_table import class_table
from ldsim_env.envs.env import LDSimEnv
from ldsim_env.envs.infos import Info, Step, panel, path_step
from ldsim_env.envs.noise import NoiseStreams
from ldsim_env.envs.questions import NO_QUESTION
from ldsim_env.envs.rendering import PathStep
from ldsim_env.envs.rewards import StepRecord
from ldsim_env.envs.session import Answers
from ldsim_env.envs.vector_arguments import read_seeds
from ldsim_env.envs.vector_infos import rows_of_infos, state_infos, step_infos
from ldsim_env.logs.bank import QuestionBank

AgentID: TypeAlias = str
BoolArray: TypeAlias = NDArray[np.bool_]
Value = TypeVar("Value")


class Classroom:
    """The students of a class; see `ldsim_env.envs.classroom_v0`.

    Args:
        n_students: See `ClassSettings`, as for ``exposure_limit``, ``question_budget``, ``reward`` and
            ``max_episode_steps``.
        bank: See `LDSimEnv`.
        reward_terms: What `LDSimEnv` has as its ``reward``: a reward term of one student, or weights by name.
        render_mode: None or ``"ansi"``.
        **arguments: The other arguments of `LDSimEnv`.

    Raises:
        SettingsError: If an argument has a wrong value.

    Attributes:
        possible_agents: ``"student_0"``, ``"student_1"``, ...
        agents: Those whose episode goes on.
    """

    metadata = {"render_modes": ["ansi"], "name": "classroom_v0", "is_parallelizable": True}  # noqa: RUF012 - as PettingZoo has it

    def __init__(
        self,
        n_students: int = 8,
        bank: str | Path = "ASSIST09",
        *,
        exposure_limit: int | None = 2,
        question_budget: int | None = None,
        reward: str = "own",
        reward_terms: str | Mapping[str, float] = "step_gain",
        max_episode_steps: int = 30,
        render_mode: str | None = None,
        **arguments: Any,
    ):
        refuse_unknown_arguments(arguments, Classroom, LDSimEnv)
        self.render_mode = check_render_mode(render_mode, self.metadata["render_modes"])  # type: ignore[arg-type]
        rules = ClassSettings(n_students, exposure_limit, question_budget, reward, max_episode_steps)
        single = LDSimEnv(bank, reward=reward_terms, **arguments)
        self.settings, self.class_settings = single.settings, rules
        self._teaching = single._teaching.for_many(n_students)
        self._session = self._teaching.session = ClassSession(self.bank, self.settings, rules)
        self._observation = ClassObservation(self._teaching, self._session)
        self._streams = NoiseStreams(n_students + 1)  # the last one draws who is served first
        self.possible_agents: list[AgentID] = [f"student_{row}" for row in range(n_students)]
        self.agents: list[AgentID] = []
        self._paths: list[list[PathStep]] = [[] for _ in self.possible_agents]
        self._make_spaces()

    def _make_spaces(self) -> None:
        """Equal spaces, but one object an agent: users seed each for itself."""
        action, observation = self._teaching.action.space, self._observation.space
        self._action_spaces = {agent: copy.deepcopy(action) for agent in self.possible_agents}
        self._observation_spaces = {agent: copy.deepcopy(observation) for agent in self.possible_agents}
        self.state_space = self._observation.state_space

    # ---- PettingZoo's verbs ---------------------------------------------------------------------------------------

    def observation_space(self, agent: AgentID) -> gym.Space[Any]:
        """What an agent observes; the same object at every call."""
        return self._observation_spaces[agent]

    def action_space(self, agent: AgentID) -> gym.Space[Any]:
        """What an agent may do; the same object at every call."""
        return self._action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[AgentID, Any], dict[AgentID, Info]]:
        """Begin a class of new students.

        Args:
            seed: Seeds ``student_i`` as ``seed + i`` seeds a single environment; None goes on.
            options: As in `LDSimEnv`, for every student; or by agent, for its student only.

        Raises:
            SettingsError: If the seed or an option has a wrong value.
        """
        chosen = read_class_options(options, self.possible_agents, self.bank, self._teaching.students)
        for row, row_seed in enumerate(read_seeds(seed, self._session.rules.n_students + 1)):
            if row_seed is not None:
                self._streams.seed(row, row_seed)
        everyone = np.arange(self._session.rules.n_students)
        uniforms = self._streams.take(everyone, self._teaching.n_draws)
        self._teaching.begin(uniforms, chosen.of_all)
        for row, own in chosen.of_one.items():
            self._teaching.begin(uniforms[[row]], own, everyone[[row]])
        self.agents = self.possible_agents.copy()
        self._paths = [[] for _ in self.agents]
        infos = rows_of_infos(state_infos(self._teaching, self._live()), self._session.rules.n_students)
        return self._told(infos)

    def step(
        self, actions: Mapping[AgentID, Any]
    ) -> tuple[dict[AgentID, Any], dict[AgentID, float], dict[AgentID, bool], dict[AgentID, bool], dict[AgentID, Info]]:
        """Let every agent ask its student a question, all at once.

        Args:
            actions: One for each of ``agents``.

        Returns:
            Observations, rewards, terminations, truncations and infos of the agents that acted.

        Raises:
            gymnasium.error.InvalidAction: Names the agent whose action is absent, isn't of the action space, or is
                masked while ``masked_action`` is ``"error"``. Nothing has changed then.
            gymnasium.error.ResetNeeded: When no agent is left.
        """
        live = self._live()
        questions = self._questions(actions, live)
        uniforms = self._draws(live)
        answers, conflict = self._answer(questions, uniforms[:, 0])
        record = self._teaching.update(answers, uniforms[:, 1:])
        self._extend_paths(answers, live)
        rewards, terms = self._rewards(record, live)
        infos = rows_of_infos(step_infos(self._teaching, Step(self.bank, answers, terms), live, live), len(live))
        for info, lost in zip(infos, conflict.tolist(), strict=True):
            info["conflict"] = lost
        observations, told = self._told(infos)
        terminated, truncated = self._session.terminated(), self._session.truncated()
        ends = [self._by_agent(values.tolist()) for values in (rewards, terminated, truncated)]
        ended = dict(zip(self.possible_agents, (terminated | truncated).tolist(), strict=True))
        self.agents = [agent for agent in self.agents if not ended[agent]]
        return observations, ends[0], ends[1], ends[2], told

    def state(self) -> NDArray[np.float32]:
        """The vectors of all students one after another, those who left included; for training with a central critic.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._check_begun("state")
        return self._observation.vectors(self._teaching, self._session).reshape(-1)

    def render(self) -> str | None:
        """The class as a table of text.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        if self.render_mode is None:
            gym.logger.warn("render() draws nothing without a render mode; make the env with render_mode='ansi'.")
            return None
        self._check_begun("render")
        panels = {agent: panel(self._teaching, self._paths[row], row) for row, agent in enumerate(self.possible_agents)}
        return class_table(panels, self.agents, self._session)

    def close(self) -> None:
        """Nothing is open."""

    # ---- readings -------------------------------------------------------------------------------------------------

    @property
    def bank(self) -> QuestionBank:
        """The question bank."""
        return self._teaching.model.bank

    @property
    def exposure(self) -> NDArray[np.int64]:
        """How many students of the class were given each question, ``(n_questions,)`` int64."""
        return self._session.exposure.copy()

    @property
    def questions_left(self) -> int | None:
        """Questions that may still be asked in the class; None where there is no budget."""
        return self._session.questions_left

    # ---- the parts of a step --------------------------------------------------------------------------------------

    def _live(self) -> BoolArray:
        """Whose episode goes on, ``(n,)``."""
        if not self.agents:
            raise ResetNeeded(
                "step: expected a running episode, but none was started or all agents left; call reset()."
            )
        return np.isin(self.possible_agents, self.agents)

    def _questions(self, actions: Mapping[AgentID, Any], live: BoolArray) -> NDArray[np.int64]:
        """The question that each agent wants to ask, ``(n,)``; `NO_QUESTION` for those who left."""
        check_agents(actions, self.agents)
        rule = self._teaching.action
        read = np.zeros((len(live), *rule.space.shape), rule.space.dtype)  # type: ignore[misc]  # our spaces have both
        for row in np.flatnonzero(live).tolist():
            read[row] = self._read(self.possible_agents[row], actions)[0]
        questions = np.where(live, self._teaching.to_questions(read), NO_QUESTION)
        if self.settings.masked_action == "error":
            self._refuse_masked(actions, live & ~self._teaching.may_be_asked(questions))
        return questions

    def _read(self, agent: AgentID, actions: Mapping[AgentID, Any]) -> NDArray[Any]:
        try:
            return self._teaching.action.read(actions[agent])
        except InvalidAction as error:
            raise InvalidAction(f"{agent}: {error}") from None

    def _refuse_masked(self, actions: Mapping[AgentID, Any], masked: BoolArray) -> None:
        wrong = {self.possible_agents[row]: actions[self.possible_agents[row]] for row in np.flatnonzero(masked)}
        if wrong:
            raise InvalidAction(f"actions: {wrong} are masked; choose actions whose info['action_mask'] is 1.")

    def _draws(self, live: BoolArray) -> NDArray[np.float64]:
        """Each student's random numbers for a step, ``(n, n_step_draws)``, as those of a single environment."""
        uniforms = np.zeros((len(live), self._teaching.n_step_draws))
        uniforms[live] = self._streams.take(np.flatnonzero(live), self._teaching.n_step_draws)
        return uniforms

    def _answer(self, questions: NDArray[np.int64], noise: NDArray[np.float64]) -> tuple[Answers, BoolArray]:
        """The answers, and who was turned down because others were given the question first, ``(n,)``."""
        # One draw a student at every step, whether they are in each other's way or not, so that policies can be paired.
        draws = self._streams.take(np.array([len(questions)]), len(questions))[0]
        answers = self._teaching.answer(questions, noise)
        served = self._session.served(questions, answers.asked, draws)
        return answers._replace(asked=served), answers.asked & ~served

    def _rewards(
        self, record: StepRecord, live: BoolArray
    ) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
        rewards, terms = self._session.rewards(record)
        rewards = np.where(live, rewards, 0.0)
        if self.class_settings.reward == "class_mean":
            rewards = np.full_like(rewards, rewards.mean())
        return rewards, terms

    def _extend_paths(self, answers: Answers, live: BoolArray) -> None:
        if self.render_mode is not None:
            for row in np.flatnonzero(live).tolist():
                self._paths[row].append(path_step(self._teaching, answers, row))

    def _told(self, infos: Sequence[Info]) -> tuple[dict[AgentID, Any], dict[AgentID, Info]]:
        """Observations and infos by agent; the mask is the same in both."""
        observations = self._observation.rows(self._teaching, self._session)
        if self._teaching.has_masks:
            for info, observation in zip(infos, observations, strict=True):
                info[ACTION_MASK] = observation[ACTION_MASK]
        return self._by_agent(observations), self._by_agent(infos)

    def _by_agent(self, values: Sequence[Value]) -> dict[AgentID, Value]:
        """One value a student, for those whose episode goes on."""
        live = self._live().tolist()
        return {
            agent: value for agent, value, goes_on in zip(self.possible_agents, values, live, strict=True) if goes_on
        }

    def _check_begun(self, reading: str) -> None:
        if self._teaching.student_ids[0] is None:
            raise ResetNeeded(f"{reading}: there are no students before the first reset(); call reset().")
