import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ldsim_env.errors import CheckpointError, TeacherError
from ldsim_env.logs import ResponseLog, StudentHistory, read_four_line
from ldsim_env.teacher.labels import LabelledMoments, MasteryLabels, join_labels
from ldsim_env.teacher.provenance import Provenance
from ldsim_env.teacher.recorded_labels import read_recorded_mastery
from ldsim_env.teacher.sampling import Kind
from tests.teacher.fake_teacher import NAMES, practice_log

LOG = practice_log(20, np.random.default_rng(0))
MOMENTS = LabelledMoments(
    student=np.array([3, 3, 7, 3]),
    cut=np.array([12, 12, 30, 20]),
    concept=np.array([0, 5, 2, 0]),
    probability=np.array([0.25, 0.5, 0.75, 1.0], np.float32),
    confidence=np.array([1.0, 0.5, 0.75, 0.25], np.float32),
    kind=np.array([0, 2, 1, 0], np.int8),
    n_elsewhere=0,
)
LABELS = MasteryLabels.of_moments(LOG, MOMENTS, Provenance("a teacher", ("mastery/1",), "2025-01-02"))


def assert_same(placed: LabelledMoments, expected: LabelledMoments) -> None:
    for name in LabelledMoments._fields:
        np.testing.assert_array_equal(getattr(placed, name), getattr(expected, name), err_msg=name)


def test_labels_find_their_moments_again() -> None:
    assert_same(LABELS.place(LOG), MOMENTS)
    assert len(LABELS.record_keys) == 3


def test_labels_survive_their_file(tmp_path: Path) -> None:
    LABELS.save(tmp_path / "labels.json")
    back = MasteryLabels.load(tmp_path / "labels.json")
    assert_same(back.place(LOG), MOMENTS)
    assert back.provenance == LABELS.provenance
    assert {back.record.dtype, back.concept.dtype, back.probability.dtype} == {
        np.dtype(np.int32),
        np.dtype(np.int16),
        np.dtype(np.float32),
    }


def test_the_file_holds_no_record(tmp_path: Path) -> None:
    LABELS.save(tmp_path / "labels.json")
    text = (tmp_path / "labels.json").read_text()
    assert not any(student in text for student in LOG.student_ids)
    assert not any(f'"{question}"' in text for question in LOG.bank.question_ids)
    assert set(json.loads(text)) == {
        "format_version",
        "provenance",
        "concepts",
        "record_keys",
        "record_cuts",
        "record",
        "concept",
        "kind",
        "probability",
        "confidence",
    }


def test_a_part_of_the_students_gets_its_part_of_the_labels() -> None:
    placed = LABELS.place(LOG.select([7, 1]))
    assert placed.student.tolist() == [0]
    assert placed.concept.tolist() == [2]
    assert placed.n_elsewhere == 3


def test_a_longer_history_still_has_its_labels() -> None:
    grown = [
        StudentHistory(i, np.append(q, [0]).astype(np.int32), np.append(r, [1]).astype(np.int8)) for i, q, r in LOG
    ]
    assert_same(LABELS.place(ResponseLog.from_histories(LOG.bank, grown)), MOMENTS)


@pytest.mark.parametrize("change", ["response", "question", "student"])
def test_a_label_never_attaches_to_another_history(change: str) -> None:
    histories = []
    for one in LOG:
        questions, responses = one.questions.copy(), one.responses.copy()
        if change == "response":
            responses[0] = 1 - responses[0]
        elif change == "question":
            questions[0] = (questions[0] + 1) % LOG.bank.n_questions
        name = f"other-{one.student_id}" if change == "student" else one.student_id
        histories.append(StudentHistory(name, questions, responses))
    with pytest.raises(TeacherError, match=r"none of the 4 labels belongs to a student of this log \(20 students\)"):
        LABELS.place(ResponseLog.from_histories(LOG.bank, histories))


def test_concepts_are_found_by_name_in_another_order() -> None:
    order = list(reversed(range(len(NAMES))))
    bank = replace(
        LOG.bank,
        concept_ids=tuple(LOG.bank.concept_ids[k] for k in order),
        concept_names=tuple(LOG.bank.concept_names[k] for k in order),
        question_concepts=(len(NAMES) - 1 - LOG.bank.question_concepts).astype(np.int16),
    )
    assert LABELS.place(replace(LOG, bank=bank)).concept.tolist() == [7, 2, 5, 7]


def test_shuffled_labels_keep_their_probabilities_only() -> None:
    shuffled = LABELS.shuffled(np.random.default_rng(0))
    assert sorted(shuffled.probability) == sorted(LABELS.probability)
    assert (shuffled.probability != LABELS.probability).any()
    assert (shuffled.concept == LABELS.concept).all()
    assert shuffled.provenance.teacher == "probabilities exchanged at random: a teacher"


def test_labels_of_two_teachers_join() -> None:
    both = join_labels([LABELS, LABELS.shuffled(np.random.default_rng(0))])
    placed = both.place(LOG)
    assert len(both) == 8
    assert placed.student.tolist() == MOMENTS.student.tolist() * 2
    assert placed.probability[:4].tolist() == MOMENTS.probability.tolist()
    assert both.provenance.teacher.startswith("a teacher + prob")
    with pytest.raises(TeacherError, match="at least one set"):
        join_labels([])


