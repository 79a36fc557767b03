"""Which questions can be asked by the actions of an environment, and which action asks a question.

The simple recommenders think in questions; this lets them play in every action mode. Where an action is a concept, the
environment itself picks the concept's question, so that only the concept of their choice counts.
"""

from __future__ import annotations

from typing import Any, Protocol

import gymnasium
import numpy as np
from numpy.typing import NDArray

from ldsim_env.recommenders.protocol import Action, Env, Info, TeachingEnv, teaching_env


class ActionMode(Protocol):
    """One kind of action."""

    def legal(self, info: Info) -> NDArray[np.bool_]:
        """``(n_questions,)``: which questions an action can ask now."""
        ...

    def action(self, question: int, info: Info) -> Action:
        """The action that asks one of them."""
        ...


def action_mode(env: Env) -> tuple[TeachingEnv, ActionMode]:
    """The unwrapped environment and what its actions are.

    Raises:
        SettingsError: If it lacks a method of `TeachingEnv`, or its actions are nothing that asks questions.
    """
    settings = getattr(env.unwrapped, "settings", None)
    mode = _MODES.get(getattr(settings, "action", "question"), QuestionMode)
    inner = teaching_env(env, questions_only=mode is QuestionMode)
    return inner, mode(inner)


class QuestionMode:
    """An action is a question."""

    def __init__(self, env: TeachingEnv):
        self._env = env

    def legal(self, info: Info) -> NDArray[np.bool_]:
        """See `ActionMode`."""
        return _mask(self._env, info)

    def action(self, question: int, info: Info) -> int:
        """The question."""
        return question


class ConceptMode:
    """An action is a concept: that of the question, a target before others."""

    def __init__(self, env: TeachingEnv):
        self._env, self._of_question = env, env.bank.concept_matrix

    def legal(self, info: Info) -> NDArray[np.bool_]:
        """See `ActionMode`."""
        not_asked = np.asarray(_readings(self._env).question_masks(), bool)
        return np.asarray(not_asked & (self._of_question & _mask(self._env, info)).any(axis=1))

    def action(self, question: int, info: Info) -> int:
        """The question's first concept that is a target, else its first."""
        concepts = np.flatnonzero(self._of_question[question] & _mask(self._env, info))
        targets = concepts[np.isin(concepts, self._env.targets)]
        return int(targets[0] if targets.size else concepts[0])


class CandidateMode:
    """An action is a place among the questions on offer."""

    def __init__(self, env: TeachingEnv):
        self._env = env

    def legal(self, info: Info) -> NDArray[np.bool_]:
        """See `ActionMode`."""
        legal = np.zeros(self._env.bank.n_questions, bool)
        legal[info["candidates"][_mask(self._env, info)]] = True
        return legal

    def action(self, question: int, info: Info) -> int:
        """The question's place."""
        return int(np.flatnonzero(info["candidates"] == question)[0])


class VectorMode:
    """An action is a vector: the question's own."""

    def __init__(self, env: TeachingEnv):
        self._env = env
        self._vectors: NDArray[np.float32] = _readings(env).question_vectors()

    def legal(self, info: Info) -> NDArray[np.bool_]:
        """See `ActionMode`."""
        return np.asarray(_readings(self._env).question_masks(), bool)

    def action(self, question: int, info: Info) -> NDArray[np.float32]:
        """The question's vector; of questions with one vector, the environment asks the first."""
        vector: NDArray[np.float32] = self._vectors[question].copy()
        return vector


_MODES: dict[str, type[QuestionMode | ConceptMode | CandidateMode | VectorMode]] = {
    "question": QuestionMode,
    "concept": ConceptMode,
    "candidates": CandidateMode,
    "embedding": VectorMode,
}


def _mask(env: TeachingEnv, info: Info) -> NDArray[np.bool_]:
    return np.asarray(info["action_mask"] if "action_mask" in info else env.action_masks(), bool)


def _readings(env: Any) -> Any:
    """The environment with the readings that only those with other actions than questions must have."""
    assert isinstance(env, gymnasium.Env)
    return env
