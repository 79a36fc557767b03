"""The episodes that the page plays step by step, as compact plain values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ldsim_env.compare.report.result_folder import ResultFolder
from ldsim_env.errors import CheckpointError

if TYPE_CHECKING:
    import polars as pl

Key: TypeAlias = tuple[str, int, int]
"""Student model, seed and student: what two policies have in common when they stand side by side."""

PER_UNIT = 1000
LEAST_CHANGE = 0.01
MOST_BYTES = 6_000_000
KEY_COLUMNS = ("student_model", "seed", "student")


def player_episodes(results: ResultFolder, n_most: int, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """What the player of the page reads; all probabilities are whole thousandths.

    Students come with all their policies or not at all, first students first, every student model and seed in turn.

    Args:
        results: The folder.
        n_most: Episodes at most; one student with all the policies is always taken, unless this is 0.
        most_bytes: Length of the episodes as JSON at most, likewise: long episodes are fewer.

    Returns:
        ``concepts`` (names), ``questions`` (id and concepts of each question asked), ``policies`` (name, label),
        ``n_recorded`` (episodes whose steps were kept) and ``episodes``, each with ``policy``, ``model``, ``seed``,
        ``student``, ``targets``, ``gain``, ``question`` (places in ``questions``), ``response`` (1, 0; -1 where the
        question was refused), ``prob``, ``exam`` (one more than questions), ``start`` (mastery of the targets and of
        the concepts that change) and ``change``, which holds for each question a flat list of concept, mastery,
        concept, mastery: those that lie more than `LEAST_CHANGE` from where they were last told, and all the targets.

    Raises:
        CheckpointError: If steps are missing, or mastery has not one value for each concept of the bank.
    """
    run = results.settings
    n_policies = _n_policies(results)
    questions = _Questions()
    episodes = _episodes(results, _first_students(n_policies, run.student_models, n_most), questions, most_bytes)
    order = {policy.name: place for place, policy in enumerate(run.policies)}
    models = {name: place for place, name in enumerate(run.student_models)}
    episodes.sort(key=lambda one: (models[one["model"]], one["student"], one["seed"], order[one["policy"]]))
    return {
        "concepts": list(run.concept_names),
        "questions": questions.rows,
        "policies": [{"name": policy.name, "label": policy.label} for policy in run.policies],
        "n_recorded": sum(n_policies.values()),
        "episodes": episodes,
    }


class _Questions:
    """Every question is told once; episodes name its place."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, list[int]]] = []
        self._places: dict[str, int] = {}

    def place(self, question_id: str | None, concepts: Sequence[int]) -> int:
        name = "" if question_id is None else str(question_id)
        if name not in self._places:
            self._places[name] = len(self.rows)
            self.rows.append((name, list(concepts or ())))
        return self._places[name]


def _key_of(row: dict[str, Any]) -> Key:
    return row["student_model"], row["seed"], row["student"]


def _n_policies(results: ResultFolder) -> dict[Key, int]:
    """How many policies' episodes were kept step by step, for each student."""
    kept = results.steps.select("policy", *KEY_COLUMNS).unique().group_by(*KEY_COLUMNS).len()
    return {(model, seed, student): n for model, seed, student, n in kept.iter_rows()}


def _first_students(n_policies: dict[Key, int], models: Sequence[str], n_most: int) -> list[Key]:
    chosen: list[Key] = []
    left = n_most
    for key in sorted(n_policies, key=lambda key: (key[2], key[1], models.index(key[0]))):
        if n_policies[key] > left and (chosen or n_most == 0):
            break
        chosen.append(key)
        left -= n_policies[key]
    return chosen


def _episodes(
    results: ResultFolder, students: Sequence[Key], questions: _Questions, most_bytes: int
) -> list[dict[str, Any]]:
    outcomes = {(row["policy"], *_key_of(row)): row for row in results.episodes.iter_rows(named=True)}
    walks = results.steps.sort("step").partition_by(*KEY_COLUMNS, as_dict=True) if students else {}
    told: list[dict[str, Any]] = []
    left = most_bytes
    for key in students:
        group = [
            _episode(walk, outcomes, questions, len(results.settings.concept_names))
            for walk in walks[key].partition_by("policy")
        ]
        left -= len(json.dumps(group, separators=(",", ":")))
        if left < 0 and told:
            break
        told += group
    return told


def _episode(
    steps: pl.DataFrame, outcomes: dict[tuple[str, str, int, int], dict[str, Any]], questions: _Questions, n: int
) -> dict[str, Any]:
    first = steps.row(0, named=True)
    name = (first["policy"], *_key_of(first))
    outcome = outcomes.get(name)
    _check_walk(steps, name, outcome is not None, n)
    assert outcome is not None
    mastery = np.array(steps["mastery"].to_list(), np.float64)
    asked = steps[1:]
    return {
        "policy": name[0],
        "model": name[1],
        "seed": name[2],
        "student": name[3],
        "targets": list(outcome["targets"]),
        "gain": round(outcome["gain"], 3),
        "question": [
            questions.place(*pair) for pair in zip(asked["question_id"], asked["concepts"].to_list(), strict=True)
        ],
        "response": [-1 if response is None else int(response) for response in asked["response"]],
        "prob": [None if p is None or np.isnan(p) else round(p * PER_UNIT) for p in asked["answer_prob"]],
        "exam": _thousandths(steps["exam_score"].to_numpy()),
        **_mastery_changes(mastery, list(outcome["targets"])),
    }


def _check_walk(steps: pl.DataFrame, name: tuple[str, str, int, int], has_outcome: bool, n_concepts: int) -> None:
    where = "steps of {} on {}, seed {}, student {}".format(*name)
    if not has_outcome:
        raise CheckpointError(f"{where}: no such episode in the table of episodes. Compare again.")
    if steps["step"].to_list() != list(range(steps.height)):
        raise CheckpointError(f"{where}: expected steps 0, 1, 2 and so on, got {steps['step'].to_list()}.")
    lengths = set(steps["mastery"].list.len().to_list())
    if lengths != {n_concepts}:
        raise CheckpointError(
            f"{where}: expected the mastery of {n_concepts} concepts in every row, got {sorted(lengths, key=str)}."
        )


def _mastery_changes(mastery: NDArray[np.float64], targets: list[int]) -> dict[str, Any]:
    """Start and changes; a concept is told again when it lies too far from what was told, so errors don't add up."""
    told = mastery[0].copy()
    is_target = np.isin(np.arange(told.size), targets)
    changes = []
    for after in mastery[1:]:
        news = np.flatnonzero(is_target | (np.abs(after - told) > LEAST_CHANGE))
        told[news] = after[news]
        changes.append(_flat(news, after))
    changing = np.unique(np.concatenate([np.flatnonzero(is_target), *(change[::2] for change in changes)]).astype(int))
    return {"start": _flat(changing, mastery[0]), "change": changes}


def _flat(concepts: NDArray[np.int64], mastery: NDArray[np.float64]) -> list[int]:
    """Concept, mastery, concept, mastery and so on."""
    return np.stack([concepts, np.round(mastery[concepts] * PER_UNIT).astype(int)], axis=1).ravel().tolist()


def _thousandths(values: NDArray[np.float64]) -> list[int]:
    return [int(value) for value in np.round(values * PER_UNIT)]
