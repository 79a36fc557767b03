"""What the package brings of the teachers: relations and labels, small, with provenance and without records."""

import json
from pathlib import Path

import numpy as np
import pytest

import ldsim_env
from ldsim_env.logs import QuestionBank, read_logs
from ldsim_env.teacher import MasteryLabels, Provenance, load_graph

BANKS = Path(ldsim_env.__file__).parent / "banks"
RELATIONS = sorted(BANKS.glob("*/relations*.json"))
LABELS = sorted(BANKS.glob("*/labels*.json"))


@pytest.mark.parametrize("path", RELATIONS, ids=lambda path: path.name)
def test_relations_of_a_whole_course(path: Path) -> None:
    graph = load_graph(path)
    assert graph.n_concepts > 100
    assert graph.stats().prerequisites > graph.n_concepts
    assert len(graph.isolated) < 3
    assert says_where_it_comes_from(graph.provenance)
    assert path.stat().st_size < 20_000


@pytest.mark.parametrize("path", sorted((BANKS / "ASSIST09").glob("relations*.json")), ids=lambda path: path.name)
def test_relations_fit_the_bank_beside_them(path: Path) -> None:
    bank, graph = QuestionBank.load(BANKS / "ASSIST09/bank.json"), load_graph(path)
    assert set(graph.concept_ids) == set(bank.concept_ids)
    assert len(graph.for_bank(bank).prerequisites) == len(graph.prerequisites)


@pytest.mark.parametrize("path", LABELS, ids=lambda path: path.name)
def test_labels_hold_no_record(path: Path) -> None:
    labels = MasteryLabels.load(path)
    content = json.loads(path.read_text())
    assert says_where_it_comes_from(labels.provenance)
    assert set(content) == {
        *("format_version", "provenance", "concepts", "record_keys", "record_cuts"),
        *("record", "concept", "kind", "probability", "confidence"),
    }
    assert all(len(key) == 32 and int(key, 16) >= 0 for key in labels.record_keys)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # questions that are listed with differing concepts
@pytest.mark.parametrize("path", LABELS, ids=lambda path: path.name)
def test_all_labels_belong_to_training_students(path: Path, log_folder: Path) -> None:
    training = read_logs([log_folder / "assist09" / f"fold{i}.csv" for i in (1, 2, 3)])
    labels = MasteryLabels.load(path)
    placed = labels.place(training)
    assert placed.n_elsewhere == 0
    assert len(placed.student) == len(labels)
    np.testing.assert_array_less(placed.cut, training.lengths[placed.student] + 1)


def says_where_it_comes_from(provenance: Provenance) -> bool:
    return bool(provenance.teacher and provenance.date and provenance.counts and provenance.settings)
