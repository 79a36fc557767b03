"""One policy teaches one student for one episode, and everything of note is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.env import LDSimEnv
from ldsim_env.envs.vector_env import LDSimVectorEnv
from ldsim_env.errors import SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.recommenders import Env, Info, Recommender

NO_RESPONSE = -1
NO_QUESTION = -1
START_KEYS = ("exam_score", "learning_gain", "mastery", "targets")
STEP_KEYS = ("exam_score", "learning_gain", "mastery", "question_id", "response", "answer_prob")


@dataclass(frozen=True, eq=False)
class Episode:
    """What happened between one policy and one student.

    Args:
        policy: Name of the policy.
        seed: Seed of the comparison (not of the environment, which gets one made of this and the student).
        student: Index of the student in the cohort.
        targets: ``(n_targets,)`` indices of the concepts to teach.
        questions: ``(n_steps,)`` indices of the questions chosen; -1 where the action chose none.
        responses: ``(n_steps,)`` int8, 1 right, 0 wrong, -1 where the environment refused the question.
        answer_probs: ``(n_steps,)`` P(right) just before each answer; NaN where the question was refused.
        rewards: ``(n_steps,)``.
        exam_scores: ``(n_steps + 1,)`` in [0, 1], before the first question and after each.
        mastery: ``(n_steps + 1, n_concepts)`` float32 in [0, 1], likewise.
        learning_gain: E_p = (end - start) / (1 - start), guarded as the environment does.
        terminated: Whether the episode ended by itself (targets mastered or bank used up), not by its step budget.
    """

    policy: str
    seed: int
    student: int
    targets: NDArray[np.int64]
    questions: NDArray[np.int64]
    responses: NDArray[np.int8]
    answer_probs: NDArray[np.float64]
    rewards: NDArray[np.float64]
    exam_scores: NDArray[np.float64]
    mastery: NDArray[np.float32]
    learning_gain: float
    terminated: bool

    @property
    def n_steps(self) -> int:
        """Number of steps."""
        return int(self.questions.size)

    @property
    def exam_start(self) -> float:
        """Exam score before the first question."""
        return float(self.exam_scores[0])

    @property
    def exam_end(self) -> float:
        """Exam score after the last question."""
        return float(self.exam_scores[-1])

    @property
    def prior_ability(self) -> float:
        """Mean mastery of all concepts before the first question."""
        return float(self.mastery[0].mean())

    @property
    def success_rate(self) -> float:
        """Share of right answers among the questions answered; 0 if there is none."""
        answered = self.responses[self.responses != NO_RESPONSE]
        return float(answered.mean()) if answered.size else 0.0

    @property
    def repeat_rate(self) -> float:
        """Share of steps spent on a question that had been asked before, refused or not."""
        chosen = self.questions[self.questions != NO_QUESTION]
        return float(chosen.size - np.unique(chosen).size) / self.n_steps

    def concept_coverage(self, bank: QuestionBank) -> float:
        """Share of the target concepts that at least one answered question practised."""
        answered = self.questions[self.responses != NO_RESPONSE]
        return float(bank.concept_matrix[answered][:, self.targets].any(axis=0).mean())

    def questions_to_mastery(self, threshold: float) -> int | None:
        """Questions answered until the mastery of all targets was at least ``threshold``; None when it never was."""
        mastered = np.flatnonzero((self.mastery[:, self.targets] >= threshold).all(axis=1))
        return int((self.responses[: mastered[0]] != NO_RESPONSE).sum()) if mastered.size else None


class Step(NamedTuple):
    """One step of an episode, or its start."""

    exam_score: float
    mastery: NDArray[np.float32]
    question: int = NO_QUESTION
    response: int = NO_RESPONSE
    answer_prob: float = np.nan
    reward: float = 0.0


class EpisodeLog:
    """An episode being written down.

    Args:
        policy: Name of the policy.
        seed: Seed of the comparison.
        student: Index of the student in the cohort.
        bank: The environment's bank.
        info: What came with the environment's ``reset``.
    """

    def __init__(self, policy: str, seed: int, student: int, bank: QuestionBank, info: Info):
        self._who, self._bank = (policy, seed, student), bank
        self._targets = np.asarray(info["targets"], np.int64)
        self._steps = [Step(info["exam_score"], np.array(info["mastery"]))]
        self._gain = float(info["learning_gain"])

    def add(self, reward: float, info: Info) -> None:
        """Enter what the environment's ``step`` told; whatever the actions are, the question is in the info."""
        _check_keys(info, STEP_KEYS)
        name, asked = info["question_id"], info.get("asked", True)
        question = self._bank.question_index[name] if name else NO_QUESTION
        response, prob = (info["response"], info["answer_prob"]) if asked else (NO_RESPONSE, np.nan)
        self._steps.append(Step(info["exam_score"], np.array(info["mastery"]), question, response, prob, reward))
        self._gain = float(info["learning_gain"])

    def episode(self, terminated: bool) -> Episode:
        """The episode, once it ended."""
        return Episode(*self._who, self._targets, **_columns(self._steps), learning_gain=self._gain,
                       terminated=terminated)  # fmt: skip


