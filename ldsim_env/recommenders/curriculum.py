"""A curriculum in the order of the prerequisites: what a textbook does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import CheckpointError, TeacherError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.recommenders.legal import Choices
from ldsim_env.recommenders.protocol import Action, Env, Info
from ldsim_env.teacher.graph import ConceptGraph
from ldsim_env.teacher.graph_files import load_graph

DEFAULT_STEP_BUDGET = 30
RELATIONS_FILE = "relations.json"


class CurriculumRecommender:
    """The targets one after another, what is learnt first before what builds on it, each from easy to hard.

    Every target gets an equal share of the step budget, filled with questions spread evenly over its difficulties.
    Neither mastery nor answers change the order. When the plan is through, the targets' other questions follow, then
    the rest of the bank.

    Args:
        relations: The relations between concepts; None takes those that come with the bank, by its name. Without any,
            the targets come in the bank's order.
    """

    name = "curriculum"

    def __init__(self, relations: ConceptGraph | None = None):
        self._orders = TeachingOrder(relations)

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode; ``rng`` is not used."""
        self._choices = Choices.of(env)
        steps = getattr(self._choices.env, "step_budget", DEFAULT_STEP_BUDGET)
        self._plan = _plan(self._choices, self._orders.of_targets(self._choices), steps)

    def recommend(self, observation: Any, info: Info) -> Action:
        """Pick the first legal question of the plan."""
        legal = self._choices.legal(info)
        return self._choices.action(self._plan[np.argmax(legal[self._plan])], info)


class TeachingOrder:
    """Puts targets in the order of a relation graph.

    Args:
        relations: The graph; None takes the one that comes with the bank.
    """

    def __init__(self, relations: ConceptGraph | None):
        self._relations = relations
        self._depths: dict[str, NDArray[np.int64]] = {}

    def of_targets(self, choices: Choices) -> list[int]:
        """Places of the targets: those with the shortest chain of prerequisites first, ties in the bank's order."""
        bank, targets = choices.env.bank, np.asarray(choices.env.targets)
        if bank.fingerprint not in self._depths:
            self._depths[bank.fingerprint] = _depths(bank, self._relations or _relations_of(bank))
        return [int(place) for place in np.argsort(self._depths[bank.fingerprint][targets], kind="stable")]


def _depths(bank: QuestionBank, relations: ConceptGraph | None) -> NDArray[np.int64]:
    """``(n_concepts,)``: prerequisites on the longest chain before each; all 0 without relations."""
    if relations is None:
        return np.zeros(bank.n_concepts, np.int64)
    return relations.for_bank(bank).depths


def _relations_of(bank: QuestionBank) -> ConceptGraph | None:
    from ldsim_env.simulator.checkpoint import simulator_folder  # noqa: PLC0415 - loads torch

    try:
        path: Path = simulator_folder(bank.name) / RELATIONS_FILE
        return load_graph(path).for_bank(bank) if path.is_file() else None
    except (CheckpointError, TeacherError):  # no simulator of this name comes with the package, or of another bank
        return None


def _plan(choices: Choices, order: list[int], steps: int) -> NDArray[np.int64]:
    """Every question once: the targets' blocks, the targets' other questions, the rest; each from easy to hard."""
    bank = choices.env.bank
    easiest_first = np.argsort(bank.difficulty if bank.difficulty.size else np.zeros(bank.n_questions), kind="stable")
    in_block = np.zeros(bank.n_questions, bool)
    blocks = []
    for target in order:
        questions = easiest_first[choices.practises[easiest_first, target] & ~in_block[easiest_first]]
        blocks.append(_spread(questions, -(-steps // len(order))))
        in_block[blocks[-1]] = True
    others = easiest_first[~in_block[easiest_first]]
    rank = np.argsort(~choices.practises_any[others], kind="stable")  # the targets' questions first
    return np.concatenate([*blocks, others[rank]])


def _spread(ordered: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """At most n entries at even distances, from the middle of each part."""
    if ordered.size <= n:
        return ordered
    return ordered[((np.arange(n) + 0.5) * ordered.size / n).astype(np.int64)]
