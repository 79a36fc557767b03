import json

import pytest

from ldsim_env.errors import LogError, LogWarning
from ldsim_env.logs import read_four_line

ANNA = ("0,anna", "10,10,9,9", "2,1,2,2", "1,1,0,0")
BEN = ("1,ben", "9,7", "2,11", "1,0")


def test_rows_become_interactions(write):
    log = read_four_line(write("fold1.csv", *ANNA, *BEN), name="TOY")
    assert log.student_ids == ("anna", "ben")
    assert log.bank.name == "TOY"
    assert log.bank.question_ids == ("7", "9", "10")
    assert log.bank.concept_ids == log.bank.concept_names == ("1", "2", "11")
    assert log.bank.question_concepts.tolist() == [[2, -1], [1, -1], [0, 1]]
    assert log.bank.problem_ids == ()
    assert log.offsets.tolist() == [0, 3, 5]
    assert log.questions.tolist() == [2, 1, 1, 1, 0]
    assert log.responses.tolist() == [1, 0, 0, 1, 0]


def test_unmerged_rows_keep_the_bank(write):
    path = write("log.csv", *ANNA, *BEN)
    merged, unmerged = read_four_line(path), read_four_line(path, merge=False)
    assert unmerged.questions.tolist() == [2, 2, 1, 1, 1, 0]
    assert unmerged.bank.fingerprint == merged.bank.fingerprint


def test_the_bank_does_not_depend_on_the_order_of_students(write):
    first, second = write("a.csv", *ANNA, *BEN), write("b.csv", *BEN, *ANNA)
    assert read_four_line(first).bank.fingerprint == read_four_line(second).bank.fingerprint


def test_files_are_joined_and_side_files_used(write, tmp_path):
    files = [write("fold1.csv", *ANNA), write("fold2.csv", *BEN)]
    (tmp_path / "skills.json").write_text(json.dumps({"Mean ": 1, " Median": 2, "Mode": 11, "Range": 12}))
    (tmp_path / "problems.json").write_text(json.dumps({"p7": 7, "p8": 8, "p9": 9, "p10": 10}))
    log = read_four_line(files)
    assert log.n_students == 2
    assert log.bank.concept_names == ("Mean", "Median", "Mode")
    assert log.bank.problem_ids == ("p7", "p9", "p10")
    assert log.source == ", ".join(str(file) for file in files)


def test_blanks_line_ends_and_last_commas_do_no_harm(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(b"\xef\xbb\xbf0, anna\r\n1, 2,\r\n1,1,\r\n0 ,1,\r\n\r\n")
    log = read_four_line(path)
    assert log.student_ids == ("anna",)
    assert log.bank.question_ids == ("1", "2")


def test_the_most_frequent_concepts_win_and_a_tie_goes_to_the_first(write):
    path = write("log.csv", "0,anna", "1,2,1,2,1", "5,7,6,6,6", "1,1,1,1,1")
    with pytest.warns(
        LogWarning, match=r"2 questions are listed with differing concept sets \(2 interactions"
    ) as caught:
        log = read_four_line(path)
    assert [log.bank.concept_ids[k] for k in log.bank.question_concepts[:, 0]] == ["6", "6"]
    assert log.bank.concept_ids == ("5", "6", "7")
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        pytest.param(
            ("0,anna", "1,2", "1", "1,0"),
            "line 2: expected lines of one length, got 2 questions, 1 concepts, 2 responses",
            id="ragged",
        ),
        pytest.param(("anna", "1", "1", "1"), "line 1: expected 'index,user_id', got 'anna'", id="header"),
        pytest.param(
            ("0,anna", "1,x", "1,1", "1,0"), "line 2: expected whole numbers as questions, got 'x'", id="question id"
        ),
        pytest.param(
            ("0,anna", "1,2", "1,-3", "1,0"), "line 3: expected whole numbers as concepts, got '-3'", id="concept id"
        ),
        pytest.param(
            ("0,anna", "1,,2", "1,1,1", "1,0,1"), "line 2: expected whole numbers as questions, got ''", id="empty id"
        ),
        pytest.param(("0,anna", "1,2", "1,1", "1,2"), "line 4: expected 0 or 1 as responses, got '2'", id="response"),
        pytest.param(("0,anna", "", "", ""), "expected a multiple of 4 lines, got 1", id="cut off"),
        pytest.param(
            ("0,anna", "", "", "", *BEN),
            "line 1: expected at least one interaction of student anna, got none",
            id="empty student",
        ),
        pytest.param((*ANNA, *BEN[:3]), "line 7: expected a multiple of 4 lines, got 7", id="lines"),
        pytest.param(
            (*ANNA, *ANNA),
            r"line 5: expected each student once, got student anna again \(first at .*line 1\)",
            id="twice",
        ),
        pytest.param(("",), "expected 4 lines a student, got an empty file", id="empty file"),
    ],
)
def test_bad_files_name_the_place(write, lines, message):
    with pytest.raises(LogError, match=rf"(?s)log\.csv.*{message}.*Remedy: "):
        read_four_line(write("log.csv", *lines))


