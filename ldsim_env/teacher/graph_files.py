"""Concept graphs as files: our JSON, and recorded relations as CSV."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

from ldsim_env.errors import CheckpointError, TeacherError
from ldsim_env.files import write_atomic
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.teacher.cycles import break_cycles
from ldsim_env.teacher.graph import ConceptGraph, Relation, undirected
from ldsim_env.teacher.prompts import readable
from ldsim_env.teacher.provenance import Provenance

GRAPH_FORMAT_VERSION = 1
STRONGEST = 3  # recorded strengths go from 1 to 3
_COLUMNS = ("source_id", "source", "target_id", "target", "relation", "strength")
_PREREQUISITE, _RELATED = "prerequisite", "related"


def save_graph(graph: ConceptGraph, path: Path) -> None:
    """Write a graph as one JSON file (to a temporary file first, then renamed)."""
    content = {
        "format_version": GRAPH_FORMAT_VERSION,
        "concepts": [list(pair) for pair in zip(graph.concept_ids, graph.concept_names, strict=True)],
        **{name: _rounded(getattr(graph, name)) for name in ("prerequisites", "related", "removed")},
        "provenance": graph.provenance.to_json(),
    }
    write_atomic(path, json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


def load_graph(path: Path) -> ConceptGraph:
    """Read what `save_graph` wrote.

    Raises:
        CheckpointError: If the file can't be read, is damaged or of another format version.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = content["format_version"]
        if version != GRAPH_FORMAT_VERSION:
            raise CheckpointError(
                f"{path}: concept graph format version {version}; this library reads version {GRAPH_FORMAT_VERSION}. "
                "Use the library version that wrote it, or distil the relations again."
            )
        return ConceptGraph(
            concept_ids=tuple(one for one, _ in content["concepts"]),
            concept_names=tuple(name for _, name in content["concepts"]),
            prerequisites=_relations(content["prerequisites"]),
            related=_relations(content["related"]),
            removed=_relations(content["removed"]),
            provenance=Provenance.from_json(content["provenance"]),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path}: not a concept graph ({error!r}). Copy or distil it again.") from error


def from_recorded(path: Path, bank: QuestionBank | None = None, teacher: str = "") -> ConceptGraph:
    """Read recorded relations: a CSV with source_id, source, target_id, target, relation, strength.

    A strength of 1, 2 or 3 becomes a confidence of 1/3, 2/3 or 1. Cycles are broken at the weakest edge.

    Args:
        path: The file.
        bank: The course's bank, whose concepts (isolated ones as well) the graph then has, in its order; None takes
            the concepts that the file names.
        teacher: Name of the teacher for the provenance; empty takes the file's name.

    Raises:
        TeacherError: If the file has no such columns, or a line is not as described.
    """
    rows = _recorded_rows(path)
    names = {row[f"{side}_id"]: readable(row[side]) for row in rows for side in ("source", "target")}
    index = {concept_id: i for i, concept_id in enumerate(names)}
    edges = [Relation(index[row["source_id"]], index[row["target_id"]], _confidence(row)) for row in rows]
    kinds = [row["relation"] for row in rows]
    kept, removed = break_cycles([one for one, kind in zip(edges, kinds, strict=True) if kind == _PREREQUISITE])
    graph = ConceptGraph(
        concept_ids=tuple(names),
        concept_names=tuple(names.values()),
        prerequisites=kept,
        related=tuple(undirected(*one) for one, kind in zip(edges, kinds, strict=True) if kind == _RELATED),
        removed=removed,
        provenance=Provenance(teacher or f"recorded answers ({path.name})", counts=dict(Counter(kinds))),
    )
    return graph.for_bank(bank) if bank is not None else graph


def read_relations(path: Path, bank: QuestionBank) -> ConceptGraph:
    """A graph over a bank from a file of either kind: recorded relations (``.csv``), or what `save_graph` wrote."""
    return from_recorded(path, bank) if path.suffix == ".csv" else load_graph(path).for_bank(bank)


def _recorded_rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise TeacherError(f"{path}: expected recorded relations as CSV ({error}). Check the path.") from error
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing or not rows:
        raise TeacherError(
            f"{path}: expected the columns {', '.join(_COLUMNS)} and at least one row, got {len(rows)} rows"
            f"{' without ' + ', '.join(missing) if missing else ''}."
        )
    bad = [
        f"line {i}: {row['relation']!r}, {row['strength']!r}" for i, row in enumerate(rows, 2) if not _is_recorded(row)
    ]
    if bad:
        raise TeacherError(
            f"{path}: expected relation {_PREREQUISITE!r} or {_RELATED!r} and strength 1, 2 or 3, "
            f"got {len(bad)} other lines: {'; '.join(bad[:5])}."
        )
    return rows


def _is_recorded(row: dict[str, str]) -> bool:
    known = [str(strength) for strength in range(1, STRONGEST + 1)]
    return row["relation"] in (_PREREQUISITE, _RELATED) and row["strength"] in known


def _confidence(row: dict[str, str]) -> float:
    return int(row["strength"]) / STRONGEST


def _rounded(relations: tuple[Relation, ...]) -> list[list[float]]:
    return [[one.source, one.target, round(one.confidence, 4)] for one in relations]


def _relations(rows: list[list[float]]) -> tuple[Relation, ...]:
    return tuple(Relation(int(source), int(target), float(confidence)) for source, target, confidence in rows)
