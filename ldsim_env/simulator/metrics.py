"""How well predicted probabilities fit responses: AUC, accuracy, RMSE and expected calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import missing_extra

CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Scores:
    """How well P(right) fits the true responses at ``n`` positions.

    Args:
        n: Scored positions.
        auc: Area under the ROC curve; NaN where all responses are alike.
        accuracy: Share of responses on the side of 0.5 where the probability is.
        rmse: Root mean squared error of the probability.
        ece: Expected calibration error: mean over 10 bins of equal width, weighted by their positions, of
            |share of right answers - mean probability|.
        mean_prob: Mean probability.
        mean_response: Share of right answers.
    """

    n: int
    auc: float
    accuracy: float
    rmse: float
    ece: float
    mean_prob: float
    mean_response: float

    @property
    def gap(self) -> float:
        """Expected minus real share of right answers."""
        return self.mean_prob - self.mean_response


@dataclass(frozen=True)
class ReliabilityBin:
    """One bin of a reliability diagram: what was predicted and what happened."""

    n: int
    mean_prob: float
    mean_response: float


def score(response: NDArray[np.floating], prob: NDArray[np.floating]) -> Scores:
    """Score probabilities of a right answer against responses, both ``(n,)``, n >= 1."""
    try:
        from sklearn.metrics import roc_auc_score, root_mean_squared_error  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("train", "Scoring a simulator", error) from error
    mixed = 0 < response.mean() < 1
    return Scores(
        n=len(response),
        auc=float(roc_auc_score(response, prob)) if mixed else float("nan"),
        accuracy=float(np.mean((prob > 0.5) == (response > 0.5))),
        rmse=float(root_mean_squared_error(response, prob)),
        ece=sum(b.n * abs(b.mean_prob - b.mean_response) for b in reliability(response, prob)) / len(response),
        mean_prob=float(prob.mean()),
        mean_response=float(response.mean()),
    )


def reliability(
    response: NDArray[np.floating], prob: NDArray[np.floating], bins: int = CALIBRATION_BINS
) -> list[ReliabilityBin]:
    """The bins of equal width that hold anything, from low to high probability."""
    bin_of = np.minimum((prob * bins).astype(int), bins - 1)
    members = [bin_of == b for b in range(bins)]
    return [
        ReliabilityBin(int(inside.sum()), float(prob[inside].mean()), float(response[inside].mean()))
        for inside in members
        if inside.any()
    ]
