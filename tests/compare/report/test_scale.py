from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ldsim_env.compare.report.scale import Scale, scale_over

NUMBERS = st.floats(-1e4, 1e4, allow_nan=False)


def test_round_numbers() -> None:
    assert scale_over([0.0, 0.37]).ticks == (0.0, 0.1, 0.2, 0.3, 0.4)
    assert scale_over([-0.02, 0.9]).ticks == (-0.25, 0.0, 0.25, 0.5, 0.75, 1.0)
    assert scale_over([0.0, 200_000.0]).ticks == (0.0, 50_000.0, 100_000.0, 150_000.0, 200_000.0)


@given(st.lists(NUMBERS, min_size=1, max_size=8))
def test_the_axis_holds_every_value_with_a_few_ticks(values: list[float]) -> None:
    scale = scale_over(values)
    slack = 1e-6 * (scale.high - scale.low)
    assert scale.low - slack <= min(values) <= max(values) <= scale.high + slack
    assert 2 <= len(scale.ticks) <= 7
    assert list(scale.ticks) == sorted(set(scale.ticks))


@pytest.mark.parametrize(("value", "percent"), [(0.0, 0), (1.0, 25), (4.0, 100), (-3.0, 0), (9.0, 100)])
def test_places_are_percentages_within_the_axis(value: float, percent: float) -> None:
    assert Scale(0.0, 4.0, (0.0, 2.0, 4.0)).percent(value) == percent
