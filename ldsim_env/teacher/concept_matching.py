"""Which concepts of two lists are the same: of a graph or of labels, and of a bank."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1


def match_concepts(
    ids: Sequence[str], names: Sequence[str], known_ids: Sequence[str], known_names: Sequence[str]
) -> NDArray[np.int64]:
    """Find concepts in another list: by name (but for case and blanks), where none has it, by id.

    The id counts only where one of the two lists has no names (names that are the ids), so that a numbering of
    another course can't join concepts of different names.

    Returns:
        ``(len(ids),)`` int64 positions in the other list, -1 where it doesn't have the concept. No position twice.
    """
    by_name = {normal_name(name): position for position, name in reversed(list(enumerate(known_names)))}
    by_id = {} if _named(ids, names) and _named(known_ids, known_names) else _positions(known_ids)
    found = np.full(len(ids), UNKNOWN, np.int64)
    taken: set[int] = set()
    for i, (one, name) in enumerate(zip(ids, names, strict=True)):
        position = by_name.get(normal_name(name), by_id.get(one, UNKNOWN))
        if position not in taken:
            found[i] = position
        taken.add(position)
    return found


def normal_name(name: str) -> str:
    """A name as it is compared: case and blanks don't count."""
    return " ".join(name.casefold().split())


def _named(ids: Sequence[str], names: Sequence[str]) -> bool:
    return tuple(ids) != tuple(names)


def _positions(values: Sequence[str]) -> dict[str, int]:
    return {value: position for position, value in enumerate(values)}
