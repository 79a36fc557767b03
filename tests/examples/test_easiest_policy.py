from __future__ import annotations

import pytest

from examples.easiest_policy import Easiest
from ldsim_env.compare import CompareSettings, compare
from tests.envs.fake_student import SMALL_ID, FakeStudent, register_small

pytest.importorskip("polars", reason="needs the extra 'report'")


def test_it_asks_the_easiest_that_was_not_asked() -> None:
    register_small()
    probs = [0.1 + 0.05 * question for question in range(12)]
    settings = CompareSettings(
        SMALL_ID,
        {"cohort_split": "all"},
        {"fake": FakeStudent(probs=probs)},
        n_students=3,
        n_steps=4,
        reference="easiest",
    )
    steps = compare([Easiest()], settings).steps
    for student in range(3):
        assert steps.filter(student=student)["question"].to_list() == [None, 11, 10, 9, 8]
