"""The batched form: n students in one environment, one forward pass of the student model for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from gymnasium.error import ClosedEnvironmentError, InvalidAction, ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from ldsim_env.envs.batched_space import batched_space
from ldsim_env.envs.env import LDSimEnv
from ldsim_env.envs.infos import Info, Step
from ldsim_env.envs.noise import NoiseStreams
from ldsim_env.envs.observations import Observations
from ldsim_env.envs.options import ResetOptions, read_options
from ldsim_env.envs.questions import question_indices
from ldsim_env.envs.readings import CourseReadings
from ldsim_env.envs.rows import ALL_ROWS
from ldsim_env.envs.session import DEFAULT_STEP_BUDGET
from ldsim_env.envs.teaching import Teaching
from ldsim_env.envs.vector_arguments import (
    read_actions,
    read_autoreset_mode,
    read_num_envs,
    read_seeds,
    read_step_limit,
    split_options,
)
from ldsim_env.envs.vector_infos import final_infos, state_infos, step_infos
from ldsim_env.errors import SettingsError

BoolArray = NDArray[np.bool_]
NOTHING_CHOSEN = ResetOptions()


class LDSimVectorEnv(CourseReadings, VectorEnv[Observations, NDArray[Any], NDArray[Any]]):
    """``num_envs`` students, each in an own episode; what `LDSimEnv` says of one of them holds for each.

    ``gymnasium.make_vec("LDSim-ASSIST09-v0", num_envs=1024, vectorization_mode="vector_entry_point")`` makes it. With
    the same seeds it gives the same episodes as ``num_envs`` single environments in a
    `gymnasium.vector.SyncVectorEnv`, only much faster.

    An episode that ended is followed by another one as ``metadata["autoreset_mode"]`` says:

    - ``NEXT_STEP``: at the next step, whose action isn't used; it gives the reward 0 and the first observation;
    - ``SAME_STEP``: at once: the observation is that of the new episode, ``infos["final_obs"]`` and
      ``infos["final_info"]`` have what the old one ended with;
    - ``DISABLED``: when ``reset(options={"reset_mask": ...})`` is called.

    Infos have the keys of the single environment, with a row an environment, and for each key a ``_key`` that says
    which rows are meant. Values are worked out when they are read, since few are: the masks of 1,024 students take
    17 MB in a bank of 16,634 questions.

    Args:
        num_envs: Number of students, at least 1.
        bank: See `LDSimEnv`.
        max_episode_steps: Steps after which an episode is truncated; None or -1 never truncates.
        autoreset_mode: An `gymnasium.vector.AutoresetMode`, or its value.
        **arguments: The other arguments of `LDSimEnv`; there is nothing to render.

    Raises:
        SettingsError: If an argument has a wrong value.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}  # type: ignore[misc]

    def __init__(
        self,
        num_envs: int = 1,
        bank: str | Path = "ASSIST09",
        *,
        max_episode_steps: int | None = DEFAULT_STEP_BUDGET,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: None = None,
        **arguments: Any,
    ):
        if render_mode is not None:
            raise SettingsError(
                f"render_mode: the batched form draws nothing, got {render_mode!r}. Render a single environment."
            )
        self.num_envs = read_num_envs(num_envs)
        self._mode = read_autoreset_mode(autoreset_mode)
        self.metadata = self.metadata | {"autoreset_mode": self._mode}  # type: ignore[misc]
        self._limit = read_step_limit(max_episode_steps)
        single = LDSimEnv(bank, **arguments)
        self.settings = single.settings
        self._teaching = single._teaching.for_many(self.num_envs)
        self._teaching.session.set_step_limit(self._limit)
        self._make_spaces(single)
        self._streams = NoiseStreams(self.num_envs)
        self._ended = np.zeros(self.num_envs, bool)
        self._has_begun = False

    def _make_spaces(self, single: LDSimEnv) -> None:
        self.single_action_space, self.single_observation_space = single.action_space, single.observation_space
        self.action_space = batched_space(self.single_action_space, self.num_envs)
        self.observation_space = batched_space(self.single_observation_space, self.num_envs)

    # ---- Gymnasium's verbs ----------------------------------------------------------------------------------------

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, Info]:
        """Begin new episodes, in all environments or in those of ``options["reset_mask"]``.

        Args:
            seed: One number seeds environment i with ``seed + i``; a list has one for each; None goes on.
            options: ``reset_mask``: ``(num_envs,)`` bool. All others as in `LDSimEnv`, for every environment that
                begins.

        Returns:
            The observations of all environments, and infos of those that begin.

        Raises:
            SettingsError: If the seed or an option has a wrong value.
            gymnasium.error.ResetNeeded: If the first reset isn't one of all environments.
        """
        self._check_open()
        begins, others = split_options(options, self.num_envs)
        chosen = read_options(others, self.bank, self._teaching.students)
        seeds = read_seeds(seed, self.num_envs)
        if not self._has_begun and not begins.all():
            raise ResetNeeded("reset: options['reset_mask'] needs episodes that go on; reset all environments first.")
        for row in np.flatnonzero(begins).tolist():
            if (row_seed := seeds[row]) is not None:
                self._streams.seed(row, row_seed)
        self._begin(begins, chosen)
        self._has_begun = True
        return self._teaching.observations(), state_infos(self._teaching, begins)

    def step(self, actions: Any) -> tuple[Observations, NDArray[np.float64], BoolArray, BoolArray, Info]:
        """Take one action in each environment; see the class for what happens where an episode ended.

        Args:
            actions: ``(num_envs,)``, or ``(num_envs, size)`` for the action ``"embedding"``.

        Returns:
            Observations, rewards float64, terminations, truncations, each with a row an environment, and infos.

        Raises:
            gymnasium.error.InvalidAction: Names the environments whose action isn't of the action space, or is masked
                and ``masked_action`` is ``"error"``. Nothing has changed then.
            gymnasium.error.ResetNeeded: Before the first reset, and where an ended episode waits for one.
        """
        begins = self._where_episodes_begin()
        questions = self._questions(actions, ~begins)
        rewards, step = self._teach(questions, ~begins)
        if begins.any():
            self._begin(begins)
            rewards[begins] = 0.0
        session = self._teaching.session
        terminated = session.terminated() & ~begins
        truncated = session.truncated() & ~begins
        self._ended = terminated | truncated
        infos = self._infos(step, ~begins)
        return self._teaching.observations(), rewards, terminated, truncated, infos

    # ---- readings: see `ldsim_env.envs.readings` for those of one student; these have a row a student --------------

    def action_masks(self) -> NDArray[np.uint8]:
        """Which actions ask a question that may be asked, ``(num_envs, n_actions)`` uint8: 1 yes, 0 no.

        Raises:
            SettingsError: If no action can be masked.
        """
        return self._taught().action_masks()

    def answer_probs(self) -> NDArray[np.float32]:
        """The observer's P(right) of every question, ``(num_envs, n_questions)`` float32 in (0, 1)."""
        return self._taught().observer.answer_probs()

    def mastery(self) -> NDArray[np.float32]:
        """The observer's mastery of every concept, ``(num_envs, n_concepts)`` float32 in [0, 1]."""
        return self._taught().observer.mastery.copy()

    def expected_gains(self, questions: Sequence[int] | NDArray[np.integer]) -> NDArray[np.float32]:
        """Expected change of each student's exam score by each of these questions, ``(num_envs, m)`` float32.

        Raises:
            SettingsError: If an index is outside the bank; names all of them.
        """
        taught = self._taught()
        return taught.learners.expected_gains(question_indices(self.bank, questions), taught.session.targets)

    # ---- the parts of a step --------------------------------------------------------------------------------------

    def _where_episodes_begin(self) -> BoolArray:
        """The environments that begin an episode in this step instead of asking a question, ``(num_envs,)``."""
        self._taught()
        if self._mode is AutoresetMode.NEXT_STEP:
            return self._ended
        if self._ended.any() and self._mode is AutoresetMode.DISABLED:
            raise ResetNeeded(
                f"step: the episodes of the environments {np.flatnonzero(self._ended).tolist()} have ended; call "
                "reset(options={'reset_mask': ...}) first."
            )
        return np.zeros(self.num_envs, bool)

    def _questions(self, actions: Any, steps: BoolArray) -> NDArray[np.int64]:
        read = read_actions(actions, self.single_action_space, steps)
        questions = self._teaching.to_questions(read)
        if self.settings.masked_action == "error":
            masked = np.flatnonzero(steps & ~self._teaching.may_be_asked(questions))
            if len(masked):
                raise InvalidAction(
                    f"actions: {read[masked].tolist()} of the environments {masked.tolist()} are masked; choose "
                    "actions whose infos['action_mask'] is 1, or make the environment with allow_repeats=True."
                )
        return questions

    def _teach(self, questions: NDArray[np.int64], steps: BoolArray) -> tuple[NDArray[np.float64], Step | None]:
        """One step of all students; that of those who don't step is overwritten by their new episode."""
        if not steps.any():
            return np.zeros(self.num_envs), None
        uniforms = np.zeros((self.num_envs, self._teaching.n_step_draws))
        uniforms[steps] = self._streams.take(np.flatnonzero(steps), self._teaching.n_step_draws)
        answers = self._teaching.answer(questions, uniforms[:, 0])
        record = self._teaching.update(answers, uniforms[:, 1:])
        rewards, terms = self._teaching.session.rewards(record)
        return rewards, Step(self.bank, answers, terms)

    def _begin(self, begins: BoolArray, chosen: ResetOptions = NOTHING_CHOSEN) -> None:
        rows = np.flatnonzero(begins)
        uniforms = self._streams.take(rows, self._teaching.n_draws)
        self._teaching.begin(uniforms, chosen, ALL_ROWS if len(rows) == self.num_envs else rows)
        self._ended = self._ended & ~begins

    def _infos(self, step: Step | None, steps: BoolArray) -> Info:
        if self._mode is not AutoresetMode.SAME_STEP or not self._ended.any():
            return step_infos(self._teaching, step, steps, np.ones(self.num_envs, bool))
        ended = self._ended
        last = step_infos(self._teaching, step, ended, ended)
        infos = final_infos(self._teaching.observations(), last, ended)
        self._begin(ended)
        later = step_infos(self._teaching, step, ~ended, np.ones(self.num_envs, bool))
        later.update(infos)
        return later

    def _check_open(self) -> None:
        if self.closed:
            raise ClosedEnvironmentError("The environment was closed; make another one.")

    def _taught(self) -> Teaching:
        """The teaching, once there are students."""
        self._check_open()
        if not self._has_begun:
            raise ResetNeeded("There is no student before the first reset(); call reset().")
        return self._teaching
