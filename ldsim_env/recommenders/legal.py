"""Which questions may be asked now, and which of them practise the targets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import LDSimError
from ldsim_env.recommenders.protocol import Env, Info, TeachingEnv, teaching_env


@dataclass(frozen=True, eq=False)
class Choices:
    """The questions of one episode, seen by what they practise.

    Args:
        env: The environment, unwrapped.
        practises: ``(n_questions, n_targets)`` bool: which targets each question practises.
    """

    env: TeachingEnv
    practises: NDArray[np.bool_]

    @classmethod
    def of(cls, env: Env) -> Choices:
        """The choices of the episode that ``env`` has just begun.

        Raises:
            SettingsError: If the environment isn't one whose actions are questions.
        """
        inner = teaching_env(env)
        return cls(inner, inner.bank.concept_matrix[:, np.asarray(inner.targets)])

    @cached_property
    def practises_any(self) -> NDArray[np.bool_]:
        """``(n_questions,)``: which questions practise a target."""
        return np.asarray(self.practises.any(axis=1))

    def legal(self, info: Info) -> NDArray[np.bool_]:
        """``(n_questions,)``: which questions may be asked now.

        Raises:
            LDSimError: If there is none (the episode should have ended).
        """
        mask = info["action_mask"] if "action_mask" in info else self.env.action_masks()
        legal = np.asarray(mask, dtype=bool)
        if not legal.any():
            raise LDSimError("info['action_mask']: no legal question is left. Call reset: the episode is over.")
        return legal

    def on_targets(self, info: Info) -> NDArray[np.int64]:
        """Legal questions that practise a target; every legal question when none of those is left."""
        legal = self.legal(info)
        questions = np.flatnonzero(legal & self.practises_any)
        return questions if questions.size else np.flatnonzero(legal)

    def by_target(self, info: Info) -> list[NDArray[np.int64]]:
        """The legal questions of each target, in the order of the targets; entries may be empty."""
        legal = self.legal(info)
        return [np.flatnonzero(legal & column) for column in self.practises.T]

    def on_weakest_target(self, info: Info) -> NDArray[np.int64]:
        """Legal questions of the target with the least mastery among those that still have one.

        Every legal question when no target has one left.
        """
        mastery = self.env.mastery()[np.asarray(self.env.targets)]
        by_target = self.by_target(info)
        weakest_first = (by_target[target] for target in np.argsort(mastery, kind="stable").tolist())
        return next((questions for questions in weakest_first if questions.size), np.flatnonzero(self.legal(info)))
