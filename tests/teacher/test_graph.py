import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldsim_env.errors import CheckpointError, SettingsError, TeacherError
from ldsim_env.logs import QuestionBank, read_four_line
from ldsim_env.teacher.concept_matching import match_concepts
from ldsim_env.teacher.cycles import break_cycles
from ldsim_env.teacher.graph import ConceptGraph, Relation
from ldsim_env.teacher.graph_controls import random_graph, shuffled_graph
from ldsim_env.teacher.graph_figure import draw_graph, save_graph_figure
from ldsim_env.teacher.graph_files import from_recorded, load_graph, save_graph
from ldsim_env.teacher.graph_layout import layered_layout
from ldsim_env.teacher.provenance import Provenance

GRAPH = ConceptGraph(
    concept_ids=("1", "2", "3", "4", "5"),
    concept_names=("Add", "Multiply ", "Powers", "Area", "Poetry"),
    prerequisites=(Relation(0, 1, 1.0), Relation(1, 2, 0.5), Relation(0, 2, 0.25)),
    related=(Relation(1, 3, 0.75),),
    removed=(Relation(2, 0, 0.125),),
    provenance=Provenance("a teacher", ("connected/1",), "2025-01-02", {"pairs_asked": 10}),
)


def bank(*names: str) -> QuestionBank:
    return QuestionBank.from_concept_lists("B", ["q"], [[0]], [f"id-{name}" for name in names], concept_names=names)


def graph(prerequisites: tuple[Relation, ...] = (), related: tuple[Relation, ...] = (), n: int = 4) -> ConceptGraph:
    return ConceptGraph(tuple(map(str, range(n))), tuple("abcdefgh"[:n]), prerequisites, related)


def test_depth_isolation_and_counts() -> None:
    assert GRAPH.depths.tolist() == [0, 1, 2, 0, 0]
    assert GRAPH.isolated == (4,)
    stats = GRAPH.stats()
    assert (stats.concepts, stats.prerequisites, stats.related, stats.isolated) == (5, 3, 1, 1)
    assert (stats.removed, stats.depth, stats.mean_confidence) == (1, 2, 0.625)


def test_neighbours_come_surest_first() -> None:
    assert [one.source for one in GRAPH.before(2)] == [1, 0]
    assert GRAPH.near(1) == (Relation(1, 3, 0.75), Relation(1, 2, 0.5))


def test_arrays_follow_the_banks_order_and_names() -> None:
    arrays = GRAPH.arrays(bank("powers", "MULTIPLY", "Chemistry", "Area"))
    expected = np.zeros((4, 4), np.float32)
    expected[1, 0] = 0.5
    np.testing.assert_array_equal(arrays.prerequisites, expected)
    assert arrays.prerequisites.dtype == arrays.related.dtype == np.float32
    assert arrays.related[1, 3] == arrays.related[3, 1] == 0.75
    assert np.count_nonzero(arrays.related) == 2


def test_a_bank_of_another_course_is_refused() -> None:
    with pytest.raises(TeacherError, match="bank B has none of its 5"):
        GRAPH.for_bank(bank("Verbs", "Nouns"))


def test_ids_join_concepts_only_where_names_are_missing() -> None:
    assert match_concepts(["1", "2"], ["1", "2"], ["2", "3"], ["Add", "Powers"]).tolist() == [-1, 0]
    assert match_concepts(["1", "2"], ["Add", "Powers"], ["2", "1"], ["Verbs", "Add "]).tolist() == [1, -1]


@pytest.mark.parametrize(
    ("prerequisites", "related", "message"),
    [
        ((Relation(0, 4, 0.5),), (), "two different concepts of 4, got 0 and 4"),
        ((Relation(1, 1, 0.5),), (), "two different concepts"),
        ((Relation(0, 1, 1.5),), (), "confidences from 0 to 1, got 1.5"),
        ((Relation(0, 1, float("nan")),), (), "confidences from 0 to 1"),
        ((Relation(0, 1, 0.5), Relation(0, 1, 0.6)), (), "1 pairs stand twice"),
        ((Relation(0, 1, 0.5),), (Relation(0, 1, 0.6),), "1 pairs stand twice"),
        ((), (Relation(1, 0, 0.5),), "smaller index as source"),
        ((Relation(0, 1, 1), Relation(1, 2, 1), Relation(2, 0, 1)), (), r"circle, got .* -> .* Use break_cycles"),
    ],
)
def test_bad_relations_are_refused(
    prerequisites: tuple[Relation, ...], related: tuple[Relation, ...], message: str
) -> None:
    with pytest.raises(TeacherError, match=message):
        graph(prerequisites, related)


