import numpy as np
import pytest

from ldsim_env.errors import LeakError
from ldsim_env.logs import check_leaks, read_table, refuse_leaks
from ldsim_env.logs.table import ColumnMapping


def expanded_table(write, rng, n_students=20):
    """Questions 0-9, of which 0 and 1 have two concepts, a row a concept."""
    lines = ["who,item,ok,skill"]
    for student in range(n_students):
        for question in rng.permutation(10):
            ok = rng.integers(2)
            lines += [f"{student},{question},{ok},{question + k}" for k in range(1 + (question < 2))]
    return write("log.csv", *lines)


def test_expanded_rows_are_found_and_refused(write):
    path = expanded_table(write, np.random.default_rng(0))
    log = read_table(path, ColumnMapping("who", "item", "ok"))
    report = check_leaks(log)
    assert report.leaks
    assert report.n_expanded == report.n_repeats == report.n_agreeing == 40
    assert (report.n_expanded_questions, report.n_expanded_runs) == (2, 40)
    assert report.share == pytest.approx(40 / 240)
    with pytest.raises(LeakError, match=r"40 of 240 interactions \(16\.7%\) .* on 2 questions .*merge=True"):
        refuse_leaks(log)


def test_a_reader_told_not_to_merge_leaks_and_merged_rows_do_not(write):
    path, columns = expanded_table(write, np.random.default_rng(1)), ColumnMapping("who", "item", "ok", "skill")
    assert check_leaks(read_table(path, columns, merge=False)).leaks
    merged = check_leaks(read_table(path, columns))
    assert not merged.leaks
    assert merged.n_repeats == 0


def test_genuine_attempts_are_no_leak(make_log):
    rng = np.random.default_rng(2)
    # each question is asked until it is answered right, as a tutor does
    histories = []
    for _ in range(50):
        answers = [[0] * int(rng.geometric(0.5) - 1) + [1] for _ in range(5)]
        questions = np.repeat(rng.permutation(5), [len(a) for a in answers])
        histories.append((questions, np.concatenate(answers)))
    log = make_log(*histories)
    report = check_leaks(log)
    assert report.n_repeats > 100
    assert report.n_expanded == 0
    refuse_leaks(log)


def test_a_few_equal_answers_in_a_row_are_no_leak(make_log):
    report = check_leaks(make_log(([0, 0, 1, 1, 2], [1, 1, 0, 0, 1])))
    assert report.n_expanded == 2
    assert not report.leaks


def test_the_next_student_is_not_a_repeat(make_log):
    assert check_leaks(make_log(([0, 1], [1, 1]), ([1, 0], [1, 1]))).n_repeats == 0


def test_an_empty_log_has_no_leak(make_log):
    assert check_leaks(make_log()).share == 0
