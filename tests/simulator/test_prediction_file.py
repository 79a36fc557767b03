"""Predictions as CSV: fixed columns, ids as the log has them."""

import csv
from pathlib import Path

import numpy as np
import pytest

from ldsim_env.logs import QuestionBank, match_bank
from ldsim_env.simulator import for_log, predict_kt
from ldsim_env.simulator.prediction_file import write_predictions
from tests.simulator.made_up import log_of, made_up_network


def other_bank() -> QuestionBank:
    """Some of the made-up bank's questions in another order, and one that it doesn't have."""
    return QuestionBank.from_concept_lists("OTHER", ["q7", "new,one", "q3"], [[0], [1], [2]], ["2", "1", "3"])


def test_rows_are_named_as_in_the_log(tmp_path: Path) -> None:
    log = log_of(other_bank(), ([0, 1, 2, 1], [1, 0, 1, 1]), ([2, 2], [1, 1]), ([1, 0, 2], [0, 0, 1]))
    network, matched = for_log(made_up_network(), log)
    predictions = predict_kt(network, matched.log)
    write_predictions(tmp_path / "to" / "predictions.csv", predictions, matched)
    content = (tmp_path / "to" / "predictions.csv").read_bytes()
    assert content.startswith(b"student,window,position,question,response,prob\n")
    assert b"\r" not in content
    rows = list(csv.reader(content.decode().splitlines()))[1:]
    assert [row[:5] for row in rows] == [
        ["s0", "0", "1", "new,one", "0"],
        ["s0", "0", "2", "q3", "1"],
        ["s0", "0", "3", "new,one", "1"],
        ["s2", "0", "1", "q7", "0"],
        ["s2", "0", "2", "q3", "1"],
    ]
    np.testing.assert_allclose([float(row[5]) for row in rows], predictions.prob, atol=5e-7)


def test_nothing_is_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of(other_bank(), ([0, 1, 2, 1], [1, 0, 1, 1]))
    network, matched = for_log(made_up_network(), log)
    predictions = predict_kt(network, matched.log)
    path = tmp_path / "predictions.csv"
    path.write_text("as it was")

    def no_space(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OSError, match="no space"):
        write_predictions(path, predictions, match_bank(log, network.bank))
    assert path.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [path]