def test_a_graph_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "graph.json"
    save_graph(GRAPH, path)
    back = load_graph(path)
    for name in ("concept_ids", "concept_names", "prerequisites", "related", "removed", "provenance"):
        assert getattr(back, name) == getattr(GRAPH, name)
    assert [file.name for file in path.parent.iterdir()] == ["graph.json"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 7}, "format version 7; this library reads version 1"),
        ({"prerequisites": [[0, 1]]}, "not a concept graph"),
        ({"prerequisites": [[0, 99, 0.5]]}, "not a concept graph"),
        ({"provenance": {"unknown": 1}}, "not a concept graph"),
        ({"concepts": None}, "not a concept graph"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "graph.json"
    save_graph(GRAPH, path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CheckpointError, match=message):
        load_graph(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not a concept graph"):
        load_graph(tmp_path / "none.json")


edges = st.dictionaries(
    st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] != pair[1]),
    st.sampled_from([0.1, 0.2, 0.5, 0.9, 1.0]),
    max_size=30,
)


@given(edges)
def test_cycles_are_broken_at_their_weakest_edge(drawn: dict[tuple[int, int], float]) -> None:
    given_edges = [Relation(*pair, confidence) for pair, confidence in drawn.items()]
    kept, removed = break_cycles(given_edges)
    assert sorted([*kept, *removed]) == sorted(given_edges)
    assert not reachable_cycle(kept)
    for one in removed:  # the others of its cycle are at least as confident
        stronger = [other for other in kept if other.confidence >= one.confidence]
        assert reachable_cycle([*stronger, one])


@given(edges)
def test_edges_on_no_cycle_are_kept(drawn: dict[tuple[int, int], float]) -> None:
    forward = [Relation(*sorted(pair), confidence) for pair, confidence in drawn.items()]
    distinct = list({one[:2]: one for one in forward}.values())
    assert break_cycles(distinct) == (tuple(distinct), ())


def reachable_cycle(relations: list[Relation] | tuple[Relation, ...]) -> bool:
    reach = np.zeros((8, 8), int)
    for one in relations:
        reach[one.source, one.target] = 1
    power, total = np.eye(8, dtype=int), np.zeros((8, 8), int)
    for _ in range(8):
        power = (power @ reach > 0).astype(int)
        total += power
    return bool(np.trace(total))


def test_the_cycle_loses_its_weakest_edge_only() -> None:
    ring = (Relation(0, 1, 0.9), Relation(1, 2, 0.4), Relation(2, 0, 0.8), Relation(2, 3, 0.1))
    assert break_cycles(ring).removed == (ring[1],)


@pytest.mark.parametrize("control", [random_graph, shuffled_graph])
def test_controls_are_as_large_and_without_cycles(control: object) -> None:
    chain = tuple(Relation(i, i + 1, 0.5 + i / 20) for i in range(7))
    real = graph(chain, (Relation(0, 2, 0.3), Relation(1, 7, 0.2)), n=8)
    assert callable(control)
    fake = control(real, np.random.default_rng(1))
    assert fake.stats()[:3] == real.stats()[:3]
    assert sorted(one.confidence for one in fake.prerequisites) == sorted(one.confidence for one in chain)
    assert {one[:2] for one in fake.prerequisites} != {one[:2] for one in chain}
    assert fake.concept_names == real.concept_names
    assert "random" in fake.provenance.teacher
    assert control(real, np.random.default_rng(1)).prerequisites == fake.prerequisites


def test_a_shuffled_graph_keeps_its_shape() -> None:
    chain = tuple(Relation(i, i + 1, 0.5) for i in range(7))
    assert shuffled_graph(graph(chain, n=8), np.random.default_rng(0)).stats().depth == 7


