"""The one place where the data-frame library comes in: it belongs to an extra, so it is imported when needed."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import missing_extra

if TYPE_CHECKING:
    import polars

_WHOLE_NUMBER = re.compile(r"\d+")


def load_polars() -> Any:
    """The module ``polars``.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        return importlib.import_module("polars")
    except ImportError as error:
        raise missing_extra("train", "Reading response logs", error) from error


def sort_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Ids in numerical order when all are whole numbers, else in the order of their letters."""
    found = list(ids)
    if all(_WHOLE_NUMBER.fullmatch(one) for one in found):
        return tuple(sorted(found, key=lambda one: (int(one), one)))
    return tuple(sorted(found))


def encode(ids: polars.Series) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The distinct ids in order, and for each entry of the column (no nulls) which of them it is."""
    pl = load_polars()
    distinct = sort_ids(ids.unique().to_list())
    codes: NDArray[np.int64] = ids.cast(pl.Enum(distinct)).to_physical().to_numpy().astype(np.int64)
    return distinct, codes
