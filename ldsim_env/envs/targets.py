"""Target concepts of an episode: named by the user, drawn, or chosen for the student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.settings import EnvSettings
from ldsim_env.errors import SettingsError, unknown_name
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.teacher.graph import ConceptGraph

TARGET_RULES = ("random", "weakest", "next", "all")


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


@dataclass(frozen=True, eq=False)
class TargetRule:
    """How the targets of an episode are chosen.

    Only concepts with at least ``settings.min_questions`` questions are chosen; concepts given by the user may have
    fewer. Mastery is the observer's, since a tutor chooses.

    Args:
        kind: ``"random"``: every choice of ``n_targets`` concepts alike. ``"weakest"``: the ``n_targets`` of least
            mastery. ``"next"``: the ``n_targets`` concepts with the highest readiness * (1 - mastery), where readiness
            is the mean mastery of the concept's prerequisites weighted by their confidence, 1 without prerequisites
            (the outer fringe of knowledge space theory, Doignon & Falmagne 1985, for graded mastery). ``"all"``: all.
        eligible: ``(n_concepts,)`` bool, which concepts may be chosen.
        n_targets: How many.
        fixed: Concept indices that are the targets of every episode, whatever ``kind`` says; None chooses.
        prerequisites: ``(n_concepts, n_concepts)``, row k has the confidences of concept k's prerequisites; for
            ``"next"`` only.
    """

    kind: str
    eligible: NDArray[np.bool_]
    n_targets: int
    fixed: NDArray[np.int64] | None = None
    prerequisites: NDArray[np.float32] | None = None

    def choose(self, uniforms: NDArray[np.float64], mastery: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Choose the targets of n students, ``(n, n_concepts)`` bool.

        Args:
            uniforms: ``(n, n_concepts)`` random numbers in [0, 1), one a concept, so that the number of draws is fixed.
            mastery: ``(n, n_concepts)`` in [0, 1].
        """
        targets = np.zeros(mastery.shape, bool)
        if self.fixed is not None:
            targets[:, self.fixed] = True
        elif self.kind == "all":
            targets[:] = self.eligible
        else:
            chosen = least(self._rank(uniforms, mastery), self.eligible, self.n_targets)
            np.put_along_axis(targets, chosen, True, axis=1)
        return targets

    def _rank(self, uniforms: NDArray[np.float64], mastery: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
        """``(n, n_concepts)``: the least are chosen."""
        if self.kind == "random":
            return uniforms
        if self.prerequisites is None:
            return mastery
        return -readiness(mastery, self.prerequisites) * (1 - mastery)


def target_rule(bank: QuestionBank, settings: EnvSettings, targets: Any, graph: ConceptGraph | None) -> TargetRule:
    """Read the ``targets`` argument of the environment.

    Args:
        bank: The question bank.
        settings: ``n_targets`` and ``min_questions``.
        targets: One of `TARGET_RULES`, or a list of concept indices or names.
        graph: The concept relations; needed for ``"next"``.

    Raises:
        SettingsError: If a name or concept is unknown, the relations are missing, or the bank has too few concepts.
    """
    if not isinstance(targets, str | Sequence | np.ndarray):
        raise SettingsError(
            f"targets: expected {', '.join(map(repr, TARGET_RULES))} or a list of concept indices or names, "
            f"got {targets!r}."
        )
    if not isinstance(targets, str):
        return TargetRule("fixed", np.ones(bank.n_concepts, bool), 0, concept_indices(bank, targets))
    if targets not in TARGET_RULES:
        raise SettingsError(f"targets: {unknown_name('rule', targets, TARGET_RULES)} Or give a list of concepts.")
    eligible = eligible_concepts(bank, settings, 1 if targets == "all" else settings.n_targets)
    if targets != "next":
        return TargetRule(targets, eligible, settings.n_targets)
    if graph is None:
        raise SettingsError(
            "targets: 'next' needs the relations between concepts, but the bank's folder has no relations.json. "
            "Give them as relations=..., or choose another rule."
        )
    return TargetRule(targets, eligible, settings.n_targets, prerequisites=graph.arrays(bank).prerequisites.T)


def eligible_concepts(bank: QuestionBank, settings: EnvSettings, n_needed: int) -> NDArray[np.bool_]:
    """Which concepts may be chosen as targets: those with enough questions, ``(n_concepts,)`` bool.

    Raises:
        SettingsError: If there are fewer than ``n_needed``.
    """
    eligible: NDArray[np.bool_] = bank.concept_matrix.sum(axis=0) >= settings.min_questions
    if eligible.sum() < n_needed:
        raise SettingsError(
            f"n_targets: expected at most {eligible.sum()}, the number of concepts of bank {bank.name!r} with at least "
            f"{settings.min_questions} questions, got {n_needed}. Lower n_targets or min_questions, or name "
            "the targets."
        )
    return eligible


def readiness(mastery: NDArray[np.float32], prerequisites: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean mastery of each concept's prerequisites, weighted by confidence; 1 where it has none.

    Args:
        mastery: ``(n, n_concepts)`` in [0, 1].
        prerequisites: ``(n_concepts, n_concepts)``, row k has the confidences of concept k's prerequisites.

    Returns:
        ``(n, n_concepts)`` in [0, 1].
    """
    total = prerequisites.sum(axis=1)
    return np.where(total > 0, mastery @ prerequisites.T / np.where(total > 0, total, 1), 1).astype(np.float32)


def least(ranks: NDArray[np.floating[Any]], eligible: NDArray[np.bool_], n: int) -> NDArray[np.int64]:
    """The ``n`` eligible concepts of least rank; ties go to the first.

    Args:
        ranks: ``(..., n_concepts)``.
        eligible: ``(n_concepts,)`` bool.
        n: How many.

    Returns:
        Concept indices in ascending order, ``(..., n)`` int64.
    """
    left = np.where(eligible, ranks, np.inf)
    chosen = np.empty((*left.shape[:-1], n), np.int64)
    for place in range(n):  # for a few, far quicker than sorting all
        chosen[..., place] = left.argmin(axis=-1)
        np.put_along_axis(left, chosen[..., place, None], np.inf, axis=-1)
    return np.sort(chosen, axis=-1)