class Luck(NamedTuple):
    """All chance of an episode, made of the comparison's seed and the student.

    So every policy meets the same targets and the same response noise, in whatever order episodes are run and whatever
    an action is: an environment that draws candidates would be further on in its own stream of numbers.
    """

    env_seed: int
    rng: np.random.Generator  # the recommender's
    noise: NDArray[np.float64]  # (n_steps,), decides the responses

    def options(self, student: int, env: Any) -> dict[str, Any]:
        """Options for ``reset``; only this package's environments can be given the noise."""
        pinned = {"response_noise": self.noise.tolist()} if isinstance(env, LDSimEnv | LDSimVectorEnv) else {}
        return {"student": student, **pinned}


def luck_of(seed: int, student: int, n_steps: int) -> Luck:
    """The chance of one episode of at most so many steps."""
    sequence = np.random.SeedSequence([seed, student])
    of_policy, of_responses = sequence.spawn(2)
    noise = np.random.default_rng(of_responses).random(n_steps)
    return Luck(int(sequence.generate_state(1)[0]), np.random.default_rng(of_policy), noise)


def run_episode(env: Env, recommender: Recommender, seed: int, student: int) -> Episode:
    """Teach one student from a fresh reset.

    Args:
        env: The environment.
        recommender: The policy.
        seed: Seed of the comparison, at least 0; see `Luck`.
        student: Index of the student in the environment's cohort.

    Raises:
        SettingsError: If the environment's info lacks what is to be written down.
    """
    luck = luck_of(seed, student, step_limit(env) or 0)
    observation, info = env.reset(seed=luck.env_seed, options=luck.options(student, env.unwrapped))
    _check_keys(info, START_KEYS)
    log = EpisodeLog(recommender.name, seed, student, env.get_wrapper_attr("bank"), info)
    recommender.start(env, luck.rng)
    terminated = truncated = False
    while not (terminated or truncated):
        observation, reward, terminated, truncated, info = env.step(recommender.recommend(observation, info))
        log.add(float(reward), info)
    return log.episode(bool(terminated))


def step_limit(env: Env) -> int | None:
    """Steps of an episode at most; None where there is no limit."""
    return env.spec.max_episode_steps if env.spec else None


def _columns(steps: list[Step]) -> dict[str, Any]:
    taken = steps[1:]
    return {
        "questions": np.array([step.question for step in taken], np.int64),
        "responses": np.array([step.response for step in taken], np.int8),
        "answer_probs": np.array([step.answer_prob for step in taken], np.float64),
        "rewards": np.array([step.reward for step in taken], np.float64),
        "exam_scores": np.array([step.exam_score for step in steps], np.float64),
        "mastery": np.array([step.mastery for step in steps], np.float32),
    }


def _check_keys(info: Info, keys: tuple[str, ...]) -> None:
    lacking = [key for key in keys if key not in info]
    if lacking:
        raise SettingsError(
            f"env: expected the info keys {', '.join(keys)}, but {', '.join(lacking)} did not come. "
            "Compare on an environment whose id starts with 'LDSim-'."
        )
