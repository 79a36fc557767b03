"""The rules of a class that a user may choose, checked at construction."""

from __future__ import annotations

from dataclasses import dataclass

from ldsim_env.envs.settings import check_choice, check_count

REWARD_RULES = ("own", "class_mean")


@dataclass(frozen=True)
class ClassSettings:
    """What the students of a class share.

    Args:
        n_students: Number of students, at least 1.
        exposure_limit: Students of the class that a question may be given to, at least 1; None is all of them.
        question_budget: Questions that may be asked in the class in an episode, at least 1; None has no limit.
        reward: ``"own"`` rewards an agent for its own student, ``"class_mean"`` every agent for the mean of the class.
        max_episode_steps: Steps after which the episode of the class is truncated, at least 1.

    Raises:
        SettingsError: If a value is of the wrong type or out of range.
    """

    n_students: int = 8
    exposure_limit: int | None = 2
    question_budget: int | None = None
    reward: str = "own"
    max_episode_steps: int = 30

    def __post_init__(self) -> None:
        check_count("n_students", self.n_students)
        check_count("max_episode_steps", self.max_episode_steps)
        for name in ("exposure_limit", "question_budget"):
            if getattr(self, name) is not None:
                check_count(name, getattr(self, name))
        check_choice("reward", self.reward, REWARD_RULES)

    @property
    def students_a_question(self) -> int:
        """Students that a question may be given to."""
        return self.n_students if self.exposure_limit is None else self.exposure_limit
