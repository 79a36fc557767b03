import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldsim_env.errors import SettingsError
from ldsim_env.logs import QuestionBank, ResponseLog, padded, select_windows, simulated_steps, windows


def log_of_lengths(lengths):
    bank = QuestionBank.from_concept_lists("TOY", ["a", "b"], [[0], [0]], ["1"])
    n = sum(lengths)
    rng = np.random.default_rng(0)
    return ResponseLog(
        bank,
        tuple(str(i) for i in range(len(lengths))),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        rng.integers(0, 2, n).astype(np.int32),
        rng.integers(0, 2, n).astype(np.int8),
    )


def test_windows_are_cut_and_short_ones_left_out():
    found = windows(log_of_lengths([450, 2, 201, 3]))
    assert found.student.tolist() == [0, 0, 0, 2, 3]
    assert found.number.tolist() == [0, 1, 2, 0, 0]
    assert found.start.tolist() == [0, 200, 400, 452, 653]
    assert found.length.tolist() == [200, 200, 50, 200, 3]


@given(st.lists(st.integers(1, 30), max_size=8), st.integers(1, 12), st.integers(1, 12))
def test_windows_tile_the_log(lengths, length, minimum):
    log = log_of_lengths(lengths)
    everything = windows(log, length, 1)
    covered = np.concatenate(
        [np.arange(s, s + n) for s, n in zip(everything.start, everything.length, strict=True)] or [[]]
    )
    assert covered.tolist() == list(range(log.n_interactions))
    assert (log.offsets[everything.student] + everything.number * length == everything.start).all()
    long_enough = select_windows(everything, everything.length >= minimum)
    for found, expected in zip(windows(log, length, minimum), long_enough, strict=True):
        assert found.tolist() == expected.tolist()


def test_padded_windows_hold_the_log():
    log = log_of_lengths([5, 3])
    questions, responses, lengths = padded(log, windows(log, length=4, minimum=1))
    assert (questions.dtype, responses.dtype) == (np.int64, np.float32)
    assert lengths.tolist() == [4, 1, 3]
    assert questions[0].tolist() == log.questions[:4].tolist()
    assert responses[2].tolist() == [*log.responses[5:8].tolist(), 0]
    assert questions[1, 1:].tolist() == [0, 0, 0]


def test_a_log_without_windows_is_padded_to_nothing():
    log = log_of_lengths([2])
    assert padded(log, windows(log)).questions.shape == (0, 0)


def test_simulated_steps_are_the_other_half():
    assert simulated_steps(np.array([20, 21, 99, 100, 101, 200])).tolist() == [10, 11, 50, 50, 50, 50]


@pytest.mark.parametrize("argument", ["length", "minimum"])
def test_bad_lengths_are_refused(argument):
    with pytest.raises(SettingsError, match=f"{argument}: expected at least 1 interaction, got 0"):
        windows(log_of_lengths([5]), **{argument: 0})
