import polars as pl
import pytest

from ldsim_env.errors import LogError, SettingsError
from ldsim_env.logs import ColumnMapping, read_table

COLUMNS = ColumnMapping("who", "item", "ok", "skill", order="time", concept_name="label")
HEADER = "who,item,ok,skill,time,label"
ROWS = (
    "ben,x,1,2,5,Mode",
    "anna,y,0,1,2,Mean",
    "ben,x,1,1,5,Mean",
    "anna,x,1,1,1,Mean",
    "anna,x,1,2,1,Mode",
    "ben,z,0,,4,",
)


def test_rows_are_put_into_order_and_merged(write):
    log = read_table(write("log.csv", HEADER, *ROWS), COLUMNS)
    assert log.bank.name == "LOG"
    assert log.student_ids == ("ben", "anna")
    assert log.bank.question_ids == ("x", "y", "z")
    assert log.bank.concept_names == ("Mean", "Mode")
    assert log.bank.question_concepts.tolist() == [[0, 1], [0, -1], [-1, -1]]
    assert log.questions.tolist() == [2, 0, 0, 1]
    assert log.responses.tolist() == [0, 1, 1, 0]


def test_parquet_says_the_same(write, tmp_path):
    csv = read_table(write("log.csv", HEADER, *ROWS), COLUMNS)
    path = tmp_path / "log.parquet"
    frame = pl.read_csv(tmp_path / "log.csv").with_columns(
        pl.col("ok").cast(pl.Boolean), pl.col("skill").cast(pl.Float64)
    )
    frame.write_parquet(path)
    log = read_table(path, COLUMNS)
    assert log.bank.fingerprint == csv.bank.fingerprint
    assert log.questions.tolist() == csv.questions.tolist()
    assert log.responses.tolist() == csv.responses.tolist()


def test_without_an_order_column_rows_stand_as_they_are(write):
    log = read_table(write("log.csv", HEADER, *ROWS), ColumnMapping("who", "item", "ok", "skill"))
    assert log.student(0).questions.tolist() == [0, 2]
    assert log.student(1).questions.tolist() == [1, 0]
    assert log.bank.concept_names == ("1", "2")


def test_a_separator_splits_concepts_and_names(write):
    path = write("log.tsv", "who\titem\tok\tskill\tlabel", "anna\tx\t1\t2; 1\tMode;Mean", "anna\tx\t1\t1;2\tMean;Mode")
    columns = ColumnMapping("who", "item", "ok", "skill", concept_name="label", concept_separator=";")
    log = read_table(path, columns, delimiter="\t")
    assert log.bank.concept_names == ("Mean", "Mode")
    assert log.questions.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (("10", "9", "1.5"), ["c", "b", "a"]),
        (("2010-02-01 10:00", "2010-01-31", "2009-12-01"), ["c", "b", "a"]),
        (("90071992547409931", "90071992547409930", "90071992547409929"), ["c", "b", "a"]),
    ],
)
def test_orders_are_numbers_or_dates(write, times, expected):
    rows = [f"anna,{question},1,1,{time},Mean" for question, time in zip("abc", times, strict=True)]
    log = read_table(write("log.csv", HEADER, *rows), COLUMNS)
    assert [log.bank.question_ids[q] for q in log.questions] == expected


def test_quoted_text_may_hold_commas_and_line_ends(write):
    path = write("log.csv", HEADER, '"an,na",x,1,1,1,"Mean', 'value"', "ben,y,3,1,1,Mean")
    with pytest.raises(LogError, match=r"line 4: expected 0 or 1 as response, got '3'") as caught:
        read_table(path, COLUMNS)
    assert "1 bad place" in str(caught.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("anna,x,1", "line 3: expected 6 fields as in the header, got 3"),
        ("anna,x,1,1,3,Mean,more", "line 3: expected 6 fields as in the header, got 7"),
        ("anna,x,0.5,1,3,Mean", "line 3: expected 0 or 1 as response, got '0.5'"),
        (",x,1,1,3,Mean", "line 3: expected a value for the student, got none"),
        ("anna,NA,1,1,3,Mean", "line 3: expected a value for the question, got none"),
        ("anna,x,,1,3,Mean", "line 3: expected a value for the response, got none"),
        ("anna,x,1,1,,Mean", "line 3: expected a value for the order, got none"),
        ("anna,x,1,1,late,Mean", "line 3: expected a number as order, got 'late'"),
        ("anna,x,1,1,1,Mean", "line 3: expected each order of a student once, got student anna, order 1 as on line 2"),
        ("anna,w,1,2,1,Mode", "line 3: expected each order of a student once"),
        ("anna,x,0,2,1,Mode", "line 3: expected each order of a student once"),
        ("anna,x,1,,1,", "line 3: expected each order of a student once"),
    ],
)
def test_bad_rows_name_the_place(write, row, message):
    with pytest.raises(LogError, match=rf"(?s)log\.csv, {message}.*Remedy: "):
        read_table(write("log.csv", HEADER, "anna,x,1,1,1,Mean", row), COLUMNS)


def test_all_bad_rows_are_listed(write):
    rows = ["anna,x,2,1,1,Mean", ",x,1,1,2,Mean", "anna,x,1,1"]
    with pytest.raises(LogError, match=r"(?s)3 bad places.*fill in the value") as caught:
        read_table(write("log.csv", HEADER, *rows), COLUMNS)
    assert all(f"line {line}:" in str(caught.value) for line in (2, 3, 4))


def test_a_missing_column_is_named_with_its_nearest(write):
    with pytest.raises(LogError, match=r"line 1: expected a column 'label': .*Did you mean 'labels'"):
        read_table(write("log.csv", HEADER.replace("label", "labels"), *ROWS), COLUMNS)


def test_a_student_in_two_files_is_refused(write):
    files = [write("one.csv", HEADER, ROWS[0]), write("two.csv", HEADER, ROWS[1], ROWS[2])]
    with pytest.raises(LogError, match=r"two\.csv, line 3: expected each student in one file, got student ben"):
        read_table(files, COLUMNS)


def test_a_table_without_rows_is_refused(write):
    with pytest.raises(LogError, match="expected at least one interaction, got none"):
        read_table(write("log.csv", HEADER), COLUMNS)


def test_another_encoding_is_read_if_named(write):
    path = write("log.csv", HEADER, "rené,x,1,1,1,Mean", encoding="latin-1")
    assert read_table(path, COLUMNS, encoding="latin-1").student_ids == ("rené",)
    with pytest.raises(LogError, match="line 2: expected utf-8 text, got the byte 0xe9"):
        read_table(path, COLUMNS)
    with pytest.raises(LogError, match="encoding: expected the name of a text encoding, got 'klingon'"):
        read_table(path, COLUMNS, encoding="klingon")


def test_no_parquet_is_said(write):
    with pytest.raises(LogError, match="expected a Parquet file"):
        read_table(write("log.parquet", "who,item"), COLUMNS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"question": ""}, "question: expected the name of a column"),
        ({"concept_name": "label"}, "concept_name: expected a concept column beside it"),
        ({"concept_separator": ";"}, "concept_separator: expected a concept column beside it"),
    ],
)
def test_bad_mappings_are_refused(options, message):
    with pytest.raises(SettingsError, match=message):
        ColumnMapping(**({"student": "who", "question": "item", "response": "ok"} | options))
