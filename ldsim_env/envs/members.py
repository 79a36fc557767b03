"""What an environment makes of an ensemble: a member drawn for each episode, and how far the members are apart."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ldsim_env.envs.rewards import DISAGREEMENT_TERMS, StepRecord
from ldsim_env.envs.settings import EnvSettings
from ldsim_env.errors import SettingsError
from ldsim_env.simulator.models import Ensemble
from ldsim_env.simulator.protocol import State, StudentModel


def n_episode_draws(model: StudentModel) -> int:
    """Random numbers that an episode of this student model begins with, for each student."""
    return model.n_episode_draws if isinstance(model, Ensemble) else 0


def begin_episodes(model: StudentModel, state: State, uniforms: NDArray[np.float64]) -> State:
    """The state of students whose episode begins.

    Args:
        model: The student model.
        state: Of n students.
        uniforms: ``(n, n_episode_draws(model))`` random numbers in [0, 1).
    """
    return model.begin_episode(state, torch.from_numpy(uniforms)) if isinstance(model, Ensemble) else state


def check_members(model: StudentModel, settings: EnvSettings) -> None:
    """Refuse rewards that only an ensemble can give.

    Raises:
        SettingsError: Names the reward terms.
    """
    terms = [name for name in settings.weights if name in DISAGREEMENT_TERMS]
    if terms and not isinstance(model, Ensemble):
        raise SettingsError(
            f"reward: {', '.join(terms)} needs an ensemble, whose members may disagree, got {type(model).__name__} as "
            "the student model. Give student_model='ensemble' or a list of several."
        )


def uncertainty(members: NDArray[np.float32] | None, targets: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Standard deviation over the members of the exam score, ``(n,)`` in [0, 0.5].

    Args:
        members: ``(n, n_members, n_concepts)``: mastery by each member; a single simulator (None) has no doubts.
        targets: ``(n, n_concepts)``.
    """
    if members is None:
        return np.zeros(len(targets))
    return np.asarray(_exams(members, targets).std(axis=1))


def with_disagreement(
    record: StepRecord,
    before: NDArray[np.float32] | None,
    after: NDArray[np.float32] | None,
    targets: NDArray[np.bool_],
    pessimism: float,
) -> StepRecord:
    """The step with the standard deviation over the members of what it changed in the exam score.

    Args:
        record: The step.
        before: ``(n, n_members, n_concepts)``: mastery by each member before the step; None without an ensemble.
        after: The same after it.
        targets: ``(n, n_concepts)``.
        pessimism: How much of it `pessimistic_gain` takes off.
    """
    if before is None or after is None:
        return record
    apart = (_exams(after, targets) - _exams(before, targets)).std(axis=1)
    return record._replace(disagreement=apart, pessimism=pessimism)


def _exams(members: NDArray[np.float32], targets: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, n_members): each member's exam score."""
    share = targets / targets.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("nmk,nk->nm", members.astype(np.float64), share))
