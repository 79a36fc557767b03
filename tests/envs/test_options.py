import numpy as np
import pytest

from ldsim_env.envs.options import GIVEN_HISTORY, ResetOptions, read_options
from ldsim_env.errors import SettingsError
from tests.envs.fake_student import small_bank, small_cohort

BANK = small_bank()
STUDENTS = small_cohort().students_of("train")


def test_nothing_given() -> None:
    assert read_options(None, BANK, STUDENTS) == ResetOptions()
    assert read_options({}, BANK, STUDENTS) == ResetOptions()


def test_student_by_index_or_id() -> None:
    assert read_options({"student": np.int64(2)}, BANK, STUDENTS).student == 2
    assert read_options({"student": "s5"}, BANK, STUDENTS).student == STUDENTS.student_ids.index("s5")


def test_history_by_index_or_id() -> None:
    history = read_options({"history": [(0, 1), ("q7", 0), [np.int64(3), True]]}, BANK, STUDENTS).history
    assert history is not None
    student = history.student(0)
    assert student.student_id == GIVEN_HISTORY
    assert student.questions.tolist() == [0, 7, 3]
    assert student.responses.tolist() == [1, 0, 1]


def test_history_may_be_empty() -> None:
    history = read_options({"history": []}, BANK, STUDENTS).history
    assert history is not None
    assert history.n_interactions == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"studnet": 1}, r"options: unknown key 'studnet'. Did you mean 'student'\?"),
        ([("student", 1)], "options: expected a dict"),
        ({"student": 16}, r"options\['student'\]: expected an index from 0 to 15 .* got 16"),
        ({"student": -1}, "expected an index from 0 to 15"),
        ({"student": 1.5}, r"expected an index \(int\) or a student id \(str\), got 1.5"),
        ({"student": "s4"}, r"\['student'\]: unknown student id 's4'. Known: s0, s1, "),  # one of the other split
        ({"student": 1, "history": []}, "expected student or history, got both"),
        ({"history": "q1"}, r"options\['history'\]: expected a list of \(question, response\) pairs, got 'q1'"),
        ({"history": [3]}, r"at 0: expected a pair \(question, response\), got 3"),
        ({"history": [(0, 0.5)]}, r"expected the response 0 \(wrong\) or 1 \(right\), got 0.5"),
        ({"history": [(0, np.array([1, 0]))]}, r"expected the response 0 \(wrong\) or 1 \(right\), got array"),
        ({"history": [(1.0, 1)]}, r"expected a question index \(int\) or question id \(str\), got 1.0"),
        ({"targets": ["Addition"]}, "targets: unknown concept 'Addition'"),
    ],
)
def test_wrong_options_are_named(options: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        read_options(options, BANK, STUDENTS)  # type: ignore[arg-type]


def test_all_wrong_interactions_are_named_together() -> None:
    with pytest.raises(SettingsError, match=r"at 0: .*'q99'.* at 2: .*from 0 to 11, got 12"):
        read_options({"history": [("q99", 1), (0, 1), (12, 1)]}, BANK, STUDENTS)
