"""The counts that design.md, "Protocols", fixes; they hold on the logs of the repository's data folder."""

import warnings

import numpy as np
import pytest

from ldsim_env.errors import LeakError, LogWarning
from ldsim_env.logs import (
    SIMULATION_MINIMUM,
    check_leaks,
    match_bank,
    read_four_line,
    read_logs,
    refuse_leaks,
    shrunk_log_odds,
    simulated_steps,
    windows,
)


def folds(log_folder, name, numbers=(1, 2, 3, 4)):
    return [log_folder / name / f"fold{i}.csv" for i in numbers]


def test_assist09(log_folder):
    log = read_logs(log_folder / "assist09")
    assert (log.n_interactions, log.n_students) == (217_006, 3_320)
    assert (log.bank.n_questions, log.bank.n_concepts, log.bank.max_concepts) == (16_634, 110, 4)
    assert log.bank.name == "ASSIST09"
    assert "Venn Diagram" in log.bank.concept_names
    assert "Circumference" in log.bank.concept_names  # the file has a blank behind it
    assert log.bank.problem_ids[0] == "51424"
    refuse_leaks(log)


def test_assist17(log_folder):
    message = r"675 questions are listed with differing concept sets \(82,025 interactions list another set"
    with pytest.warns(LogWarning, match=message):
        log = read_logs(log_folder / "assist17")
    assert (log.n_interactions, log.n_students) == (758_970, 1_364)
    assert (log.bank.n_questions, log.bank.n_concepts) == (3_121, 101)
    report = check_leaks(log)
    assert report.n_repeats == 397_865
    assert report.share < 0.0002
    refuse_leaks(log)


def test_unmerged_assist09_is_refused(log_folder):
    log = read_four_line(folds(log_folder, "assist09"), merge=False)
    assert log.n_interactions == 257_188
    assert check_leaks(log).share == pytest.approx(0.156, abs=0.001)
    with pytest.raises(LeakError, match=r"40,157 of 257,188 interactions \(15\.6%\)"):
        refuse_leaks(log)


def test_unmerged_assist17_is_no_leak(log_folder):
    with pytest.warns(LogWarning):
        log = read_four_line(folds(log_folder, "assist17"), merge=False)
    assert log.n_interactions == 758_974
    refuse_leaks(log)


@pytest.mark.parametrize(("name", "kt", "simulation"), [("assist09", 54_911, 18_426), ("assist17", 182_288, 49_960)])
def test_scored_positions_of_fold_4(log_folder, name, kt, simulation):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LogWarning)
        log = read_four_line(folds(log_folder, name, [4]))
    assert int((windows(log).length - 1).sum()) == kt
    assert int(simulated_steps(windows(log, minimum=SIMULATION_MINIMUM).length).sum()) == simulation


def test_fold_4_in_the_bank_of_the_others(log_folder):
    train = read_four_line(folds(log_folder, "assist09", [1, 2, 3]))
    matched = match_bank(read_four_line(folds(log_folder, "assist09", [4])), train.bank)
    assert (matched.unknown_questions, matched.unknown_interactions, matched.unknown_concepts) == (534, 697, 0)
    assert matched.log.bank.n_questions == 16_634
    ids = [matched.log.bank.question_ids[q] for q in matched.log.questions]
    assert ids == [matched.original.bank.question_ids[q] for q in matched.original.questions]


def test_priors_of_assist09(log_folder):
    log = read_four_line(folds(log_folder, "assist09"))
    priors = shrunk_log_odds(log, concept_strength=10, question_strength=5)
    rate = 1 / (1 + np.exp(-priors.question[log.questions]))
    assert rate.mean() == pytest.approx(log.responses.mean(), abs=0.01)
    assert np.abs(priors.question).max() < 6
