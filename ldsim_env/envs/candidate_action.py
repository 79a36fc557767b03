"""Actions that choose among a few candidates, proposed anew at each step by a sampler."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.actions import read_index
from ldsim_env.envs.candidate_features import legal_candidates
from ldsim_env.envs.candidate_sampler import CandidateSampler
from ldsim_env.envs.tutor_view import TutorView
from ldsim_env.errors import SettingsError
from ldsim_env.logs.bank import QuestionBank


class CandidateAction:
    """An action is a place among the candidates of this step.

    Args:
        bank: The question bank.
        sampler: Proposes the candidates.
        n_candidates: How many.

    Raises:
        SettingsError: If ``sampler`` is none.
    """

    def __init__(self, bank: QuestionBank, sampler: CandidateSampler, n_candidates: int):
        if not isinstance(sampler, CandidateSampler):
            raise SettingsError(
                "sampler: expected an object with n_draws and propose(view, students, uniforms, n_candidates), "
                f"got {sampler!r}."
            )
        self.space = gym.spaces.Discrete(n_candidates)
        self.n_candidates, self.n_draws = n_candidates, sampler.n_draws
        self._n_questions, self._sampler = bank.n_questions, sampler

    def read(self, action: Any) -> NDArray[np.int64]:
        """See `ActionRule`."""
        return read_index(action, self.n_candidates, "a candidate's place")

    def offer(self, view: TutorView, students: NDArray[np.int64], uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
        """What the sampler proposes.

        Raises:
            SettingsError: If that isn't as `CandidateSampler` says.
        """
        offered = np.asarray(self._sampler.propose(view, students, uniforms, self.n_candidates))
        shape = (len(students), self.n_candidates)
        if offered.shape != shape or not np.issubdtype(offered.dtype, np.integer):
            raise SettingsError(
                f"sampler: expected question indices of the shape {shape}, got {offered.dtype} {offered.shape}."
            )
        if offered.min() < -1 or offered.max() >= self._n_questions:
            raise SettingsError(
                f"sampler: expected question indices from 0 to {self._n_questions - 1}, or -1 for none, got "
                f"{offered.min()} to {offered.max()}."
            )
        return offered.astype(np.int64)

    def to_questions(self, actions: NDArray[np.int64], view: TutorView) -> NDArray[np.int64]:
        """The candidate at each place, ``(n,)``; `NO_QUESTION` where there are fewer."""
        return view.offered[np.arange(len(actions)), actions]

    def masks(self, view: TutorView) -> NDArray[np.uint8]:
        """1 for the places with a candidate that may be asked."""
        return legal_candidates(view).astype(np.uint8)

    def refusal(self, action: Any) -> str:
        """See `ActionRule`."""
        return f"no question that may be asked stands at place {action} of info['candidates']"
