"""Breaking cycles among prerequisites at the weakest edge."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple

from ldsim_env.errors import missing_extra
from ldsim_env.teacher.graph import Relation


class BrokenCycles(NamedTuple):
    """Prerequisites without cycles, and what was taken out; together they are what was given."""

    kept: tuple[Relation, ...]
    removed: tuple[Relation, ...]


def break_cycles(prerequisites: Sequence[Relation]) -> BrokenCycles:
    """Take out prerequisites until none go in a circle, each at the weakest edge of a cycle.

    Edges are put back from the most confident to the least; one that would close a cycle with those before it, all at
    least as confident, is left out. Edges that lie on no cycle are never touched.

    Args:
        prerequisites: Directed edges, each pair of concepts in one direction once.
    """
    nx = load_networkx("Breaking cycles of prerequisites")
    whole = nx.DiGraph([(one.source, one.target) for one in prerequisites])
    ring = {concept: i for i, part in enumerate(nx.strongly_connected_components(whole)) for concept in part}
    growing = nx.DiGraph()
    growing.add_nodes_from(whole)
    removed = set()
    for one in sorted(prerequisites, key=lambda one: (-one.confidence, one.source, one.target)):
        if ring[one.source] == ring[one.target] and nx.has_path(growing, one.target, one.source):
            removed.add(one)
        else:
            growing.add_edge(one.source, one.target)
    return BrokenCycles(
        kept=tuple(one for one in prerequisites if one not in removed),
        removed=tuple(one for one in prerequisites if one in removed),
    )


def load_networkx(purpose: str) -> ModuleType:
    """The graph library.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        import networkx  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("teacher", purpose, error) from error
    return networkx  # type: ignore[no-any-return, unused-ignore]
