import json

import numpy as np
import pytest

from ldsim_env.errors import CheckpointError, LogError
from ldsim_env.logs import NO_CONCEPT, QuestionBank


@pytest.fixture
def bank():
    return QuestionBank.from_concept_lists(
        "TOY",
        ["a", "b", "c"],
        [[1, 0], [1], []],
        ["1", "2"],
        concept_names=["Mean", "Médian"],
        problem_ids=["pa", "pb", "pc"],
    )


def test_concepts_are_sorted_and_padded(bank):
    assert bank.question_concepts.tolist() == [[0, 1], [1, NO_CONCEPT], [NO_CONCEPT, NO_CONCEPT]]
    assert (bank.n_questions, bank.n_concepts, bank.max_concepts) == (3, 2, 2)
    assert bank.concept_matrix.tolist() == [[True, True], [False, True], [False, False]]
    assert bank.concepts_of(1).tolist() == [1]
    assert bank.questions_of(1).tolist() == [0, 1]
    assert bank.question_index == {"a": 0, "b": 1, "c": 2}


def test_it_is_shown_by_its_counts(bank):
    assert repr(bank) == "QuestionBank(name='TOY', n_questions=3, n_concepts=2)"


def test_a_saved_bank_comes_back(bank, tmp_path):
    path = tmp_path / "bank.json"
    bank.with_difficulty(np.array([0.5, -1.25, 0], np.float32)).save(path)
    loaded = QuestionBank.load(path)
    assert loaded.fingerprint == bank.fingerprint
    assert (loaded.name, loaded.concept_names, loaded.problem_ids) == ("TOY", bank.concept_names, bank.problem_ids)
    assert loaded.difficulty.tolist() == [0.5, -1.25, 0]


def test_the_fingerprint_knows_the_concepts_not_the_difficulty(bank):
    other = QuestionBank.from_concept_lists("TOY", ["a", "b", "c"], [[0], [1], []], ["1", "2"])
    assert other.fingerprint != bank.fingerprint
    assert bank.with_difficulty(np.ones(3, np.float32)).fingerprint == bank.fingerprint


def test_arrays_can_not_be_changed(bank):
    with pytest.raises(ValueError, match="read-only"):
        bank.question_concepts[0, 0] = 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"question_ids": ["a", "b", "a"]}, "question_ids: expected unique ids, these repeat: a"),
        ({"concept_ids": ["1", "1"]}, "concept_ids: expected unique ids"),
        ({"concept_names": ["Mean"]}, "concept_names: expected 2 entries, got 1"),
        ({"problem_ids": ["p"]}, "problem_ids: expected 3 entries, got 1"),
        ({"concepts": [[0], [2], []]}, "question_concepts: expected indices below the 2 concepts, got 2"),
    ],
)
def test_parts_that_do_not_agree_are_refused(options, message):
    parts = {"question_ids": ["a", "b", "c"], "concepts": [[0], [1], []], "concept_ids": ["1", "2"]}
    with pytest.raises(LogError, match=message):
        QuestionBank.from_concept_lists("TOY", **(parts | options))


def test_damaged_files_are_refused(bank, tmp_path):
    path = tmp_path / "bank.json"
    bank.save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | {"format_version": 99}))
    with pytest.raises(CheckpointError, match=r"bank format version 99; this library reads version 1"):
        QuestionBank.load(path)
    path.write_text("{")
    with pytest.raises(CheckpointError, match="not a question bank"):
        QuestionBank.load(path)
