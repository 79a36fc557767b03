"""Where a concept stands in the drawn graph: a column for each prerequisite depth, few crossings between columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.teacher.cycles import load_networkx
from ldsim_env.teacher.graph import ConceptGraph

_SWEEPS = 40
_RELATED_PULL = 0.5  # how much a related concept pulls beside a prerequisite (1)
_GROUP_PULL = 0.06  # how much each other concept of the group pulls: groups become bands


class Layout(NamedTuple):
    """Places of the concepts that have relations."""

    concepts: tuple[int, ...]
    column: dict[int, int]  # from 0, left to right
    height: dict[int, float]  # 0 is the middle, 1 apart within a column at least
    group: dict[int, int]  # densely connected concepts, from 0, the largest group first


def layered_layout(graph: ConceptGraph) -> Layout:
    """Columns by prerequisite depth, heights by barycentre sweeps (Sugiyama, Tagawa and Toda 1981).

    A concept without prerequisites moves to the column before its first target, so that no edge is longer than needed.
    """
    isolated = set(graph.isolated)
    concepts = tuple(concept for concept in range(graph.n_concepts) if concept not in isolated)
    column = _columns(graph, concepts)
    group = _groups(graph, concepts)
    pull = _pull(graph, group)
    height = _start_heights(concepts, column)
    members = [[one for one in concepts if column[one] == c] for c in range(max(column.values(), default=-1) + 1)]
    for sweep in range(_SWEEPS):
        for layer in members if sweep % 2 == 0 else reversed(members):
            _settle(layer, pull, height)
    return Layout(concepts, column, {concept: float(height[concept]) for concept in concepts}, group)


def _columns(graph: ConceptGraph, concepts: tuple[int, ...]) -> dict[int, int]:
    column = {concept: int(graph.depths[concept]) for concept in concepts}
    targets: dict[int, list[int]] = {}
    for one in graph.prerequisites:
        targets.setdefault(one.source, []).append(one.target)
    alike: dict[int, list[int]] = {}
    for one in graph.related:
        alike.setdefault(one.source, []).append(one.target)
        alike.setdefault(one.target, []).append(one.source)
    sources = {one.target for one in graph.prerequisites}
    for concept in concepts:
        if concept in sources:
            continue
        if concept in targets:
            column[concept] = min(column[target] for target in targets[concept]) - 1
        else:  # related only: beside what it is related to
            column[concept] = round(float(np.mean([graph.depths[other] for other in alike[concept]])))
    used = {old: new for new, old in enumerate(sorted(set(column.values())))}
    return {concept: used[old] for concept, old in column.items()}


def _groups(graph: ConceptGraph, concepts: tuple[int, ...]) -> dict[int, int]:
    """Communities by Louvain's method (Blondel et al. 2008)."""
    nx = load_networkx("Drawing a concept graph")
    whole = nx.Graph()
    whole.add_nodes_from(concepts)
    whole.add_weighted_edges_from((*graph.prerequisites, *graph.related))
    found = sorted(nx.community.louvain_communities(whole, seed=0), key=lambda members: (-len(members), min(members)))
    return {concept: i for i, members in enumerate(found) for concept in members}


def _pull(graph: ConceptGraph, group: dict[int, int]) -> NDArray[np.float64]:
    """``(K, K)`` symmetric: how strongly concepts want to stand at one height."""
    member = np.array([group.get(concept, -1 - concept) for concept in range(graph.n_concepts)])
    pull = np.where(member[:, None] == member, _GROUP_PULL / 2, 0.0)
    np.fill_diagonal(pull, 0)
    for source, target, confidence in graph.prerequisites:
        pull[source, target] += confidence
    for source, target, confidence in graph.related:
        pull[source, target] += _RELATED_PULL * confidence
    return pull + pull.T


def _start_heights(concepts: tuple[int, ...], column: dict[int, int]) -> dict[int, float]:
    filled: dict[int, int] = {}
    height = {}
    for concept in concepts:
        height[concept] = float(filled.get(column[concept], 0))
        filled[column[concept]] = filled.get(column[concept], 0) + 1
    return {concept: value - (filled[column[concept]] - 1) / 2 for concept, value in height.items()}


def _settle(layer: list[int], pull: NDArray[np.float64], height: dict[int, float]) -> None:
    """Move one column's concepts to their neighbours' mean height, in that order, 1 apart at least."""
    known = np.array(sorted(height))
    heights = np.array([height[concept] for concept in known])
    wanted = {}
    for concept in layer:
        weights = pull[concept, known]
        wanted[concept] = float(weights @ heights / weights.sum())
    order = sorted(layer, key=lambda concept: (wanted[concept], concept))
    placed = _spread([wanted[concept] for concept in order])
    height.update(zip(order, placed, strict=True))


def _spread(wanted: list[float]) -> list[float]:
    """Nearest heights (least squares) in the same order that are 1 apart at least: pool adjacent violators."""
    blocks: list[tuple[float, int]] = []  # mean of (wanted - position) and size
    for position, value in enumerate(wanted):
        mean, size = value - position, 1
        while blocks and blocks[-1][0] > mean:
            other_mean, other_size = blocks.pop()
            mean, size = (mean * size + other_mean * other_size) / (size + other_size), size + other_size
        blocks.append((mean, size))
    levels = [mean for mean, size in blocks for _ in range(size)]
    return [level + position for position, level in enumerate(levels)]