# recorded relations


def recorded(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["source_id,source,target_id,target,relation,strength,reason", *rows]) + "\n")
    return path


def test_recorded_strengths_become_confidences(tmp_path: Path) -> None:
    path = recorded(tmp_path / "r.csv", '1,Add ,2,Multiply,prerequisite,3,"x, y"', "3,Area,2,Multiply,related,1,z")
    read = from_recorded(path)
    assert read.prerequisites == (Relation(0, 1, 1.0),)
    assert read.related == (Relation(1, 2, pytest.approx(1 / 3)),)
    assert read.concept_names == ("Add", "Multiply", "Area")
    assert read.provenance.counts == {"prerequisite": 1, "related": 1}


def test_recorded_cycles_are_broken_and_reported(tmp_path: Path) -> None:
    path = recorded(tmp_path / "r.csv", *(f"{a},N{a},{b},N{b},prerequisite,{c}," for a, b, c in ("123", "231", "312")))
    assert [one.confidence for one in from_recorded(path).removed] == [pytest.approx(1 / 3)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,Add,2,Multiply,needs,3,", "got 1 other lines: line 2: 'needs', '3'"),
        ("1,Add,2,Multiply,related,4,", "line 2: 'related', '4'"),
    ],
)
def test_other_recorded_lines_are_refused(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(TeacherError, match=message):
        from_recorded(recorded(tmp_path / "r.csv", row))


def test_a_recorded_file_without_its_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("source,target\na,b\n")
    with pytest.raises(TeacherError, match="without source_id, target_id, relation, strength"):
        from_recorded(tmp_path / "r.csv")
    with pytest.raises(TeacherError, match="Check the path"):
        from_recorded(tmp_path / "none.csv")


@pytest.mark.parametrize(("course", "n_prerequisites", "n_related"), [("assist09", 263, 58), ("assist17", 199, 62)])
def test_recorded_relations_are_read_whole(
    teacher_folder: Path, course: str, n_prerequisites: int, n_related: int
) -> None:
    stats = from_recorded(teacher_folder / f"{course}_relations.csv").stats()
    assert (stats.prerequisites, stats.related, stats.removed) == (n_prerequisites, n_related, 0)


def test_recorded_relations_fit_the_bank(teacher_folder: Path, log_folder: Path) -> None:
    course = read_four_line(log_folder / "assist09" / "fold1.csv").bank
    whole = from_recorded(teacher_folder / "assist09_relations.csv")
    fitted = from_recorded(teacher_folder / "assist09_relations.csv", course)
    assert fitted.concept_ids == course.concept_ids
    assert np.count_nonzero(whole.arrays(course).prerequisites) == len(fitted.prerequisites)


# the drawing


def test_prerequisites_are_drawn_from_left_to_right() -> None:
    layout = layered_layout(GRAPH)
    assert set(layout.concepts) == {0, 1, 2, 3}
    assert all(layout.column[one.source] < layout.column[one.target] for one in GRAPH.prerequisites)


def test_concepts_of_a_column_stand_apart() -> None:
    fan = graph(tuple(Relation(0, target, 0.5) for target in range(1, 8)), n=8)
    heights = sorted(layered_layout(fan).height[concept] for concept in range(1, 8))
    assert min(np.diff(heights)) >= 1 - 1e-9


def test_the_drawing_names_every_concept(tmp_path: Path) -> None:
    written = [text.get_text().replace("\n", " ") for text in draw_graph(GRAPH, "A title").axes[0].texts]
    assert {"Add", "Multiply", "Powers", "Area", "A title", "Without relations: Poetry"} <= set(written)
    save_graph_figure(GRAPH, tmp_path / "graph.png")
    assert (tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")


def test_a_graph_without_relations_is_drawn_too() -> None:
    assert draw_graph(graph()).axes[0].texts[-1].get_text() == "Without relations: a, b, c, d"


def test_a_drawing_needs_a_known_ending(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"ends in .png, .svg, .pdf"):
        save_graph_figure(GRAPH, tmp_path / "graph.bmp")
