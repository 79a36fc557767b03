"""Arrays with one row a student, of whom only some begin a new episode."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

Rows: TypeAlias = slice | NDArray[np.int64]
"""Which students: all of them, or indices in ascending order."""

ALL_ROWS = slice(None)


def with_rows(array: NDArray[Scalar], rows: Rows, values: Any) -> NDArray[Scalar]:
    """A copy of ``array`` with ``values`` in some of its rows.

    A copy, because infos of past steps hold the arrays and are read when the user wants.
    """
    changed = array.copy()
    changed[rows] = values
    return changed
