"""One student taught by an agent, in Gymnasium's terms: reset, step, render, save and load."""

from __future__ import annotations

import copy
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import InvalidAction, ResetNeeded
from numpy.typing import NDArray

from ldsim_env.envs.infos import Info, Step, panel, path_step, reset_info, step_info
from ldsim_env.envs.options import read_options
from ldsim_env.envs.picture import draw, picture
from ldsim_env.envs.readings import StudentReadings
from ldsim_env.envs.rendering import PathStep, text_panel
from ldsim_env.envs.response_noise import checked_noise
from ldsim_env.envs.saved_state import SavedState
from ldsim_env.envs.step_budget import set_elapsed_steps, time_limit_around
from ldsim_env.envs.teaching import Teaching
from ldsim_env.envs.window import Window
from ldsim_env.errors import SettingsError


class SingleStudentEnv(StudentReadings, gym.Env[Any, Any]):
    """An environment of one student; `LDSimEnv`, whose page says what everything means, makes the teaching for it.

    Args:
        teaching: One student, the student model and the rules.
        render_mode: None or one of ``metadata["render_modes"]``.
    """

    metadata = {"render_modes": ["human", "ansi", "rgb_array"], "render_fps": 4}  # noqa: RUF012 - as Gymnasium has it

    def __init__(self, teaching: Teaching, render_mode: str | None):
        self.render_mode = render_mode
        self.settings = teaching.settings
        self.action_space, self.observation_space = teaching.action.space, teaching.observation.space
        self._teaching = teaching
        teaching.session.set_step_limit(None)  # a time limit is around the environment, and makes itself known at reset
        self._path: list[PathStep] = []
        self._window = Window("LDSim", self.metadata["render_fps"])
        self._in_episode = self._was_loaded = False

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Info]:
        """Start an episode with a new student; see the class for the options and what comes back.

        Raises:
            SettingsError: If an option is unknown or has a wrong value.
        """
        chosen = read_options(options, self.bank, self._teaching.students)
        super().reset(seed=seed)
        if (limit := time_limit_around(self)) is not None:
            self.step_budget = limit
        self._teaching.begin(self.np_random.random((1, self._teaching.n_draws)), chosen)
        self._path = []
        self._in_episode = True
        self._show()
        return self._get_obs(), reset_info(self._teaching)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, Info]:
        """Take an action, which asks a question; see the class for what comes back.

        Raises:
            gymnasium.error.InvalidAction: If ``action`` isn't of the action space, or is masked and ``masked_action``
                is ``"error"``.
            gymnasium.error.ResetNeeded: Before the first reset and after termination.
        """
        question = self._question(action)
        if self._was_loaded:
            set_elapsed_steps(self, int(self._teaching.session.steps[0]))
            self._was_loaded = False
        # So many random numbers a step whatever the action, so that policies can be paired.
        uniforms = self.np_random.random((1, self._teaching.n_step_draws))
        answers = self._teaching.answer(question, uniforms[:, 0])
        record = self._teaching.update(answers, uniforms[:, 1:])
        if self.render_mode is not None:
            self._path.append(path_step(self._teaching, answers))
        rewards, terms = self._teaching.session.rewards(record)
        terminated = self._end()
        self._show()
        info = step_info(self._teaching, Step(self.bank, answers, terms))
        return self._get_obs(), float(rewards[0]), terminated, False, info

    def save_state(self) -> SavedState:
        """Everything that decides what happens next, as a value: the episode, the student, the random numbers.

        It can be pickled, and loaded here or into another environment made with the same arguments as often as wanted.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        teaching = self._taught("save_state").save()
        return SavedState(teaching, copy.deepcopy(self.np_random), tuple(self._path), self._in_episode)

    def load_state(self, state: SavedState, response_noise: Any = None) -> tuple[Any, Info]:
        """Go on from where `save_state` was called.

        Args:
            state: What it gave.
            response_noise: Numbers in [0, 1), one a step, that decide the responses of the next steps in place of the
                generator's; None leaves everything as it was, so that branches meet the same noise.

        Returns:
            The observation and what ``reset`` tells of the student.

        Raises:
            SettingsError: If the state was saved by another kind of environment, or the noise is wrong.
        """
        if not isinstance(state, SavedState):
            raise SettingsError(f"state: expected what save_state() gave, got {state!r}.")
        noise = None if response_noise is None else checked_noise(response_noise, "response_noise")
        self._teaching.load(state.teaching, noise)
        self.np_random = copy.deepcopy(state.generator)
        self._path = list(state.path)
        self._in_episode, self._was_loaded = state.in_episode, True
        self._show()
        return self._get_obs(), reset_info(self._teaching)

    def render(self) -> str | NDArray[np.uint8] | None:
        """The episode so far as text (``"ansi"``), pixels (``"rgb_array"``) or in a window (``"human"``).

        Raises:
            MissingExtraError: If pygame, which draws pixels and windows, is not installed.
        """
        if self.render_mode is None:
            gym.logger.warn("render() draws nothing without a render mode; make the env with render_mode='ansi'.")
            return None
        shown = panel(self._taught("render"), self._path)
        if self.render_mode == "ansi":
            return text_panel(shown)
        if self.render_mode == "rgb_array":
            return picture(shown)
        self._window.show(draw(shown))
        return None

    def close(self) -> None:
        """Close the window of render mode ``"human"``."""
        self._window.close()

    def _show(self) -> None:
        if self.render_mode == "human":
            self.render()

    def _get_obs(self) -> Any:
        observations = self._teaching.observations()
        if isinstance(observations, dict):
            return {name: rows[0] for name, rows in observations.items()}
        return observations[0]

    def _question(self, action: Any) -> NDArray[np.int64]:
        """The question that an action asks, ``(1,)``."""
        if not self._in_episode:
            raise ResetNeeded("step: expected a running episode, but none was started or it terminated; call reset().")
        rule = self._teaching.action
        question = self._teaching.to_questions(rule.read(action))
        if self.settings.masked_action == "error" and not self._teaching.may_be_asked(question)[0]:
            raise InvalidAction(
                f"action: {rule.refusal(action)}; choose one whose info['action_mask'] is 1, or make the env with "
                "allow_repeats=True."
            )
        return question

    def _end(self) -> bool:
        terminated = bool(self._teaching.session.terminated()[0])
        self._in_episode = not terminated
        return terminated
