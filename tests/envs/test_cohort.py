import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from ldsim_env.envs import Cohort
from ldsim_env.envs.cohort import is_eval_student
from ldsim_env.errors import CheckpointError, SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.logs.response_log import ResponseLog, StudentHistory
from tests.envs.fake_student import small_bank, small_cohort

BANK = small_bank()


def log_of(lengths: list[int], bank: QuestionBank = BANK) -> ResponseLog:
    return ResponseLog.from_histories(
        bank,
        [
            StudentHistory(f"student{i}", np.arange(n, dtype=np.int32) % 12, np.ones(n, np.int8))
            for i, n in enumerate(lengths)
        ],
        "a test",
    )


def test_save_and_load(tmp_path: Path) -> None:
    cohort = small_cohort()
    cohort.save(tmp_path)
    loaded = Cohort.load(tmp_path, BANK)
    assert loaded.histories.student_ids == cohort.histories.student_ids
    for name in ("offsets", "questions", "responses"):
        assert np.array_equal(getattr(loaded.histories, name), getattr(cohort.histories, name))
    assert np.array_equal(loaded.is_eval, cohort.is_eval)
    assert loaded.provenance == cohort.provenance


def test_a_cohort_is_told_in_a_line() -> None:
    cohort = Cohort(log_of([5, 7]), np.array([True, False]), {"drawn_from": list(range(1000))})
    log = "ResponseLog(source='a test', n_students=2, n_interactions=12, bank='SMALL')"
    assert repr(cohort) == f"Cohort({log}, n_eval=1)"


def test_only_safetensors_and_json_are_written(tmp_path: Path) -> None:
    small_cohort().save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cohort.json", "cohort.safetensors"]


def test_splits_are_disjoint_and_complete() -> None:
    cohort = small_cohort()
    train, evaluation = (set(cohort.students_of(split).student_ids) for split in ("train", "eval"))
    assert not train & evaluation
    assert train | evaluation == set(cohort.students_of("all").student_ids)
    assert len(evaluation) == 4


def test_unknown_split() -> None:
    with pytest.raises(SettingsError, match=r"cohort_split: unknown split 'evall'. Did you mean 'eval'\?"):
        small_cohort().students_of("evall")


def test_empty_split() -> None:
    cohort = Cohort(log_of([6]), np.array([False]))
    with pytest.raises(SettingsError, match="none of the cohort's 1 students belongs to 'eval'"):
        cohort.students_of("eval")


def test_a_log_is_cut_after_at_least_five_interactions() -> None:
    lengths = [4, 5, 40, 0, 100]
    cohort = Cohort.from_log(log_of(lengths))
    assert cohort.histories.student_ids == ("student1", "student2", "student4")
    cuts = cohort.histories.lengths
    assert cuts[0] == 5
    assert (cuts >= 5).all()
    assert (cuts <= [5, 40, 100]).all()


def test_cuts_come_from_the_seed_and_reach_the_whole_range() -> None:
    log = log_of([7] * 200)
    first, again, other = (Cohort.from_log(log, seed).histories.lengths for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert set(first.tolist()) == {5, 6, 7}


def test_a_limit_holds_for_the_cuts_alone() -> None:
    log = log_of([4, 6, 300, 400])
    cuts = Cohort.from_log(log, longest=20).histories.lengths
    assert len(cuts) == 3  # who has many interactions is not left out
    assert (cuts <= [6, 20, 20]).all()
    assert Cohort.from_log(log).histories.lengths.max() > 20


def test_a_fifth_is_for_evaluation_whoever_else_there_is() -> None:
    cohort = Cohort.from_log(log_of([6] * 1000))
    assert 0.15 < cohort.is_eval.mean() < 0.25
    assert cohort.is_eval.tolist() == [is_eval_student(student) for student in cohort.histories.student_ids]


def test_a_log_of_short_histories_only() -> None:
    with pytest.raises(SettingsError, match=r"at least 5 interactions .* got none among 2 of a test"):
        Cohort.from_log(log_of([4, 0]))


def test_marks_must_fit_the_students() -> None:
    with pytest.raises(CheckpointError, match=r"is_eval: expected \(2,\) bool, one mark a student, got \(3,\) bool"):
        Cohort(log_of([1, 2]), np.zeros(3, bool))


def test_another_bank_is_refused(tmp_path: Path) -> None:
    small_cohort().save(tmp_path)
    with pytest.raises(CheckpointError, match="was made for another bank"):
        Cohort.load(tmp_path, small_bank(2))


def test_absent_files(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cohort\.json: not the description of a cohort"):
        Cohort.load(tmp_path, BANK)
    small_cohort().save(tmp_path)
    (tmp_path / "cohort.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"cohort\.safetensors: not the arrays of a cohort"):
        Cohort.load(tmp_path, BANK)


def test_another_format_version_is_refused_with_both_numbers(tmp_path: Path) -> None:
    small_cohort().save(tmp_path)
    path = tmp_path / "cohort.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format_version": 9}))
    with pytest.raises(CheckpointError, match="format version 9; this library reads version 1"):
        Cohort.load(tmp_path, BANK)


@pytest.mark.parametrize("change", ["truncated", "missing array", "wrong type", "out of range", "bad marks"])
def test_damaged_arrays(tmp_path: Path, change: str) -> None:
    small_cohort().save(tmp_path)
    path = tmp_path / "cohort.safetensors"
    if change == "truncated":
        path.write_bytes(path.read_bytes()[:40])
    else:
        arrays = load_file(path)
        if change == "missing array":
            del arrays["responses"]
        elif change == "wrong type":
            arrays["questions"] = arrays["questions"].astype(np.float32)
        elif change == "out of range":
            arrays["questions"] = arrays["questions"] + 100
        else:
            arrays["is_eval"] = arrays["is_eval"][:-1]
        save_file(arrays, path)
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        Cohort.load(tmp_path, BANK)
