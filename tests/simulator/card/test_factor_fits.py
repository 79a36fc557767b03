"""The factor that fits best, where it is known."""

import numpy as np
import pytest

from ldsim_env.simulator.card.factor_fits import Curves, count_curves, fit_curves, fit_losses, resample

N_STUDENTS, N_COLUMNS = 200, 8
FACTORS = (0.0, 0.5, 1.0, 1.5, 2.0)


def curves(factor: float, rng: np.random.Generator, warm_up: float = 0.0) -> Curves:
    """Success .5 in the first column, .03 times the factor more in each further one."""
    asked = np.full((N_STUDENTS, N_COLUMNS), 6.0)
    prob = 0.5 + 0.03 * factor * np.arange(N_COLUMNS)
    prob[0] -= warm_up
    return Curves(rng.binomial(6, np.broadcast_to(prob, asked.shape)).astype(float), asked)


@pytest.mark.parametrize("truth", [0.25, 1.0, 1.8])
@pytest.mark.parametrize("anchor", [None, 0, 1])
def test_the_true_factor_is_found(truth: float, anchor: int | None) -> None:
    rng = np.random.default_rng(0)
    simulated = {factor: curves(factor, rng) for factor in FACTORS}
    fit = fit_curves(curves(truth, rng), simulated, resample(N_STUDENTS, 0), anchor)
    assert fit.low <= truth <= fit.high
    assert fit.best == pytest.approx(truth, abs=0.4)


def test_a_warm_up_misleads_growth_since_the_first_question_alone() -> None:
    rng = np.random.default_rng(1)
    simulated = {factor: curves(factor, rng) for factor in FACTORS}
    real, weights = curves(1.0, rng, warm_up=0.1), resample(N_STUDENTS, 0)
    assert fit_curves(real, simulated, weights, anchor=0).low > 1.3
    assert fit_curves(real, simulated, weights, anchor=1).best == pytest.approx(1, abs=0.4)


def test_the_least_loss_is_found() -> None:
    rng = np.random.default_rng(2)
    losses = {factor: (factor - 1.2) ** 2 + rng.normal(0, 0.05, N_STUDENTS) for factor in FACTORS}
    assert fit_losses(losses, resample(N_STUDENTS, 0)).best == pytest.approx(1.2, abs=0.05)


def test_answers_are_counted_by_student_and_column() -> None:
    counted = count_curves(np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([True, False, True]), (2, 2))
    assert counted.asked.tolist() == [[0, 2], [1, 0]]
    assert counted.right.tolist() == [[0, 1], [1, 0]]
    assert counted.shares() == (1.0, 0.5)
