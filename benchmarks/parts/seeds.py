"""Mean and spread of figures over runs that differ by their seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


def over_seeds(columns: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    """Mean, least and greatest of each column, which has a figure of every run."""
    return {
        name: {"mean": float(np.mean(values)), "min": min(values), "max": max(values)}
        for name, values in columns.items()
    }
