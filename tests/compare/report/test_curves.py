from __future__ import annotations

import polars as pl
import pytest

from ldsim_env.compare.report.curves import MOST_POINTS, learning_curves
from tests.compare.report.made_up_results import curves_of


def test_mean_and_range_over_the_seeds() -> None:
    table = pl.DataFrame(
        {"agent": ["a"] * 4, "seed": [0, 0, 1, 1], "steps": [0, 10, 0, 10], "seconds": [0.0, 1, 0, 1],
         "gain": [0.0, 0.2, 0.1, 0.6]}
    )  # fmt: skip
    (curve,) = learning_curves(table, "steps")
    assert (curve.agent, curve.n_seeds, curve.x.tolist()) == ("a", 2, [0, 10])
    assert curve.mean.tolist() == pytest.approx([0.05, 0.4])
    assert curve.low.tolist() == pytest.approx([0.0, 0.2])
    assert curve.high.tolist() == pytest.approx([0.1, 0.6])


def test_seeds_with_other_points_meet_where_both_have_some() -> None:
    table = pl.DataFrame(
        {"agent": ["a"] * 4, "seed": [0, 0, 1, 1], "steps": [0, 10, 4, 14], "seconds": [0.0] * 4,
         "gain": [0.0, 1.0, 0.0, 1.0]}
    )  # fmt: skip
    (curve,) = learning_curves(table, "steps")
    assert curve.x.tolist() == [4, 10]
    assert curve.mean.tolist() == pytest.approx([0.2, 0.8])


def test_agents_in_order_of_their_names() -> None:
    both = pl.concat([curves_of("ppo"), curves_of("dqn")])
    assert [curve.agent for curve in learning_curves(both, "seconds")] == ["dqn", "ppo"]


def test_a_long_curve_is_thinned() -> None:
    steps = list(range(5_000))
    table = pl.DataFrame({"agent": "a", "seed": 0, "steps": steps, "seconds": 0.0, "gain": [k / 5_000 for k in steps]})
    (curve,) = learning_curves(table, "steps")
    assert curve.x.size == MOST_POINTS
    assert curve.mean[-1] == pytest.approx(4_999 / 5_000)


def test_nothing_to_draw() -> None:
    table = pl.DataFrame({"agent": ["a"], "seed": [0], "steps": [1], "seconds": [None], "gain": [0.1]})
    assert learning_curves(table, "seconds") == ()
    assert learning_curves(table.clear(), "steps") == ()
