"""How good probabilities and scores are: AUC, calibration."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import missing_extra


class Bin(NamedTuple):
    """Outcomes whose predicted probability lies in one range."""

    n: int
    predicted: float  # mean predicted probability
    observed: float  # share of right answers


def auc(outcome: NDArray[np.bool_] | NDArray[np.int8], score: NDArray[np.float64]) -> float:
    """Area under the ROC curve; NaN where one of the two outcomes does not occur."""
    try:
        from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("teacher", "Measuring a teacher", error) from error
    return float(roc_auc_score(outcome, score)) if len(np.unique(outcome)) == 2 else float("nan")


def auc_interval(outcome: NDArray[np.int8], area: float) -> tuple[float, float]:
    """95% interval of an AUC after Hanley and McNeil (1982), equations 1 and 2."""
    right, wrong = int((outcome == 1).sum()), int((outcome == 0).sum())
    if not right or not wrong:
        return float("nan"), float("nan")
    both_right, both_wrong = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (right - 1) * (both_right - area**2) + (wrong - 1) * (both_wrong - area**2)
    half = 1.96 * float(np.sqrt(max(variance, 0) / (right * wrong)))
    return area - half, area + half


def calibration_bins(outcome: NDArray[np.int8], probability: NDArray[np.float64], n_bins: int = 10) -> list[Bin]:
    """Predicted against observed, in bins of equal width; empty bins are left out."""
    place = np.clip((probability * n_bins).astype(int), 0, n_bins - 1)
    return [
        Bin(int(inside.sum()), float(probability[inside].mean()), float(outcome[inside].mean()))
        for inside in (place == i for i in range(n_bins))
        if inside.any()
    ]


def calibration_error(bins: list[Bin]) -> float:
    """Expected calibration error: mean distance between predicted and observed, weighted by outcomes."""
    total = sum(one.n for one in bins)
    return sum(one.n * abs(one.predicted - one.observed) for one in bins) / total if total else float("nan")
