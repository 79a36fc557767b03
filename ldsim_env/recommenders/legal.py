"""Which questions may be asked now, and which of them practise the targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import LDSimError
from ldsim_env.recommenders.action_modes import ActionMode, action_mode
from ldsim_env.recommenders.protocol import Action, Env, Info, TeachingEnv


@dataclass(frozen=True, eq=False)
class Choices:
    """The questions of one episode, seen by what they practise.

    Args:
        env: The environment, unwrapped.
        practises: ``(n_questions, n_targets)`` bool: which targets each question practises.
        mode: What an action is.
    """

    env: TeachingEnv
    practises: NDArray[np.bool_]
    mode: ActionMode

    @classmethod
    def of(cls, env: Env) -> Choices:
        """The choices of the episode that ``env`` has just begun.

        Raises:
            SettingsError: If the environment isn't one whose actions ask questions.
        """
        inner, mode = action_mode(env)
        return cls(inner, inner.bank.concept_matrix[:, np.asarray(inner.targets)], mode)

    @cached_property
    def practises_any(self) -> NDArray[np.bool_]:
        """``(n_questions,)``: which questions practise a target."""
        return np.asarray(self.practises.any(axis=1))

    def legal(self, info: Info) -> NDArray[np.bool_]:
        """``(n_questions,)``: which questions may be asked now.

        Raises:
            LDSimError: If there is none (the episode should have ended).
        """
        legal = self.mode.legal(info)
        if not legal.any():
            raise LDSimError("info['action_mask']: no legal question is left. Call reset: the episode is over.")
        return legal

    def action(self, question: int | np.integer, info: Info) -> Action:
        """The action that asks a legal question."""
        return self.mode.action(int(question), info)

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
        return self.on_first_of(np.argsort(mastery, kind="stable").tolist(), info)

    def on_first_of(self, places: Sequence[int], info: Info) -> NDArray[np.int64]:
        """Legal questions of the first of these targets that still has one, by their places among the targets.

        Every legal question when none has one left.
        """
        by_target = self.by_target(info)
        in_order = (by_target[place] for place in places)
        return next((questions for questions in in_order if questions.size), np.flatnonzero(self.legal(info)))

    def spread_candidates(self, info: Info, most: int) -> NDArray[np.int64]:
        """At most so many legal questions of the targets, ascending; of all questions when the targets' are used up.

        Where there are more, each target gives an equal number, spread evenly over its questions' P(right) from the
        least to the greatest: within one concept, questions of nearly equal probability teach nearly the same.
        """
        questions = self.on_targets(info)
        if questions.size <= most:
            return questions
        prob = self.env.answer_probs()
        groups = [group for group in self.by_target(info) if group.size] or [questions]
        share = max(1, most // len(groups))
        spread = [_spread(group[np.argsort(prob[group], kind="stable")], share) for group in groups]
        return np.unique(np.concatenate(spread))[:most]


def _spread(ordered: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """At most n entries at even distances, both ends included."""
    if ordered.size <= n:
        return ordered
    return ordered[np.linspace(0, ordered.size - 1, n).round().astype(np.int64)]
