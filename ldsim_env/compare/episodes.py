"""One policy teaches one student for one episode, and everything of note is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.recommenders import Action, Env, Info, Recommender

NO_RESPONSE = -1
_START_KEYS = ("exam_score", "learning_gain", "mastery", "targets")
_STEP_KEYS = ("exam_score", "learning_gain", "mastery")
_ANSWER_KEYS = ("question_id", "response", "answer_prob")


@dataclass(frozen=True, eq=False)
class Episode:
    """What happened between one policy and one student.

    Args:
        policy: Name of the policy.
        seed: Seed of the comparison (not of the environment, which gets one made of this and the student).
        student: Index of the student in the cohort.
        targets: ``(n_targets,)`` indices of the concepts to teach.
        questions: ``(n_steps,)`` indices of the questions asked.
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
        """Number of questions asked."""
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
    def success_rate(self) -> float:
        """Share of right answers among the questions answered; 0 if there is none."""
        answered = self.responses[self.responses != NO_RESPONSE]
        return float(answered.mean()) if answered.size else 0.0

    @property
    def repeat_rate(self) -> float:
        """Share of steps spent on a question that had been asked before, refused or not."""
        return 1 - np.unique(self.questions).size / self.n_steps


def run_episode(env: Env, recommender: Recommender, seed: int, student: int) -> Episode:
    """Teach one student from a fresh reset.

    Seed and student together decide the environment's seed and the recommender's generator, so every policy meets the
    same targets and the same response noise, in whatever order episodes are run.

    Args:
        env: The environment.
        recommender: The policy.
        seed: Seed of the comparison, at least 0.
        student: Index of the student in the environment's cohort.

    Raises:
        SettingsError: If the environment's info lacks what is to be written down.
    """
    sequence = np.random.SeedSequence([seed, student])
    observation, info = env.reset(seed=int(sequence.generate_state(1)[0]), options={"student": student})
    _check_keys(info, _START_KEYS)
    recommender.start(env, np.random.default_rng(sequence.spawn(1)[0]))
    bank: QuestionBank = env.get_wrapper_attr("bank")
    steps = [_Step(exam_score=info["exam_score"], mastery=np.array(info["mastery"]))]
    targets = np.asarray(info["targets"], np.int64)
    terminated = truncated = False
    while not (terminated or truncated):
        action = recommender.recommend(observation, info)
        observation, reward, terminated, truncated, info = env.step(action)
        steps.append(_step(action, float(reward), info, bank))
    columns = _columns(steps)
    return Episode(
        recommender.name,
        seed,
        student,
        targets,
        **columns,
        learning_gain=float(info["learning_gain"]),
        terminated=bool(terminated),
    )


class _Step(NamedTuple):
    exam_score: float
    mastery: NDArray[np.float32]
    question: int = -1
    response: int = NO_RESPONSE
    answer_prob: float = np.nan
    reward: float = 0.0


def _step(action: Action, reward: float, info: Info, bank: QuestionBank) -> _Step:
    _check_keys(info, _STEP_KEYS)
    exam_score, mastery = info["exam_score"], np.array(info["mastery"])
    if not info.get("asked", True):  # a forbidden action, for which the environment let the step pass
        return _Step(exam_score, mastery, int(action), reward=reward)
    _check_keys(info, _ANSWER_KEYS)
    question = bank.question_index[info["question_id"]]
    return _Step(exam_score, mastery, question, info["response"], info["answer_prob"], reward)


def _columns(steps: list[_Step]) -> dict[str, Any]:
    asked = steps[1:]
    return {
        "questions": np.array([step.question for step in asked], np.int64),
        "responses": np.array([step.response for step in asked], np.int8),
        "answer_probs": np.array([step.answer_prob for step in asked], np.float64),
        "rewards": np.array([step.reward for step in asked], np.float64),
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
