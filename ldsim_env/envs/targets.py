"""Target concepts of an episode: named by the user, or drawn from the bank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.settings import EnvSettings
from ldsim_env.errors import SettingsError, unknown_name
from ldsim_env.logs.bank import QuestionBank


def concept_indices(bank: QuestionBank, targets: Any) -> NDArray[np.int64]:
    """Read targets given by the user.

    Args:
        bank: The question bank.
        targets: Concept indices (int) or concept names (str), in any mixture; at least one, none twice.

    Returns:
        Concept indices in ascending order, ``(n_targets,)`` int64.

    Raises:
        SettingsError: Names every bad entry at once.
    """
    if isinstance(targets, str) or not isinstance(targets, Sequence | np.ndarray) or len(targets) == 0:
        raise SettingsError(f"targets: expected a non-empty list of concept indices or names, got {targets!r}.")
    found, problems = [], []
    for target in targets:
        try:
            found.append(_concept_index(bank, target))
        except SettingsError as error:
            problems.append(str(error))
    if len(set(found)) < len(found):
        problems.append(f"each concept once, got {list(targets)!r}.")
    if problems:
        raise SettingsError("targets: " + " ".join(problems))
    return np.sort(np.array(found, np.int64))


def _concept_index(bank: QuestionBank, target: Any) -> int:
    if isinstance(target, str):
        if target not in bank.concept_names:
            raise SettingsError(unknown_name("concept", target, bank.concept_names))
        return bank.concept_names.index(target)
    if isinstance(target, bool) or not isinstance(target, int | np.integer):
        raise SettingsError(f"expected a concept index or name, got {target!r}.")
    if not 0 <= target < bank.n_concepts:
        raise SettingsError(f"expected concept indices from 0 to {bank.n_concepts - 1}, got {target}.")
    return int(target)


def eligible_concepts(bank: QuestionBank, settings: EnvSettings) -> NDArray[np.bool_]:
    """Which concepts may be drawn as targets: those with enough questions, ``(n_concepts,)`` bool.

    Raises:
        SettingsError: If there are fewer than ``settings.n_targets``.
    """
    eligible: NDArray[np.bool_] = bank.concept_matrix.sum(axis=0) >= settings.min_questions
    if eligible.sum() < settings.n_targets:
        raise SettingsError(
            f"n_targets: expected at most {eligible.sum()}, the number of concepts of bank {bank.name!r} with at least "
            f"{settings.min_questions} questions, got {settings.n_targets}. Lower n_targets or min_questions, or name "
            "the targets."
        )
    return eligible


def draw_targets(uniforms: NDArray[np.float64], eligible: NDArray[np.bool_], n_targets: int) -> NDArray[np.int64]:
    """Draw targets without replacement, every eligible concept alike.

    Args:
        uniforms: ``(..., n_concepts)`` random numbers in [0, 1), one a concept, so that the number of draws is fixed.
        eligible: ``(n_concepts,)`` bool.
        n_targets: How many.

    Returns:
        Concept indices in ascending order, ``(..., n_targets)`` int64.
    """
    order = np.argsort(np.where(eligible, uniforms, np.inf), axis=-1)
    return np.sort(order[..., :n_targets], axis=-1)
