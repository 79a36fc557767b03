import pytest

from ldsim_env.errors import LogError
from ldsim_env.logs import read_pykt

ANNA = ("anna,3", "q1,q2,q1", "a_b,c,a_b", "1,0,1", "100,200,300", "NA")
BEN = ("ben,2", "q3,q2", "NA,c", "0,0", "NA", "NA")


def test_six_lines_become_a_log(write):
    log = read_pykt(write("data.txt", *ANNA, *BEN), name="TOY")
    assert log.student_ids == ("anna", "ben")
    assert log.bank.question_ids == log.bank.problem_ids == ("q1", "q2", "q3")
    assert log.bank.concept_ids == ("a", "b", "c")
    assert log.bank.question_concepts.tolist() == [[0, 1], [2, -1], [-1, -1]]
    assert log.questions.tolist() == [0, 1, 0, 2, 1]
    assert log.responses.tolist() == [1, 0, 1, 0, 0]


def test_expanded_rows_are_merged(write):
    path = write("data.txt", "anna,3", "5,5,6", "1,2,2", "1,1,0", "NA", "NA")
    assert read_pykt(path).questions.tolist() == [0, 1]
    assert read_pykt(path, merge=False).questions.tolist() == [0, 0, 1]
    assert read_pykt(path).bank.question_concepts.tolist() == [[0, 1], [1, -1]]


def test_without_questions_each_concept_set_is_a_question(write):
    log = read_pykt(write("data.txt", "anna,3", "NA", "7,8_9,7", "1,0,1", "NA", "NA"))
    assert log.bank.question_ids == ("7", "8_9")
    assert log.bank.concept_ids == ("7", "8", "9")
    assert log.bank.problem_ids == ()
    assert log.questions.tolist() == [0, 1, 0]


def test_without_concepts_questions_have_none(write):
    log = read_pykt(write("data.txt", "anna,2", "7,8", "NA", "1,0", "NA", "NA"))
    assert log.bank.n_concepts == 0
    assert log.bank.question_concepts.tolist() == [[-1], [-1]]


def test_pykts_escapes_are_undone(write):
    log = read_pykt(write("data.txt", "anna,1", "q####1", "area@@@@ size_mean", "1", "NA", "NA"))
    assert log.bank.question_ids == ("q_1",)
    assert log.bank.concept_ids == ("area, size", "mean")


def test_concept_names_may_hold_blanks(write):
    log = read_pykt(write("data.txt", "anna,1", "q1", "Venn Diagram", "1", "NA", "NA"))
    assert log.bank.concept_ids == ("Venn Diagram",)


@pytest.mark.parametrize(
    ("line", "value", "message"),
    [
        (0, "anna", "line 1: expected 'user,length', got 'anna'"),
        (0, "anna,4", "line 1: expected 3 interactions as on the lines below, got 4"),
        (1, "q1,q2", "line 2: expected lines of one length, got 2 questions, 3 concepts, 3 responses, 3 timestamps"),
        (1, "q1,,q1", "line 2: expected a question for each entry, got ''"),
        (3, "1,0,2", "line 4: expected 0 or 1 as responses, got '2'"),
        (3, "NA", "line 4: expected responses, got NA"),
        (4, "100,200", "line 2: expected lines of one length"),
    ],
)
def test_bad_lines_name_the_place(write, line, value, message):
    lines = [*ANNA, *BEN]
    lines[line] = value
    with pytest.raises(LogError, match=rf"(?s)data\.txt, {message}.*Remedy: "):
        read_pykt(write("data.txt", *lines))


def test_neither_questions_nor_concepts_is_refused(write):
    with pytest.raises(LogError, match="line 2: expected questions or concepts, got NA for both"):
        read_pykt(write("data.txt", "anna,1", "NA", "NA", "1", "NA", "NA"))


def test_a_cut_file_and_a_repeated_student_are_refused(write):
    with pytest.raises(LogError, match=r"(?s)expected a multiple of 6 lines, got 8.*"):
        read_pykt(write("cut.txt", *ANNA, *BEN[:2]))
    with pytest.raises(LogError, match="line 7: expected each student once, got student ben again"):
        read_pykt(write("twice.txt", *BEN, *BEN))
