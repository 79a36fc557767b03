"""Scores against scikit-learn and against sums done by hand."""

import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score, root_mean_squared_error

from ldsim_env.simulator import ReliabilityBin, reliability, score


def test_scores_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    prob = rng.random(500).astype(np.float32)
    response = (rng.random(500) < prob).astype(np.float32)
    scores = score(response, prob)
    assert scores.n == 500
    assert scores.auc == pytest.approx(roc_auc_score(response, prob))
    assert scores.accuracy == pytest.approx(accuracy_score(response, prob > 0.5))
    assert scores.rmse == pytest.approx(root_mean_squared_error(response, prob))
    assert scores.mean_prob == pytest.approx(prob.mean())
    assert scores.mean_response == pytest.approx(response.mean())


def test_calibration_error_by_hand() -> None:
    prob = np.array([0.02, 0.08, 0.72, 0.78, 0.75, 1.0], np.float32)
    response = np.array([0, 1, 1, 0, 1, 0], np.float32)
    # bins 0-.1: |.5 - .05| of 2; .7-.8: |2/3 - .75| of 3; .9-1, to which 1.0 belongs: |0 - 1| of 1
    expected = (2 * 0.45 + 3 * (0.75 - 2 / 3) + 1) / 6
    assert score(response, prob).ece == pytest.approx(expected, abs=1e-6)


def test_reliability_leaves_out_empty_bins() -> None:
    found = reliability(np.array([1.0, 0.0, 1.0]), np.array([0.31, 0.39, 0.95]))
    assert found == [
        ReliabilityBin(2, pytest.approx(0.35), pytest.approx(0.5)),
        ReliabilityBin(1, pytest.approx(0.95), pytest.approx(1.0)),
    ]


def test_a_perfect_and_a_worthless_model() -> None:
    response = np.array([1.0, 0.0, 1.0, 0.0])
    perfect = score(response, response)
    assert (perfect.auc, perfect.accuracy, perfect.rmse, perfect.ece) == (1, 1, 0, 0)
    worthless = score(response, np.full(4, 0.5))
    assert (worthless.auc, worthless.rmse, worthless.ece) == (0.5, 0.5, 0)


@pytest.mark.parametrize("all_alike", [0.0, 1.0])
def test_auc_of_answers_all_alike_is_undefined(all_alike: float) -> None:
    scores = score(np.full(3, all_alike), np.array([0.2, 0.4, 0.9]))
    assert math.isnan(scores.auc)
    assert 0 <= scores.accuracy <= 1
