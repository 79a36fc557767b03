"""The answers that a recommender has seen: in the episode, and before it where the observation shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.logs.bank import QuestionBank
from ldsim_env.recommenders.protocol import Env, Info

N_INTERACTION_FIELDS = 4  # of the observation "history", beside the concepts: question, difficulty, right, wrong


class SeenAnswer(NamedTuple):
    """A question and the response to it."""

    question: int
    response: int  # 1 right, 0 wrong


class SeenAnswers:
    """What a tutor knows of a student without any model: the answers, in order.

    Answers before the episode are seen with ``observation="history"`` alone, as many as it shows.

    Args:
        env: The environment, which has just begun an episode.
    """

    def __init__(self, env: Env):
        self._bank: QuestionBank = env.get_wrapper_attr("bank")
        self._length = _history_length(env)
        self._answers: list[SeenAnswer] = []
        self._n_taken = 0
        self._has_begun = False

    def __iter__(self) -> Iterator[SeenAnswer]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def new(self, observation: Any, info: Info) -> list[SeenAnswer]:
        """The answers that came since the last call; to be called once at every step."""
        if not self._has_begun:
            self._answers += self._before_the_episode(observation)
            self._has_begun = True
        if "response" in info and info.get("asked", True):
            question = self._bank.question_index[info["question_id"]]
            self._answers.append(SeenAnswer(question, int(info["response"])))
        fresh = self._answers[self._n_taken :]
        self._n_taken = len(self._answers)
        return fresh

    def _before_the_episode(self, observation: Any) -> list[SeenAnswer]:
        if not self._length:
            return []
        width = self._bank.n_concepts + N_INTERACTION_FIELDS
        rows: NDArray[np.float32] = np.asarray(observation)[: self._length * width].reshape(self._length, width)
        there = rows[rows[:, 0] > 0]
        questions = (there[:, 0].astype(np.float64) * self._bank.n_questions).round().astype(int) - 1
        return [SeenAnswer(*pair) for pair in zip(questions.tolist(), there[:, -2].astype(int).tolist(), strict=True)]


def _history_length(env: Env) -> int:
    """Interactions that the observation shows; 0 if it shows none."""
    settings: Any = getattr(env.unwrapped, "settings", None)
    shows = getattr(settings, "observation", "") == "history"
    return int(settings.history_length) if shows else 0
