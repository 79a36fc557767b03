from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from ldsim_env.compare import CompareSettings, Comparison, Interval, summarise
from ldsim_env.compare.results import OUTCOMES
from ldsim_env.compare.statistics import bootstrap_interval, interquartile_mean
from ldsim_env.errors import MissingExtraError, SettingsError

A = [[-0.1, 0.0, 0.1, 0.2], [0.3, 0.4, 0.5, 1.0]]
B = [[0.0, 0.0, 0.0, 0.0], [0.1, 0.1, 0.1, 0.1]]


def comparison(*gains: object, n_seeds: int = 2, n_students: int = 4, reference: str = "random") -> Comparison:
    names = ("random", "clever", "third")[: len(gains)]
    values = {name: np.full((len(gains), n_seeds, n_students), 0.5) for name in OUTCOMES}
    values["learning_gain"] = np.array(gains, np.float64)
    settings = CompareSettings(n_students=n_students, seeds=tuple(range(n_seeds)), reference=reference, n_resamples=500)
    return Comparison(settings, names, (False,) * len(gains), **values)


def test_statistics_against_numbers_worked_out_by_hand() -> None:
    reference, clever = summarise(comparison(B, A))
    assert clever.mean == pytest.approx(2.4 / 8)
    assert clever.median == pytest.approx((0.2 + 0.3) / 2)
    assert clever.share_negative == pytest.approx(1 / 8)
    assert clever.iqm == pytest.approx((0.1 + 0.2 + 0.3 + 0.4) / 4)
    assert clever.difference == pytest.approx(0.3 - 0.05)
    assert (clever.success_rate, clever.repeat_rate, clever.n_steps) == (0.5, 0.5, 0.5)
    assert reference.difference == 0
    assert reference.difference_interval == Interval(0, 0)


def test_pairs_make_a_constant_difference_certain() -> None:
    noisy = np.random.default_rng(0).normal(0.2, 0.3, (2, 4))
    _, clever = summarise(comparison(noisy, noisy + 0.1))
    assert clever.difference_interval.low == pytest.approx(0.1)
    assert clever.difference_interval.high == pytest.approx(0.1)
    assert clever.iqm_interval.high - clever.iqm_interval.low > 0.05
    assert clever.difference_interval.excludes(0)
    assert not clever.difference_interval.excludes(clever.difference_interval.low)


def test_every_resample_keeps_the_number_of_episodes_of_each_seed() -> None:
    # All values of a seed are equal: within strata nothing can vary, however far apart the seeds are.
    assert bootstrap_interval(np.array([[0.0] * 6, [1.0] * 6]), np.mean, np.random.default_rng(0)) == Interval(0.5, 0.5)


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


def test_a_reference_that_was_not_compared() -> None:
    with pytest.raises(SettingsError, match="expected one of random, clever, got 'greedy'"):
        summarise(comparison(B, A, reference="greedy"))


def test_missing_scipy_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ldsim-env\[report\]'"):
        summarise(comparison(B))
