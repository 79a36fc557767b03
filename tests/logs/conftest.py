"""Builders that the tests of the logs share."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from ldsim_env.logs import QuestionBank, ResponseLog, StudentHistory


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write lines to a file of this test."""

    def _write(name: str, *lines: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    return _write


@pytest.fixture
def make_log() -> Callable[..., ResponseLog]:
    """A log over a bank of 6 questions and 3 concepts, from (questions, responses) of each student."""

    def _make(*histories: tuple[Sequence[int], Sequence[int]]) -> ResponseLog:
        bank = QuestionBank.from_concept_lists(
            "TOY",
            list("abcdef"),
            [[0], [0, 1], [1], [2], [2], []],
            ["1", "2", "3"],
            concept_names=["Mean", "Median", "Mode"],
        )
        students = [
            StudentHistory(f"s{i}", np.array(q, np.int32), np.array(r, np.int8)) for i, (q, r) in enumerate(histories)
        ]
        return ResponseLog.from_histories(bank, students, "toy log")

    return _make
