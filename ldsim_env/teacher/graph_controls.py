"""Graphs that know nothing, for the ablation: as large as a real one, but random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ldsim_env.teacher.graph import ConceptGraph, Relation, undirected


def shuffled_graph(graph: ConceptGraph, rng: np.random.Generator) -> ConceptGraph:
    """The same graph with its concepts exchanged at random: all its shape (degrees, depth, confidences), no meaning."""
    place = rng.permutation(graph.n_concepts)
    return replace(
        graph,
        prerequisites=tuple(Relation(int(place[s]), int(place[t]), c) for s, t, c in graph.prerequisites),
        related=tuple(undirected(int(place[s]), int(place[t]), c) for s, t, c in graph.related),
        removed=(),
        provenance=replace(graph.provenance, teacher=f"concepts exchanged at random: {graph.provenance.teacher}"),
    )


def random_graph(graph: ConceptGraph, rng: np.random.Generator) -> ConceptGraph:
    """Random pairs: as many prerequisites and related ones as ``graph`` has, with its confidences, without cycles."""
    order = rng.permutation(graph.n_concepts)  # prerequisites go along a random order, so none go in a circle
    first, second = np.triu_indices(graph.n_concepts, k=1)
    n = len(graph.prerequisites)
    drawn = rng.permutation(len(first))[: n + len(graph.related)]
    pairs = [(int(order[a]), int(order[b])) for a, b in zip(first[drawn], second[drawn], strict=True)]
    return replace(
        graph,
        prerequisites=tuple(
            Relation(s, t, one.confidence) for (s, t), one in zip(pairs[:n], graph.prerequisites, strict=True)
        ),
        related=tuple(undirected(s, t, one.confidence) for (s, t), one in zip(pairs[n:], graph.related, strict=True)),
        removed=(),
        provenance=replace(graph.provenance, teacher=f"random pairs, as many as: {graph.provenance.teacher}"),
    )
