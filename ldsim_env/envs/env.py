"""The Gymnasium environment: one simulated student, taught by the agent."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import InvalidAction, ResetNeeded
from numpy.typing import NDArray

from ldsim_env.envs.arguments import check_render_mode, make_teaching, refuse_unknown
from ldsim_env.envs.infos import Info, panel, path_step, state_info, step_info
from ldsim_env.envs.observations import flat_size
from ldsim_env.envs.options import read_options
from ldsim_env.envs.picture import picture
from ldsim_env.envs.readings import StudentReadings, first
from ldsim_env.envs.rendering import PathStep, text_panel
from ldsim_env.envs.session import Answers
from ldsim_env.envs.settings import EnvSettings
from ldsim_env.simulator.protocol import StudentModel


class LDSimEnv(StudentReadings, gym.Env[NDArray[np.float32], np.int64]):
    """A simulated student who answers questions and learns from them; the agent chooses the questions.

    ## Description
    A student comes with a history of answered questions and should learn a few target concepts. At every step the agent
    (the recommender) asks one question of the bank. The student model says how probable a right answer is, the
    environment draws the answer, and the student's knowledge state moves. What counts is how much the mastery of the
    target concepts has risen at the end. The student model is LDSim (arXiv 2509.09226), fitted on real response logs,
    or any other with the four verbs of `ldsim_env.simulator.StudentModel`.

    ## Action Space
    `Discrete(n_questions)`: the index of the question to ask, in the order of `bank.question_ids`. The mask
    `info["action_mask"]`, which `action_masks()` gives as well, has 1 for the questions that may be asked. A question
    is asked at most once in an episode unless `allow_repeats=True`. An action that the mask forbids is never replaced
    by another: the step passes without a question (see `masked_action`).

    ## Observation Space
    `Box(0, 1, (2 * K + 3,), float32)` for the bank's K concepts:

    | Index | Meaning | Min | Max | Known to a tutor in reality |
    |---|---|---|---|---|
    | 0 .. K-1 | mastery: P(right) on a question of middling difficulty of each concept | 0 | 1 | only as an estimate |
    | K .. 2K-1 | 1 for the target concepts, else 0 | 0 | 1 | yes |
    | 2K | 1 if the last response was right, else 0 | 0 | 1 | yes |
    | 2K+1 | 1 if the last response was wrong, else 0; both are 0 before the first response | 0 | 1 | yes |
    | 2K+2 | progress: steps so far / step budget | 0 | 1 | yes |

    The step budget is the environment's `max_episode_steps`; where there is no time limit it is 30, and progress stays
    at 1 from then on.

    ## Rewards
    With exam_t the mean mastery of the targets after step t, the default reward `step_gain` is

        (exam_t - exam_{t-1}) / max(1 - exam_0, min_gap)

    in [-1 / min_gap, 1]; over an episode it adds up to the normalised learning gain E_p. The exam is read from the
    state and never changes it. Every term is in `info["reward_terms"]`, whichever is the reward:

    | Term | Meaning | Min | Max |
    |---|---|---|---|
    | `step_gain` | see above | -1 / min_gap | 1 |
    | `final_gain` | E_p on the last step, 0 before | -1 / min_gap | 1 |
    | `exam_delta` | exam_t - exam_{t-1} | -1 | 1 |
    | `zpd` | 4 p (1 - p) for the question's P(right) p | 0 | 1 |
    | `success` | 1 for a right response | 0 | 1 |
    | `coverage` | share of the targets practised for the first time | 0 | 1 |

    `reward={"step_gain": 1.0, "zpd": 0.1}` is a weighted sum. On the last step there is nothing extra.

    ## Starting State
    `reset` draws a student of the cohort's split and `n_targets` different target concepts, all alike. The student's
    knowledge state is that of the student model after the history. A seed fixes student, targets and response noise:
    one random number is used at each step whatever the action, so two policies with one seed meet the same noise.

    `reset(options=...)` takes:

    - `student`: index among the students of the split (`n_students` of them), or a student id;
    - `history`: list of (question index or question id, response 0 or 1) that takes the student's place;
    - `targets`: list of concept indices or names.

    ## Episode End
    Termination:

    1. The mastery of all targets is at least `mastery_threshold` after a step.
    2. No question is left that may be asked.

    Truncation (by Gymnasium's `TimeLimit`, set with `gym.make(..., max_episode_steps=...)`):

    1. The episode has 30 steps.

    ## Information
    `reset` and `step` return these. The ones marked * are diagnostic: no tutor knows them, agents shouldn't read them.

    - `action_mask`: `(n_questions,)` uint8, 1 for the questions that may be asked;
    - `mastery`*: `(K,)` float32;
    - `exam_score`*: mean mastery of the targets;
    - `learning_gain`*: E_p so far;
    - `targets`: concept indices in ascending order, int64;
    - `student`: the student's id in the cohort, `"given history"` where options gave the history.

    `step` also returns (and `reset`, which asks nothing, does not):

    - `asked`: whether a question was asked, False where a masked action was skipped;
    - `question_id`, `concept_names`: of the question that was chosen;
    - `response`: 1 right, 0 wrong, -1 not asked;
    - `answer_prob`*: P(right) of the question before the answer;
    - `reward_terms`*: every reward term by name.

    ## Arguments
    ```python
    import gymnasium as gym
    import ldsim_env

    env = gym.make("LDSim-ASSIST09-v0", reward="step_gain", n_targets=3)
    ```

    - `bank="ASSIST09"`: name of a bundled bank, or the path of a simulator's folder;
    - `student_model=None`: the student model that answers, learns and is examined; None is the one of `bank`. Its own
      bank counts; `bank` then only says where the cohort is;
    - `students=None`: None for the synthetic cohort of `bank`; else the path (or a list of paths) of response logs, a
      `ResponseLog` or a `Cohort`. A student of a log starts after a random part of the own history, at least 5
      interactions; interactions on questions that the bank doesn't have are left out, with a warning;
    - `cohort_split="train"`: `"train"`, `"eval"` (a fifth of the students, for comparisons) or `"all"`;
    - `reward="step_gain"`: a reward term, or weights by name;
    - `response="bernoulli"`: the response is drawn from P(right); `"deterministic"` is right where P(right) > 0.5, for
      reproducing published protocols only;
    - `allow_repeats=False`: whether a question may be asked again;
    - `masked_action="skip"`: a forbidden action lets the step pass (nothing is asked or learned, gains are 0);
      `"error"` raises `gymnasium.error.InvalidAction`;
    - `n_targets=3`: number of targets drawn; not used where `targets` are given;
    - `targets=None`: concept indices or names that are the targets of every episode;
    - `min_questions=10`: questions a concept must have in the bank to be drawn as a target;
    - `mastery_threshold=0.95`: mastery from which on a target is mastered;
    - `min_gap=0.05`: least denominator of the learning gain;
    - `render_mode=None`: `"ansi"` for a text panel, `"rgb_array"` for a picture of `(400, 640, 3)` uint8.

    Wrong values raise `ldsim_env.errors.SettingsError` when the environment is made, unreadable logs `LogError`,
    damaged files `CheckpointError`.

    ## Version History
    - v0: first version
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}  # noqa: RUF012  (Gymnasium's own declaration)

    def __init__(
        self,
        bank: str | Path = "ASSIST09",
        *,
        student_model: StudentModel | None = None,
        students: Any = None,
        cohort_split: str = "train",
        reward: str | Mapping[str, float] = "step_gain",
        response: str = "bernoulli",
        allow_repeats: bool = False,
        masked_action: str = "skip",
        n_targets: int = 3,
        targets: Sequence[int | str] | None = None,
        min_questions: int = 10,
        mastery_threshold: float = 0.95,
        min_gap: float = 0.05,
        render_mode: str | None = None,
        **unknown: Any,
    ):
        refuse_unknown(unknown, LDSimEnv.__init__)
        self.render_mode = check_render_mode(render_mode, self.metadata["render_modes"])
        self.settings = EnvSettings(
            reward=reward,
            response=response,
            allow_repeats=allow_repeats,
            masked_action=masked_action,
            n_targets=n_targets,
            min_questions=min_questions,
            mastery_threshold=mastery_threshold,
            min_gap=min_gap,
        )
        self._teaching = make_teaching(
            bank,
            student_model=student_model,
            students=students,
            cohort_split=cohort_split,
            targets=targets,
            settings=self.settings,
        )
        self.action_space = gym.spaces.Discrete(self.bank.n_questions)
        self.observation_space = gym.spaces.Box(0.0, 1.0, (flat_size(self.bank.n_concepts),), np.float32)
        self._path: list[PathStep] = []
        self._in_episode = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], Info]:
        """Start an episode with a new student; see the class for the options and what comes back.

        Raises:
            SettingsError: If an option is unknown or has a wrong value.
        """
        chosen = read_options(options, self.bank, self._teaching.students)
        super().reset(seed=seed)
        self._teaching.begin(self.np_random.random((1, self._teaching.n_draws)), chosen)
        self._path = []
        self._in_episode = True
        return self._get_obs(), state_info(self._teaching)

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, Info]:
        """Ask the question with the index ``action``; see the class for what comes back.

        Raises:
            gymnasium.error.InvalidAction: If ``action`` is no question index, or is masked and ``masked_action`` is
                ``"error"``.
            gymnasium.error.ResetNeeded: Before the first reset and after termination.
        """
        question = self._check(action)
        answers = self._answer(question)
        record = self._teaching.update(answers)
        rewards, terms = self._teaching.session.rewards(record)
        terminated = self._end()
        info = state_info(self._teaching) | step_info(self._path[-1], terms)
        return self._get_obs(), float(rewards[0]), terminated, False, info

    def render(self) -> str | NDArray[np.uint8] | None:
        """The episode so far as text (``"ansi"``) or pixels (``"rgb_array"``), as ``render_mode`` says."""
        if self.render_mode is None:
            gym.logger.warn("render() draws nothing without a render mode; make the env with render_mode='ansi'.")
            return None
        shown = panel(self._taught("render"), self._path)
        return text_panel(shown) if self.render_mode == "ansi" else picture(shown)

    def _get_obs(self) -> NDArray[np.float32]:
        return first(self._teaching.observations())

    def _check(self, action: Any) -> NDArray[np.int64]:
        """The question index, ``(1,)``."""
        if not self._in_episode:
            raise ResetNeeded("step: expected a running episode, but none was started or it terminated; call reset().")
        try:
            question = np.array([operator.index(action)])
        except TypeError:
            question = np.array([-1])
        if not 0 <= question[0] < self.bank.n_questions:
            raise InvalidAction(
                f"action: expected a question index, an integer from 0 to {self.bank.n_questions - 1}, got {action!r}."
            )
        if self.settings.masked_action == "error" and not self._teaching.session.legal(question)[0]:
            raise InvalidAction(
                f"action: question {action} was already asked in this episode; choose one whose info['action_mask'] "
                "is 1, or make the env with allow_repeats=True."
            )
        return question

    def _answer(self, question: NDArray[np.int64]) -> Answers:
        # One random number a step whatever the action, so that policies can be paired.
        answers = self._teaching.answer(question, self.np_random.random(1))
        self._path.append(path_step(self.bank, answers))
        return answers

    def _end(self) -> bool:
        terminated = bool(self._teaching.session.terminated()[0])
        self._in_episode = not terminated
        return terminated
