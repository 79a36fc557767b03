"""What the recommender sees: the rules that make observations, for n students at once.

Vectors are made of parts (mastery, targets, ...), one after another. A rule holds no student's state, so one rule
serves any number of students. Nothing here sees the student model; what is estimated comes from the observer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeAlias

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.actions import ActionRule
from ldsim_env.envs.candidate_features import FEATURES, CandidateFeatures
from ldsim_env.envs.questions import NO_QUESTION
from ldsim_env.envs.tutor_view import TutorView
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.logs.response_log import RIGHT, WRONG
from ldsim_env.simulator.readouts import bank_difficulty, quantiles

FloatArray: TypeAlias = NDArray[np.float32]
Observations: TypeAlias = FloatArray | dict[str, NDArray[Any]]
"""Of n students: an array ``(n, size)``, or arrays by name, each with the student axis first."""

N_RESPONSE_FLAGS = 2  # last response was right, was wrong
N_PROGRESS = 1
LATENT_LIMIT = 10.0  # a checker warns of unbounded spaces; abilities in logits stay within
N_INTERACTION_FIELDS = 4  # beside the concepts: question, difficulty, right, wrong


class Part(NamedTuple):
    """A piece of a vector."""

    size: int
    read: Callable[[TutorView], NDArray[Any]]  # gives (n, size) in [low, high]
    low: float = 0.0
    high: float = 1.0


class ObservationRule(Protocol):
    """One kind of observation."""

    @property
    def space(self) -> gym.Space[Any]:
        """The observation space of one student."""
        ...

    def observe(self, view: TutorView) -> Observations:
        """The observations of all students; new arrays."""
        ...


class VectorObservation:
    """Parts one after another in one vector."""

    def __init__(self, parts: Sequence[Part]):
        self._parts = parts
        sizes = [part.size for part in parts]
        low, high = (np.repeat(np.float32(ends), sizes) for ends in zip(*(part[2:] for part in parts), strict=True))
        self.space = gym.spaces.Box(low, high, dtype=np.float32)
        ends = np.cumsum(sizes).tolist()
        self._places = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]

    def observe(self, view: TutorView) -> FloatArray:
        """``(n, size)`` float32."""
        observations = np.empty((len(view.session.steps), *self.space.shape), np.float32)
        for part, place in zip(self._parts, self._places, strict=True):
            observations[:, place] = part.read(view)
        return observations


class DictObservation:
    """Arrays by name, among them the mask of the actions, as RLlib's action masking wants it.

    ``"observations"`` has the vector, ``"action_mask"`` the mask where actions are ``Discrete``, and ``"candidates"``
    the features of the candidates where there are some.
    """

    def __init__(self, vector: VectorObservation, action: ActionRule, candidates: CandidateFeatures | None):
        self._readers: dict[str, Callable[[TutorView], Any]] = {"observations": vector.observe}
        spaces: dict[str, gym.Space[Any]] = {"observations": vector.space}
        if candidates is not None:
            self._readers["candidates"] = candidates.read
            spaces["candidates"] = gym.spaces.Box(0.0, 1.0, (action.n_candidates, len(FEATURES)), np.float32)
        if isinstance(action.space, gym.spaces.Discrete):
            self._readers["action_mask"] = action.masks
            spaces["action_mask"] = gym.spaces.Box(0, 1, (int(action.space.n),), np.uint8)
        self.space = gym.spaces.Dict(spaces)

    def observe(self, view: TutorView) -> dict[str, NDArray[Any]]:
        """Each entry with the student axis first."""
        return {name: read(view) for name, read in self._readers.items()}


# ---- parts --------------------------------------------------------------------------------------------------------


def flat_parts(bank: QuestionBank) -> list[Part]:
    """Mastery by the observer, targets, last response, progress."""
    return [
        Part(bank.n_concepts, read_mastery),
        Part(bank.n_concepts, read_targets),
        Part(N_RESPONSE_FLAGS, read_last_response),
        Part(N_PROGRESS, read_progress),
    ]


def latent_parts(bank: QuestionBank, size: int) -> list[Part]:
    """The observer's latent state, targets, last response, progress."""
    return [Part(size, read_latent, -LATENT_LIMIT, LATENT_LIMIT), *flat_parts(bank)[1:]]


def history_parts(bank: QuestionBank, length: int) -> list[Part]:
    """The last interactions, targets, progress: nothing is estimated."""
    difficulty = quantiles(bank_difficulty(bank))
    size = length * (bank.n_concepts + N_INTERACTION_FIELDS)
    return [
        Part(size, partial(read_history, bank=bank, difficulty=difficulty)),
        Part(bank.n_concepts, read_targets),
        Part(N_PROGRESS, read_progress),
    ]


def read_mastery(view: TutorView) -> FloatArray:
    """``(n, K)`` in [0, 1]."""
    return view.observer.mastery


def read_targets(view: TutorView) -> NDArray[np.bool_]:
    """``(n, K)``: True for the targets."""
    return view.session.targets


def read_last_response(view: TutorView) -> FloatArray:
    """``(n, 2)``: 1 in the first column after a right response, in the second after a wrong one."""
    return view.session.last_response


def read_progress(view: TutorView) -> FloatArray:
    """``(n, 1)``: share of the step budget used, in [0, 1]."""
    return view.session.progress()[:, None]


def read_latent(view: TutorView) -> FloatArray:
    """``(n, size)``, cut off at +-LATENT_LIMIT."""
    return view.observer.latent().clip(-LATENT_LIMIT, LATENT_LIMIT)


def read_history(view: TutorView, bank: QuestionBank, difficulty: FloatArray) -> FloatArray:
    """``(n, length * (K + 4))``: see the environment's page; zeros where there was no interaction."""
    questions, responses = view.recent.questions, view.recent.responses
    there = questions != NO_QUESTION
    rows = np.zeros((*questions.shape, bank.n_concepts + N_INTERACTION_FIELDS), np.float32)
    rows[..., 0] = (questions + 1) / bank.n_questions
    rows[..., 1 : bank.n_concepts + 1] = bank.concept_matrix[questions] & there[..., None]
    rows[..., -3] = np.where(there, difficulty[questions], 0)
    rows[..., -2] = there & (responses == RIGHT)
    rows[..., -1] = there & (responses == WRONG)
    return rows.reshape(len(rows), -1)