def test_labels_can_be_selected() -> None:
    practised = LABELS.select(LABELS.kind == Kind.PRACTISED)
    assert practised.place(LOG).cut.tolist() == [12, 20]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probability": np.array([0.1, 0.2, 0.3, 1.5], np.float32)}, "probability: expected values from 0 to 1"),
        ({"confidence": np.full(4, np.nan, np.float32)}, "confidence: expected values"),
        ({"record": np.array([0, 0, 0, 3], np.int32)}, "record: expected indices from 0 to 2, got 0 to 3"),
        ({"kind": np.zeros(3, np.int8)}, "columns of one length"),
    ],
)
def test_bad_columns_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(TeacherError, match=message):
        replace(LABELS, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 9}, "format version 9; this library reads version 1"),
        ({"record": [0, 0, 0, 99]}, "not mastery labels"),
        ({"concept": [0, 0, 0, 10**9]}, "not mastery labels"),
        ({"probability": None}, "not mastery labels"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "labels.json"
    LABELS.save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CheckpointError, match=message):
        MasteryLabels.load(path)


# recorded judgements


def record(student: int = 3, cut: int = 25, shown: int = 10) -> dict[str, Any]:
    history = LOG.student(student)
    questions = [LOG.bank.question_ids[q] for q in history.questions[cut - shown : cut]]
    return {
        "student": history.student_id,
        "n_interactions": cut,
        "history": [
            {"question": q, "concepts": [], "response": int(r)}
            for q, r in zip(questions, history.responses[cut - shown : cut], strict=True)
        ],
        "judged": [
            {"concept": "c1", "name": "Adding ", "mastery": 0.7},
            {"concept": "c7", "name": "Poetry", "mastery": 0.2},
        ],
    }


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[..., Path]:
    def _write(*records: Any) -> Path:
        path = tmp_path / "recorded.jsonl"
        path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in records) + "\n")
        return path

    return _write


def test_recorded_judgements_become_labels(recorded: Callable[..., Path]) -> None:
    elsewhere = {**record(), "student": "somebody else"}
    read = read_recorded_mastery(recorded(record(), record(4, 12, 12), elsewhere), LOG)
    placed = read.labels.place(LOG)
    assert placed.student.tolist() == [3, 3, 4, 4]
    assert placed.cut.tolist() == [25, 25, 12, 12]
    assert placed.concept.tolist() == [1, 7, 1, 7]
    np.testing.assert_allclose(placed.probability, [0.7, 0.2, 0.7, 0.2])
    assert (placed.confidence == 1).all()
    assert read.n_elsewhere == 1
    assert read.labels.provenance.counts == {"records": 2, "labels": 4, "records_elsewhere": 1}


def test_a_history_that_is_not_the_students_is_refused(recorded: Callable[..., Path]) -> None:
    other = record(5)
    other["history"][0]["response"] = 1 - other["history"][0]["response"]
    with pytest.raises(
        TeacherError, match=r"history of 1 of 2 records is not the student's in practice log \(lines 2\)"
    ):
        read_recorded_mastery(recorded(record(), other), LOG)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: expected student, n_interactions"),
        ('{"student": "x"}', "line 2: expected student"),
        (
            {**record(), "judged": [{"concept": "c1", "name": "Adding", "mastery": 1.2}]},
            "line 2: expected each mastery",
        ),
        ({**record(), "judged": [{"concept": "c1", "name": "Alchemy", "mastery": 1}]}, "the concepts Alchemy"),
    ],
)
def test_other_recorded_lines_are_refused(recorded: Callable[..., Path], line: Any, message: str) -> None:
    with pytest.raises(TeacherError, match=message):
        read_recorded_mastery(recorded(record(), line), LOG)


def test_records_of_other_students_are_refused(recorded: Callable[..., Path]) -> None:
    with pytest.raises(TeacherError, match="none of the students of its 1 records is in practice log"):
        read_recorded_mastery(recorded({**record(), "student": "somebody else"}), LOG)


@pytest.mark.slow
def test_the_recorded_teacher_is_as_good_as_was_measured(
    teacher_folder: Path, log_folder: Path, tmp_path: Path
) -> None:
    log = read_four_line([log_folder / "assist09" / f"fold{i}.csv" for i in (1, 2, 3)])
    read = read_recorded_mastery(teacher_folder / "assist09_mastery.jsonl", log)
    assert (len(read.labels), len(read.labels.record_keys), read.n_elsewhere) == (4000, 800, 0)
    assert read.quality.outcomes == 837
    assert read.quality.auc == pytest.approx(0.731, abs=0.002)
    assert read.quality.auc_unmet == pytest.approx(0.758, abs=0.002)
    assert read.quality.auc > read.quality.baseline_auc
    read.labels.save(tmp_path / "labels.json")
    assert (tmp_path / "labels.json").stat().st_size < 150_000
    assert_same(MasteryLabels.load(tmp_path / "labels.json").place(log), read.labels.place(log))
