from pathlib import Path

import numpy as np
import pytest

from ldsim_env.envs import LDSimEnv
from ldsim_env.envs.students import make_cohort
from ldsim_env.errors import LogError, SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.logs.response_log import ResponseLog, StudentHistory
from tests.envs.fake_student import FakeStudent

BANK = QuestionBank.from_concept_lists("NUMBERS", ["10", "11", "12"], [[0], [0], [1]], ["1", "2"])


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    """Two students who ask for a question (99) that the bank doesn't have, and one with a short history."""
    path = tmp_path / "log.csv"
    students = [
        (7, "10,11,12,10,99,11,12", "1,1,2,1,1,1,2", "1,0,1,1,0,1,1"),
        (8, "99,10,11,12,10,11,12", "1,1,1,2,1,1,2", "0,1,0,1,1,0,1"),
        (9, "10,11", "1,1", "1,1"),
    ]
    path.write_text("".join(f"{i},{s}\n{q}\n{c}\n{r}\n" for i, (s, q, c, r) in enumerate(students)))
    return path


def test_logs_become_the_cohort(log_file: Path) -> None:
    with pytest.warns(
        UserWarning, match="2 of 16 interactions of .* are on 1 questions that bank 'NUMBERS' doesn't have"
    ):
        cohort = make_cohort(str(log_file), BANK, None)
    assert cohort.histories.student_ids == ("7", "8")
    assert cohort.histories.bank is BANK
    assert (cohort.histories.lengths >= 5).all()
    first = cohort.histories.student(0)
    assert first.questions.tolist()[:5] == [0, 1, 2, 0, 1]
    assert first.responses.tolist()[:5] == [1, 0, 1, 1, 1]


@pytest.mark.filterwarnings("ignore:students")
def test_an_environment_on_logs(log_file: Path) -> None:
    env = LDSimEnv(
        student_model=FakeStudent(BANK), students=[log_file], cohort_split="all", min_questions=1, n_targets=2
    )
    assert env.n_students == 2
    _, info = env.reset(seed=0, options={"student": "8"})
    assert info["student"] == "8"
    assert info["mastery"][0] > 0.2  # the history was learned


def test_a_response_log_of_the_same_bank_needs_no_match() -> None:
    history = StudentHistory("s", np.array([0, 1, 2, 1, 0], np.int32), np.ones(5, np.int8))
    cohort = make_cohort(ResponseLog.from_histories(BANK, [history]), BANK, None)
    assert cohort.histories.student(0).questions.tolist() == [0, 1, 2, 1, 0]


def test_a_log_of_other_questions_only(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("0,5\n50,51,52,53,54,55\n1,1,1,1,1,1\n1,1,0,0,1,1\n")
    with (
        pytest.warns(UserWarning, match="6 of 6 interactions"),
        pytest.raises(
            SettingsError, match="students with at least 5 interactions on questions of bank 'NUMBERS', got none"
        ),
    ):
        make_cohort(path, BANK, None)


def test_an_absent_file(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"nowhere\.csv"):
        make_cohort(tmp_path / "nowhere.csv", BANK, None)


@pytest.mark.parametrize("students", [3, None, [1, 2], {"a": 1}])
def test_other_types_are_refused(students: object) -> None:
    with pytest.raises(SettingsError, match="students: expected None, a path of logs, a ResponseLog or a Cohort, got"):
        make_cohort(students, BANK, None)


def test_real_logs(log_folder: Path) -> None:
    """Cohorts of two folds share no student and start after at least five interactions."""
    from ldsim_env.logs import read_logs

    log = read_logs(log_folder / "assist09" / "fold4.csv")
    cohort = make_cohort(log, log.bank, None)
    train, evaluation = (set(cohort.students_of(split).student_ids) for split in ("train", "eval"))
    assert not train & evaluation
    assert 0.1 < len(evaluation) / len(train | evaluation) < 0.3
    assert cohort.histories.lengths.min() == 5
