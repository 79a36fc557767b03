import numpy as np
import pytest

from ldsim_env.logs import QuestionBank, ResponseLog, match_bank


def make_bank(question_ids, concepts, *, concept_ids=("1", "2"), concept_names=None, problem_ids=(), name="OWN"):
    return QuestionBank.from_concept_lists(
        name, question_ids, concepts, concept_ids, concept_names=concept_names, problem_ids=problem_ids
    )


def log_over(bank, questions):
    questions = np.array(questions, np.int32)
    return ResponseLog(bank, ("anna",), np.array([0, len(questions)]), questions, np.ones(len(questions), np.int8))


KNOWN = make_bank(("10", "20"), [[0], [0, 1]], problem_ids=("p10", "p20"), name="KNOWN")


def test_equal_banks_match_without_a_change():
    matched = match_bank(log_over(KNOWN, [1, 0]), KNOWN)
    assert matched.log.bank is KNOWN
    assert matched.log.questions.tolist() == [1, 0]
    assert (matched.n_known, matched.unknown_questions, matched.unknown_interactions) == (2, 0, 0)


def test_questions_match_by_problem_id_where_both_have_them():
    own = make_bank(("1", "2"), [[0], [1]], problem_ids=("p20", "p10"))
    assert match_bank(log_over(own, [0, 1, 1]), KNOWN).log.questions.tolist() == [1, 0, 0]


def test_questions_match_by_question_id_otherwise():
    own = make_bank(("20", "10"), [[0], [0]])
    assert match_bank(log_over(own, [0, 1, 1]), KNOWN).log.questions.tolist() == [1, 0, 0]


def test_unknown_questions_are_appended_with_their_known_concepts():
    own = make_bank(("10", "30", "40", "50"), [[1], [1, 2], [0], [1]], concept_ids=("0", "1", "2"))
    matched = match_bank(log_over(own, [1, 0, 2, 1, 3]), KNOWN)
    bank = matched.log.bank
    assert bank.question_ids == ("10", "20", "30", "40", "50")
    assert bank.question_concepts.tolist() == [[0, -1], [0, 1], [0, 1], [-1, -1], [0, -1]]
    assert bank.problem_ids == ("p10", "p20", "", "", "")
    assert matched.log.questions.tolist() == [2, 0, 3, 2, 4]
    assert (matched.n_known, matched.unknown_questions, matched.unknown_interactions) == (2, 3, 4)
    assert matched.unknown_concepts == 1
    assert matched.original.bank is own
    assert matched.original.questions.tolist() == [1, 0, 2, 1, 3]


def test_the_checkpoints_concepts_count_for_known_questions():
    own = make_bank(("20",), [[0]])
    assert match_bank(log_over(own, [0]), KNOWN).log.bank.question_concepts.tolist() == [[0, -1], [0, 1]]


def test_an_appended_id_that_means_another_question_is_marked():
    own = make_bank(("10", "log:10", "20"), [[0], [0], [0]], problem_ids=("p20", "p98", "p99"))
    bank = match_bank(log_over(own, [0, 1, 2]), KNOWN).log.bank
    assert bank.question_ids == ("10", "20", "log:10", "log:20")
    assert bank.problem_ids == ("p10", "p20", "p98", "p99")


def test_concepts_match_by_name_whatever_their_ids():
    known = make_bank(("10",), [[0]], concept_names=("Venn Diagram", "Mean"))
    own = make_bank(("77",), [[0, 1]], concept_ids=("1", "311"), concept_names=("mean ", "VENN  diagram"))
    matched = match_bank(log_over(own, [0]), known)
    assert matched.log.bank.question_concepts[1].tolist() == [0, 1]
    assert matched.unknown_concepts == 0


def test_ids_that_are_the_other_banks_names_match():
    known = make_bank(("10",), [[0]], concept_names=("Venn Diagram", "Mean"))
    own = make_bank(("10", "77"), [[1], [0]], concept_ids=("Mean", "venn diagram"))
    assert match_bank(log_over(own, [0, 1]), known).log.bank.question_concepts[1].tolist() == [1]


def test_another_numbering_of_concepts_is_not_believed():
    # the same three questions, but concept "1" here is concept "2" there
    known = make_bank(("a", "b", "c"), [[0], [0], [1]])
    own = make_bank(("a", "b", "c", "d"), [[1], [1], [0], [0]])
    matched = match_bank(log_over(own, [0, 1, 2, 3]), known)
    assert matched.unknown_concepts == 2
    assert matched.log.bank.question_concepts[3].tolist() == [-1]


def test_difficulty_of_unknown_questions_is_that_of_their_concepts():
    known = KNOWN.with_difficulty(np.array([-1, 2], np.float32))
    own = make_bank(("30", "40", "50"), [[0], [1], []])
    bank = match_bank(log_over(own, [0, 1, 2]), known).log.bank
    np.testing.assert_allclose(bank.difficulty, [-1, 2, 0.5, 2, 0.5])
    assert bank.difficulty.dtype == np.float32


def test_a_wider_log_widens_the_bank():
    own = make_bank(("30",), [[0, 1, 2]], concept_ids=("1", "2", "3"))
    known = make_bank(("10",), [[0]], concept_ids=("1", "2", "3"))
    assert match_bank(log_over(own, [0]), known).log.bank.question_concepts.tolist() == [[0, -1, -1], [0, 1, 2]]


@pytest.mark.parametrize("n", [0, 3])
def test_the_students_stay(n):
    matched = match_bank(log_over(KNOWN, [0] * n), KNOWN)
    assert matched.log.student_ids == ("anna",)
    assert matched.log.n_interactions == n
