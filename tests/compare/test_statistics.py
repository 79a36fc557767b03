from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from ldsim_env.compare.statistics import Interval, bootstrap_interval, interquartile_mean
from ldsim_env.errors import MissingExtraError


def test_every_resample_keeps_the_number_of_episodes_of_each_seed() -> None:
    # All values of a seed are equal: within strata nothing can vary, however far apart the seeds are.
    assert bootstrap_interval(np.array([[0.0] * 6, [1.0] * 6]), np.mean, np.random.default_rng(0)) == Interval(0.5, 0.5)


def test_the_interquartile_mean_against_numbers_worked_out_by_hand() -> None:
    values = np.array([[-0.1, 0.0, 0.1, 0.2], [0.3, 0.4, 0.5, 1.0]])
    assert interquartile_mean(values) == pytest.approx((0.1 + 0.2 + 0.3 + 0.4) / 4)


def test_a_student_is_drawn_with_all_seeds() -> None:
    # A second seed with the very same gains is no news, so it must not make the interval narrower.
    gains = np.random.default_rng(1).normal(size=(1, 40))
    once, twice = (
        bootstrap_interval(values, np.mean, np.random.default_rng(0)) for values in (gains, np.repeat(gains, 2, axis=0))
    )
    assert (twice.low, twice.high) == pytest.approx((once.low, once.high))


@pytest.mark.parametrize("n_seeds", [1, 2])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(n_seeds: int) -> None:
    rng = np.random.default_rng(4)
    samples = rng.normal(0.3, 0.2, (300, n_seeds, 60))
    intervals = [bootstrap_interval(values, interquartile_mean, rng, 0.9, 400) for values in samples]
    assert 0.84 < np.mean([not interval.excludes(0.3) for interval in intervals]) < 0.95


def test_same_generator_same_interval_and_more_confidence_is_wider() -> None:
    values = np.random.default_rng(1).normal(size=(2, 30))

    def interval(seed: int, confidence: float = 0.95) -> Interval:
        return bootstrap_interval(values, interquartile_mean, np.random.default_rng(seed), confidence, 1_000)

    assert interval(0) == interval(0) != interval(1)
    assert interval(0, 0.99).low < interval(0).low < interval(0).high < interval(0, 0.99).high


@pytest.mark.parametrize("values", [np.zeros((1, 5)), np.full((3, 2), 0.7)])
def test_values_that_are_all_equal(values: NDArray[np.float64]) -> None:
    level = values[0, 0]
    interval = bootstrap_interval(values, interquartile_mean, np.random.default_rng(0))
    assert (interval.low, interval.high) == pytest.approx((level, level))


def test_missing_scipy_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ldsim-env\[report\]'"):
        interquartile_mean(np.zeros(4))
