"""The figures of the benchmark on randomised training: regret, agreement, and their intervals over students."""

import numpy as np
import pytest
from parts.agreement import (
    beside_the_others,
    choice_regret,
    mean_agreement,
    order_agreement,
    over_students,
    regret,
    worst_regret,
    worst_shortfall,
)
from parts.travel import Travel

MEANS = np.array([[0.3, 0.1, 0.2], [0.2, 0.2, 0.1], [0.1, 0.3, 0.3]])  # policies x student models


def test_regret_is_against_the_best_of_each_student_model() -> None:
    np.testing.assert_allclose(regret(MEANS), [[0.0, 0.2, 0.1], [0.1, 0.1, 0.2], [0.2, 0.0, 0.0]])
    np.testing.assert_allclose(worst_regret(MEANS), [0.2, 0.2, 0.2])
    assert worst_shortfall(MEANS) == pytest.approx(0.2)
    assert worst_shortfall(MEANS + np.array([[1], [0], [0]])) == pytest.approx(-0.8)


def test_orders_agree_by_spearmans_rho() -> None:
    expected = [[1.0, -1.0, -0.5], [-1.0, 1.0, 0.5], [-0.5, 0.5, 1.0]]
    np.testing.assert_allclose(order_agreement(MEANS), expected)
    assert mean_agreement(MEANS) == pytest.approx((-1.0 - 0.5 + 0.5) / 3)


def test_choosing_by_one_student_model_costs_on_another() -> None:
    np.testing.assert_allclose(choice_regret(MEANS), [[0.0, 0.2, 0.1], [0.2, 0.0, 0.0], [0.2, 0.0, 0.0]])


def test_further_axes_are_carried_along() -> None:
    stacked = np.stack([MEANS, MEANS[::-1]], axis=-1)
    for figure in (regret, worst_regret, order_agreement, mean_agreement, choice_regret):
        np.testing.assert_allclose(figure(stacked)[..., 0], figure(MEANS))
        np.testing.assert_allclose(figure(stacked)[..., 1], figure(MEANS[::-1]))


def test_the_mean_of_some_student_models_stands_beside_one() -> None:
    np.testing.assert_allclose(beside_the_others(MEANS, 2, [0, 1]), [[0.2, 0.2], [0.2, 0.1], [0.2, 0.3]])


def test_an_interval_resamples_the_students_of_all_policies_together() -> None:
    students = np.random.default_rng(1).normal(size=100)
    ahead = np.stack([students + 0.5, students])[:, None]  # always by as much, whoever is drawn
    lead = over_students(ahead, lambda means: means[0, 0] - means[1, 0])
    assert (lead.low, lead.high) == pytest.approx((0.5, 0.5))
    mean = over_students(ahead, lambda means: np.asarray(means[1, 0]))
    assert mean.low < students.mean() < mean.high
    assert mean.high - mean.low == pytest.approx(2 * 1.96 * students.std() / 10, rel=0.2)


def test_the_report_measures_variants_over_their_seeds() -> None:
    rng = np.random.default_rng(0)
    noise = 0.01 * rng.normal(size=(2, 3, 50))  # seeds x student models x students
    runs = {name: level[:, None] + noise for name, level in zip("abc", MEANS, strict=True)}
    travel = Travel(("one", "two", "other"), 2, {"rule": np.full((3, 50), 0.25)}, runs, "a")
    report = travel.report({"first": ["a", "b"]})
    assert report["gain"]["a"]["one"]["value"] == pytest.approx(0.3, abs=0.01)
    assert len(report["gain_of_runs"]["a"]) == 2
    assert report["regret"]["b"]["other"] == pytest.approx(0.2)
    assert report["regret"]["b"]["worst of the mix"]["value"] == pytest.approx(0.1)
    assert report["regret"]["b"]["worst"]["value"] == pytest.approx(0.2)
    assert report["regret_among"]["first"]["b"]["worst"]["value"] == pytest.approx(0.1)
    assert report["regret"]["b"]["beyond the reference"]["value"] == pytest.approx(-0.1)
    assert report["shortfall_of_rules"]["rule"]["value"] == pytest.approx(0.05, abs=0.01)
    assert report["agreement"]["first"]["n_policies"] == 4
    assert report["agreement"]["all"]["n_policies"] == 7
    assert set(report["choosing"]["one"]) == {"two", "other", "mean of the mix"}
    assert report["choosing"]["one"]["mean of the mix"] == report["choosing"]["one"]["two"]
