"""What a recommender is, and what the simple ones may ask of the environment."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, runtime_checkable

import gymnasium
import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError
from ldsim_env.logs.bank import QuestionBank

Env: TypeAlias = gymnasium.Env[Any, Any]
Info: TypeAlias = dict[str, Any]
Action: TypeAlias = int | NDArray[np.float32]
"""A question's index (``Discrete`` action spaces), or a vector (``Box`` action spaces)."""


@runtime_checkable
class Recommender(Protocol):
    """Picks the next question. Any object with these three members is one; it need not inherit from this class.

    An optional attribute ``uses_simulator = True`` says that it looks ahead on the simulator of the very student it
    teaches, which nobody can do with a real student: tables and plots mark it as an upper bound. An optional
    ``copies_share_nothing`` says whether copies of it can teach students side by side (False for one that learns from
    each student for the next).
    """

    name: str
    """The name in tables and plots."""

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode; called after ``env.reset``.

        Args:
            env: The environment as made by ``gymnasium.make``, wrappers included.
            rng: The recommender's only source of randomness in this episode.
        """
        ...

    def recommend(self, observation: Any, info: Info) -> Action:
        """Pick an action.

        Args:
            observation: What ``reset`` or the last ``step`` gave.
            info: What came with it.

        Returns:
            A legal action: one whose entry in ``env.action_masks()`` is 1.
        """
        ...


@runtime_checkable
class TeachingEnv(Protocol):
    """What the simple recommenders ask of ``env.unwrapped``; all of it is about the current student."""

    @property
    def bank(self) -> QuestionBank:
        """The questions that may be asked."""
        ...

    @property
    def targets(self) -> NDArray[np.int64]:
        """``(n_targets,)`` indices of the concepts to teach."""
        ...

    def action_masks(self) -> NDArray[np.uint8]:
        """``(n_questions,)``: 1 where the question may be asked now."""
        ...

    def answer_probs(self) -> NDArray[np.float32]:
        """``(n_questions,)`` P(right) in (0, 1) of every question."""
        ...

    def mastery(self) -> NDArray[np.float32]:
        """``(n_concepts,)`` in [0, 1]."""
        ...

    def expected_gains(self, questions: NDArray[np.int64]) -> NDArray[np.float32]:
        """``(m,)`` expected change of the exam score by asking each of m questions next."""
        ...


def teaching_env(env: Env, questions_only: bool = True) -> TeachingEnv:
    """The unwrapped environment, after checking that it answers what we ask.

    Args:
        env: The environment.
        questions_only: Whether its actions must be questions.

    Raises:
        SettingsError: If it lacks a method of `TeachingEnv` or its actions are not the bank's questions.
    """
    inner = env.unwrapped
    if not isinstance(inner, TeachingEnv):
        wanted = ("bank", "targets", "action_masks", "answer_probs", "mastery", "expected_gains")
        lacking = [name for name in wanted if not hasattr(inner, name)]
        raise SettingsError(
            f"env: expected an LDSim environment, got {type(inner).__name__}, which lacks {', '.join(lacking)}. "
            "Use an id that starts with 'LDSim-', or a recommender that needs only the observation."
        )
    n_actions = getattr(env.action_space, "n", None)
    if questions_only and n_actions != inner.bank.n_questions:
        raise SettingsError(
            f"env: expected the action space Discrete({inner.bank.n_questions}), one action a question, got "
            f"{env.action_space}. Make the environment with its default actions."
        )
    return inner


def uses_simulator(recommender: Recommender) -> bool:
    """Whether it looks ahead on the simulator (False unless it says so)."""
    return bool(getattr(recommender, "uses_simulator", False))