def test_all_bad_places_are_listed_up_to_a_limit(write):
    students = [line for i in range(30) for line in (f"{i},u{i}", "1,2", "1,1", "1,7")]
    with pytest.raises(LogError, match=r"(?s)30 bad places.*line 4:.*line 80:.*and 10 more") as caught:
        read_four_line(write("log.csv", *students))
    assert "line 84:" not in str(caught.value)
    assert str(caught.value).count("Remedy") == 1


def test_a_student_in_two_files_is_named_with_both_places(write):
    with pytest.raises(LogError, match=r"two\.csv, line 1: .*student anna again \(first at .*one\.csv, line 1\)"):
        read_four_line([write("one.csv", *ANNA), write("two.csv", *ANNA)])


@pytest.mark.parametrize(("side_file", "field"), [("skills.json", "concepts"), ("problems.json", "questions")])
def test_ids_that_the_side_files_do_not_know_are_refused(write, tmp_path, side_file, field):
    (tmp_path / side_file).write_text(json.dumps({"one": 2, "two": 9}))
    with pytest.raises(LogError, match=rf"expected {field} that stand in {side_file}, got '1"):
        read_four_line(write("log.csv", *ANNA))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1]", "expected a JSON object of name -> whole number"),
        ('{"a": "1"}', "expected a JSON object of name -> whole number"),
        ('{"a": 1', "expected a JSON object in UTF-8"),
        ('{"a": 1, "b": 1}', "expected each id once"),
    ],
)
def test_bad_side_files_are_named(write, tmp_path, content, message):
    (tmp_path / "skills.json").write_text(content)
    with pytest.raises(LogError, match=rf"skills\.json: {message}"):
        read_four_line(write("log.csv", *ANNA))


def test_folders_with_other_ids_are_not_joined(write, tmp_path):
    files = [write("x/log.csv", *ANNA), write("y/log.csv", *BEN)]
    (tmp_path / "y" / "skills.json").write_text('{"Mean": 2, "Mode": 11}')
    with pytest.raises(LogError, match="expected the same ids as"):
        read_four_line(files)


def test_a_wrong_encoding_is_named_with_its_line(write):
    path = write("log.csv", "0,anna", "1", "1", "1", "1,andré", "1", "1", "1", encoding="latin-1")
    with pytest.raises(LogError, match="line 5: expected utf-8 text, got the byte 0xe9"):
        read_four_line(path)


def test_utf16_is_no_log(write):
    with pytest.raises(LogError, match="line 1: expected utf-8 text"):
        read_four_line(write("log.csv", *ANNA, encoding="utf-16"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LogError, match=r"none\.csv: expected a readable file .*Check the path"):
        read_four_line(tmp_path / "none.csv")


def test_no_files_and_one_file_twice_are_refused(write):
    with pytest.raises(LogError, match="paths: expected at least one log file"):
        read_four_line([])
    path = write("log.csv", *ANNA)
    with pytest.raises(LogError, match="paths: expected each file once"):
        read_four_line([path, path])
