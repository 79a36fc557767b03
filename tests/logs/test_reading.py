import pytest

from ldsim_env.errors import LogError, SettingsError
from ldsim_env.logs import read_logs

FOUR_LINE = ("0,7", "1,2", "1,1", "1,0")
PYKT = ("7,2", "q1,q2", "a,b", "1,0", "NA", "NA")
PYKT_IN_FULL = ("7,3", "q1,q2,q1", "a,b,a", "1,0,1", "1,2,3", "4,5,6")
OFFICIAL = ("order_id,user_id,problem_id,original,correct,skill_id,skill_name", "1,7,5,1,1,2,Mean")


@pytest.mark.parametrize(
    ("lines", "question_ids"),
    [
        (FOUR_LINE, ("1", "2")),
        (PYKT, ("q1", "q2")),
        (PYKT_IN_FULL, ("q1", "q2")),
        (OFFICIAL, ("5",)),
        ((*FOUR_LINE, "1,8", "3", "1", "0"), ("1", "2", "3")),
    ],
)
def test_formats_are_told_apart(write, lines, question_ids):
    log = read_logs(write("log.csv", *lines), name="TOY")
    assert log.bank.question_ids == question_ids
    assert log.bank.name == "TOY"


def test_a_named_format_is_not_guessed(write):
    with pytest.raises(LogError, match="pyKT log: "):
        read_logs(write("log.csv", *FOUR_LINE), format="pykt")
    with pytest.raises(SettingsError, match=r"format: unknown log format 'pykd'\. Did you mean 'pykt'"):
        read_logs(write("log.csv", *FOUR_LINE), format="pykd")


def test_a_bad_four_line_file_reaches_its_reader(write):
    with pytest.raises(LogError, match="four-line log: "):
        read_logs(write("log.csv", "0,7", "1,2", "1", "1,0"))


def test_a_folder_stands_for_its_folds(write):
    folder = write("toy/fold1.csv", *FOUR_LINE).parent
    write("toy/fold2.csv", "1,8", "3", "1", "0")
    write("toy/other.csv", "no log")
    log = read_logs([folder])
    assert log.student_ids == ("7", "8")
    assert log.bank.name == "TOY"


def test_a_folder_stands_for_its_one_known_file(write):
    assert read_logs(write("one/data.txt", *PYKT).parent).n_interactions == 2
    official = write("two/skill_builder_data_corrected.csv", *OFFICIAL)
    assert read_logs(official.parent).n_interactions == 1
    write("two/skill_builder_data.csv", *OFFICIAL)
    with pytest.raises(LogError, match=r"versions of one log: .*Name the one to read"):
        read_logs(official.parent)


def test_a_folder_without_logs_is_named(write):
    with pytest.raises(LogError, match=r"expected fold\*\.csv, data\.txt, .* in this folder, got none"):
        read_logs(write("none/readme.md", "nothing").parent)


@pytest.mark.parametrize("lines", [("who,item,ok", "1,2,1"), ("nothing",), ("",)])
def test_an_unknown_format_lists_the_known_ones(write, lines):
    with pytest.raises(
        LogError, match=r"line 1: expected a known log format.*four-line.*assistments.*pykt.*read_table"
    ):
        read_logs(write("log.csv", *lines))


def test_files_of_two_formats_are_not_joined(write):
    with pytest.raises(LogError, match=r"expected files of one format.*a\.csv is four-line; .*b\.txt is pykt"):
        read_logs([write("a.csv", *FOUR_LINE), write("b.txt", *PYKT)])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LogError, match=r"none\.csv: expected a readable file"):
        read_logs(tmp_path / "none.csv")


def test_merge_reaches_the_reader(write):
    path = write("log.csv", "0,7", "1,1", "1,2", "1,1")
    assert (read_logs(path).n_interactions, read_logs(path, merge=False).n_interactions) == (1, 2)
