import pytest

from ldsim_env.errors import LogError
from ldsim_env.logs import read_assistments

HEADER = "order_id,assignment_id,user_id,assistment_id,problem_id,original,correct,skill_id,skill_name,answer_text"
ROWS = (
    "102,9,7,1,500,1,0,10,Venn Diagram,a",
    "101,9,7,1,501,1,1,11,Mean,b",
    "101,9,7,1,501,1,1,10,Venn Diagram,b",
    "103,9,7,1,502,0,1,11,Mean,scaffold",
    "104,9,7,1,501,1,1,10,Venn Diagram,again",
    "104,9,7,1,501,1,1,11,Mean,again",
    "105,9,8,1,503,1,1,,,née",
)


def test_each_order_id_is_one_interaction(write):
    log = read_assistments(write("skill_builder_data.csv", HEADER, *ROWS, encoding="latin-1"))
    assert log.student_ids == ("7", "8")
    assert log.bank.name == "SKILL_BUILDER_DATA"
    assert log.bank.question_ids == log.bank.problem_ids == ("500", "501", "503")
    assert log.bank.concept_ids == ("10", "11")
    assert log.bank.concept_names == ("Venn Diagram", "Mean")
    assert log.bank.question_concepts.tolist() == [[0, -1], [0, 1], [-1, -1]]
    assert log.questions.tolist() == [1, 0, 1, 2]
    assert log.responses.tolist() == [1, 0, 1, 1]


def test_scaffolding_is_kept_on_demand(write):
    log = read_assistments(write("log.csv", HEADER, *ROWS), original_only=False)
    assert [log.bank.question_ids[q] for q in log.student(0).questions] == ["501", "500", "502", "501"]


def test_unmerged_rows_stay_rows(write):
    log = read_assistments(write("log.csv", HEADER, *ROWS), merge=False)
    assert log.student(0).questions.tolist() == [1, 1, 0, 1, 1]


def test_attempts_are_kept_apart_by_their_order_id(write):
    # the merge rule for consecutive rows would take these for one question with two concepts
    rows = ["1,9,7,1,500,1,1,10,Venn Diagram,a", "2,9,7,1,500,1,1,11,Mean,a", "3,9,7,1,500,1,1,10,Venn Diagram,a"]
    with pytest.warns(UserWarning, match="1 questions are listed with differing"):
        log = read_assistments(write("log.csv", HEADER, *rows))
    assert log.n_interactions == 3


def test_the_collapsed_file_is_read(write):
    rows = ["1,9,7,1,500,1,1,10_11,Venn Diagram,a", "2,9,7,1,501,1,1,11,Mean,a"]
    log = read_assistments(write("log.csv", HEADER, *rows))
    assert log.bank.question_concepts.tolist() == [[0, 1], [1, -1]]
    assert log.bank.concept_names == ("10", "Mean")


def test_a_copy_saved_as_utf8_with_a_mark_is_read(write):
    log = read_assistments(write("log.csv", HEADER, *ROWS[:2], "106,9,9,1,5,1,1,12,Café,x", encoding="utf-8-sig"))
    assert log.bank.concept_names == ("Venn Diagram", "Mean", "Café")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ROWS[1], "line 4: expected each order of a student once, got student 7, order 101 as on line 3"),
        ("101,9,7,1,999,1,1,12,Mode,b", "line 4: expected each order of a student once"),
        ("106,9,7,1,500,1,0.25,10,Mean,b", "line 4: expected 0 or 1 as response, got '0.25'"),
        ("106,9,7,1,500,2,1,10,Mean,b", "line 4: expected 0 or 1 as original, got '2'"),
        ("106,9,,1,500,1,1,10,Mean,b", "line 4: expected a value for the student, got none"),
        ("106,9,7,1", "line 4: expected 10 fields as in the header, got 4"),
    ],
)
def test_bad_rows_name_the_place(write, row, message):
    with pytest.raises(LogError, match=rf"(?s)log\.csv, {message}.*Remedy: "):
        read_assistments(write("log.csv", HEADER, *ROWS[:2], row))


def test_repeated_records_point_to_the_corrected_file(write):
    with pytest.raises(LogError, match=r"Remedy: use skill_builder_data_corrected\.csv"):
        read_assistments(write("log.csv", HEADER, ROWS[0], ROWS[0]))


def test_a_missing_column_is_named(write):
    with pytest.raises(LogError, match="line 1: expected a column 'order_id'"):
        read_assistments(write("log.csv", HEADER.replace("order_id", "order"), ROWS[0]))
