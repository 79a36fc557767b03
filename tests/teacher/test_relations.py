from pathlib import Path

import numpy as np
import pytest

from ldsim_env.errors import SettingsError, TeacherError
from ldsim_env.logs import QuestionBank, read_four_line
from ldsim_env.teacher.candidates import all_pairs, candidate_pairs, candidate_recall, outsiders
from ldsim_env.teacher.distillation import relation_run_batches, run_relations
from ldsim_env.teacher.graph import ConceptGraph, Relation
from ldsim_env.teacher.graph_files import from_recorded, load_graph
from ldsim_env.teacher.prompts import Course
from ldsim_env.teacher.protocol import Prompt, Teacher
from ldsim_env.teacher.relation_answers import RelationAnswers
from ldsim_env.teacher.relation_quality import ask_reference, graph_quality, read_reference
from ldsim_env.teacher.relation_rule import decide_relations
from ldsim_env.teacher.relation_settings import RelationSettings
from ldsim_env.teacher.relations import distill_relations, relation_batches
from tests.teacher.fake_teacher import (
    CHAIN,
    NAMES,
    RELATED,
    FakeTeacher,
    always_the_first_choice,
    concepts_in,
    contradictory,
    course_bank,
    knows_the_course,
    noisy,
    practice_log,
    silent,
)

BANK = course_bank()
N_PAIRS = len(NAMES) * (len(NAMES) - 1) // 2


def pairs_of(relations: tuple[Relation, ...]) -> set[tuple[int, int]]:
    return {(one.source, one.target) for one in relations}


def answers(connected: list[list[float]], position: list[list[float]], grade: list[float]) -> RelationAnswers:
    """About all pairs of as many concepts as there are grades."""
    return RelationAnswers(
        all_pairs(len(grade)), np.array(connected), np.array(position), np.array(grade), RelationSettings()
    )


def bank_of(n: int) -> QuestionBank:
    return course_bank(NAMES[:n])


# a teacher who knows


def test_a_fake_teacher_is_a_teacher() -> None:
    assert isinstance(FakeTeacher(knows_the_course), Teacher)


def test_a_teacher_who_knows_gives_the_course() -> None:
    graph = distill_relations(BANK, FakeTeacher(knows_the_course))
    assert pairs_of(graph.prerequisites) == CHAIN
    assert pairs_of(graph.related) == RELATED
    assert graph.isolated == (7,)
    assert graph.concept_names == BANK.concept_names


def test_a_densely_connected_course_is_not_refused_before_its_order_is_asked() -> None:
    def _near(prompt: Prompt) -> list[float]:
        concepts = concepts_in(prompt)
        if prompt.template.startswith("grade"):
            return [8.0 if grade == concepts[0] + 1 else 0.0 for grade in range(1, 10)]
        apart = concepts[1] - concepts[0]
        return [4.0 * (np.sign(apart) if prompt.template.startswith("which") else np.sign(4.5 - abs(apart))), 0.0]

    graph = distill_relations(BANK, FakeTeacher(_near), RelationSettings(most_prerequisites=0))
    assert len(graph.prerequisites) == 22


def test_a_little_noise_does_no_harm() -> None:
    graph = distill_relations(BANK, FakeTeacher(noisy(knows_the_course, 0.7, np.random.default_rng(0))))
    assert pairs_of(graph.prerequisites) == CHAIN


def test_provenance_says_who_was_asked_what() -> None:
    provenance = distill_relations(BANK, FakeTeacher(knows_the_course, model="a model")).provenance
    assert provenance.teacher == "a model"
    assert provenance.templates == ("connected/2", "which/2", "grade/2")
    assert provenance.counts["pairs_asked"] == N_PAIRS
    assert provenance.counts["pairs_connected"] == len(CHAIN | RELATED)
    assert provenance.settings["threshold"] == 0.0


def test_the_order_is_asked_of_connected_pairs_only_and_always_both_ways() -> None:
    teacher = FakeTeacher(knows_the_course)
    distill_relations(BANK, teacher)
    assert len(teacher.asked_about("connected")) == 2 * N_PAIRS
    assert len(teacher.asked_about("which")) == 2 * len(CHAIN | RELATED)
    assert len(teacher.asked_about("grade")) == len(NAMES)
    asked = {tuple(concepts_in(prompt)) for prompt in teacher.asked_about("which")}
    assert asked == {(b, a) for a, b in asked}


def test_a_dry_run_lists_what_is_asked() -> None:
    teacher = FakeTeacher(knows_the_course)
    distill_relations(BANK, teacher)
    listed = [prompt for batch in relation_batches(BANK) for prompt in batch.prompts]
    assert set(teacher.asked) <= set(listed)
    assert len(listed) == 4 * N_PAIRS + len(NAMES)


def test_subject_and_texts_reach_the_teacher() -> None:
    teacher = FakeTeacher(knows_the_course)
    course = Course("music", "evening school", concept_texts={"c0": "saying numbers in order"})
    with pytest.raises(ValueError, match="not in tuple"):  # the fake reads names only
        distill_relations(BANK, teacher, course=course)
    assert "music" in teacher.asked[0].system
    assert "Counting (saying numbers in order)" in teacher.asked[0].user


def test_stages_stand_in_where_there_are_no_grades() -> None:
    def _answer(prompt: Prompt) -> list[float]:
        if prompt.template.startswith("stage"):
            return [0.0] * 9
        return list(knows_the_course(prompt))

    teacher = FakeTeacher(_answer)
    distill_relations(BANK, teacher, RelationSettings(order_template="stage"), course=Course("music", "evening school"))
    assert len(teacher.asked_about("stage")) == len(NAMES)
    assert "music (evening school)" in teacher.asked_about("stage")[0].system
    assert not teacher.asked_about("grade")


# the rule


def test_confidence_is_of_connection_and_order() -> None:
    nothing = [[-4.0, -4.0]] * 2
    graph = decide_relations(answers([[2, 4], *nothing], [[1, -1], [0, 0], [0, 0]], [1, 2, 2]), bank_of(3))
    (one,) = graph.prerequisites
    assert one[:2] == (0, 1)
    order = 1 + 1  # logits: of `which`, and of one grade
    assert one.confidence == pytest.approx(1 / (1 + np.exp(-3)) / (1 + np.exp(-order)))


def test_connected_without_a_clear_order_is_related() -> None:
    nothing = [[-4.0, -4.0]] * 2
    graph = decide_relations(answers([[2, 4], *nothing], [[0.1, 0.1], [3, -3], [2, -2]], [2, 2, 2]), bank_of(3))
    assert (pairs_of(graph.prerequisites), pairs_of(graph.related)) == (set(), {(0, 1)})


def test_a_bias_for_the_first_place_is_taken_out() -> None:
    biased = answers([[3, 3], [3, 3], [-3, -3]], [[7, 5], [6.5, 5.5], [6, 6]], [2, 2, 2])
    assert biased.position_bias == 6
    assert not biased.contradictory_order.any()
    np.testing.assert_allclose(biased.first, [1, 0.5, 0])


def test_each_surely_before_the_other_is_an_abstention() -> None:
    both = answers([[3, 3], [3, 3], [-3, -3]], [[4, 4], [-4, -4], [1, -1]], [1, 2, 4])
    assert both.contradictory_order.tolist() == [True, True, False]
    assert np.isnan(both.first[:2]).all()
    np.testing.assert_allclose(both.order, [1, 3, 3])  # the grades alone decide


def test_sure_and_surely_not_connected_is_an_abstention() -> None:
    clash = answers([[6, -3], [3, 3], [-3, -3]], [[1, -1]] * 3, [1, 2, 3])
    assert clash.is_connected.tolist() == [False, True, False]
    assert pairs_of(decide_relations(clash, bank_of(3)).prerequisites) == {(0, 2)}


def test_a_missing_answer_is_an_abstention() -> None:
    nan = np.nan
    half = answers([[6, nan], [3, 3], [-3, -3]], [[1, -1]] * 3, [nan, 2, 3])
    graph = decide_relations(half, bank_of(3))
    assert pairs_of(graph.prerequisites) == {(0, 2)}  # without a grade, by `which` alone
    assert graph.provenance.counts["pairs_unanswered"] == 1
    assert graph.provenance.counts["grades_unanswered"] == 1


def test_cycles_are_broken_and_reported() -> None:
    ring = answers([[4, 4]] * 3 + [[-4, -4]] * 3, [[3, -3], [-2, 2], [3, -3]] + [[0, 0]] * 3, [1, 1, 1, 1])
    ring = RelationAnswers(
        np.array([[0, 1], [0, 2], [1, 2], [0, 3], [1, 3], [2, 3]]),
        ring.connected,
        ring.position,
        ring.grade,
        RelationSettings(),
    )
    graph = decide_relations(ring, bank_of(4))
    assert pairs_of(graph.removed) == {(2, 0)}
    assert graph.stats().removed == 1


def test_the_most_confident_relations_are_kept() -> None:
    graph = distill_relations(BANK, FakeTeacher(knows_the_course), RelationSettings(most_prerequisites=1))
    assert pairs_of(graph.prerequisites) == CHAIN
    everything = answers([[3, 3], [4, 4], [5, 5]], [[2, -2]] * 3, [1, 1, 1])
    settings = RelationSettings(most_prerequisites=1, most_connected=1.0)
    limited = RelationAnswers(*[getattr(everything, n) for n in ("pairs", "connected", "position", "grade")], settings)
    graph = decide_relations(limited, bank_of(3))
    assert pairs_of(graph.prerequisites) == {(0, 1), (1, 2)}
    assert graph.provenance.counts["relations_dropped"] == 1


# bad teachers


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (silent, "28 pairs make no graph: no usable answer to 100% of the prompts"),
        (always_the_first_choice, "100% of the pairs are connected"),
        (lambda prompt: [-x for x in always_the_first_choice(prompt)], "not one of 28 pairs is connected"),
        (contradictory, r"surely connected in one order and surely not in the other in 100% of the pairs"),
        (lambda prompt: [0.01] + [0.0] * (8 if "grade" in prompt.template else 1), "100% of the pairs are connected"),
    ],
)
def test_a_bad_teacher_is_refused_with_the_numbers(answer: object, message: str) -> None:
    assert callable(answer)
    teacher = FakeTeacher(answer)
    with pytest.raises(TeacherError, match=message):
        distill_relations(BANK, teacher)
    assert not teacher.asked_about("which")  # and is asked no further


def test_the_same_answer_to_everything_is_refused_in_a_small_course_too() -> None:
    with pytest.raises(TeacherError, match=r"the same answer to all 3 pairs \(log-odds 3.00\)"):
        decide_relations(answers([[3, 3]] * 3, [[1, -1]] * 3, [1, 2, 3]), bank_of(3))


def test_a_teacher_who_puts_each_before_the_other_is_refused() -> None:
    def _answer(prompt: Prompt) -> list[float]:
        if prompt.template.startswith("which"):
            return [5.0 if min(concepts_in(prompt)) % 2 else -5.0, 0.0]
        return list(silent(prompt) if prompt.template.startswith("grade") else knows_the_course(prompt))

    with pytest.raises(TeacherError, match="each concept surely before the other in 100% of 7 pairs"):
        distill_relations(BANK, FakeTeacher(_answer))


def test_a_teacher_who_orders_nothing_is_refused() -> None:
    n = 8
    connected = [[4.0 + i / 10, 4.0] for i in range(22)] + [[-4.0, -4.0]] * 6
    with pytest.raises(TeacherError, match="an order in 0% of 22 connected pairs only"):
        decide_relations(answers(connected, [[9, 9]] * 28, [3.0] * n), bank_of(n))


def test_a_teacher_who_always_names_the_first_is_refused() -> None:
    def _answer(prompt: Prompt) -> list[float]:
        return list(knows_the_course(prompt) if prompt.template.startswith("conn") else always_the_first_choice(prompt))

    with pytest.raises(TeacherError, match=r"every question of order \(the one named first by 9.0 logits\)"):
        distill_relations(BANK, FakeTeacher(_answer))


def test_half_silent_is_half_a_graph() -> None:
    def _answer(prompt: Prompt) -> list[float]:
        return list(silent(prompt) if "Poetry" in prompt.user else knows_the_course(prompt))

    graph = distill_relations(BANK, FakeTeacher(_answer))
    assert pairs_of(graph.prerequisites) == CHAIN
    assert graph.provenance.counts["pairs_unanswered"] == len(NAMES) - 1


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(TeacherError, match=r"expected scores of shape \(56, 2\) for connected/2, got \(56, 3\)"):
        distill_relations(BANK, FakeTeacher(lambda prompt: [0.0, 0.0, 0.0]))


def test_one_concept_has_no_relations() -> None:
    with pytest.raises(TeacherError, match="at least 2 concepts"):
        distill_relations(bank_of(1), FakeTeacher(knows_the_course))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"per_concept": 0}, "per_concept: expected at least 1"),
        ({"least_answered": 1.5}, "least_answered: expected a share"),
        ({"which_weight": 0, "grade_weight": 0}, "nothing tells the order"),
    ],
)
def test_settings_are_checked(change: dict[str, float], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        RelationSettings(**change)  # type: ignore[arg-type]


# big banks


def test_names_and_neighbourhood_make_candidates() -> None:
    bank = course_bank(("Adding fractions", "Dividing fractions", "Verbs in English", "English verbs"))
    assert {(0, 1), (2, 3)} == {tuple(pair) for pair in candidate_pairs(bank, 1).tolist()}


def test_concepts_met_together_are_candidates() -> None:
    log = practice_log(30, np.random.default_rng(0))
    with_log, without = candidate_pairs(BANK, 2, log), candidate_pairs(BANK, 2)
    assert {tuple(pair) for pair in without.tolist()} < {tuple(pair) for pair in with_log.tolist()}


def test_embeddings_make_candidates() -> None:
    vectors = np.eye(8)
    vectors[7] = vectors[2] + 0.1 * vectors[7]
    assert [2, 7] in candidate_pairs(BANK, 1, embeddings=vectors).tolist()
    with pytest.raises(SettingsError, match=r"expected \(8, width\)"):
        candidate_pairs(BANK, 1, embeddings=np.eye(3))


def test_candidates_grow_in_proportion_to_concepts() -> None:
    for n in (50, 200):
        bank = course_bank([f"concept {i} of topic {i % 7}" for i in range(n)])
        assert len(candidate_pairs(bank, 5)) <= 5 * n


def test_recall_counts_both_kinds_of_relations() -> None:
    graph = ConceptGraph(
        BANK.concept_ids, BANK.concept_names, (Relation(1, 0, 1), Relation(1, 2, 1)), (Relation(3, 4, 1),)
    )
    recall = candidate_recall(np.array([[0, 1], [3, 4]]), graph)
    assert (recall.prerequisites, recall.related) == (0.5, 1.0)
    assert (recall.all, recall.asked) == (pytest.approx(2 / 3), pytest.approx(2 / N_PAIRS))


def test_outsiders_are_outside() -> None:
    inside = all_pairs(8)[::2]
    drawn = outsiders(inside, 8, 100, np.random.default_rng(0))
    assert len(drawn) == N_PAIRS - len(inside)
    assert not {tuple(p) for p in drawn.tolist()} & {tuple(p) for p in inside.tolist()}


def test_a_pruned_bank_says_what_it_loses() -> None:
    settings = RelationSettings(all_pairs_up_to=3, per_concept=1, outsiders=4)
    teacher = FakeTeacher(knows_the_course)
    graph = distill_relations(BANK, teacher, settings)
    counts = graph.provenance.counts
    assert counts["pairs_in_all"] == N_PAIRS
    assert counts["pairs_asked"] < N_PAIRS
    assert counts["outsiders_asked"] == 4
    assert 0 < counts["estimated_recall"] <= 1
    assert pairs_of(graph.prerequisites) <= CHAIN


def test_pairs_with_a_common_partner_are_asked_as_well() -> None:
    settings = RelationSettings(all_pairs_up_to=3, per_concept=1, outsiders=0)
    teacher = FakeTeacher(knows_the_course)
    distill_relations(BANK, teacher, settings, embeddings=np.eye(8))
    candidates = {tuple(sorted(pair)) for pair in candidate_pairs(BANK, 1).tolist()}
    asked = {tuple(sorted(concepts_in(prompt))) for prompt in teacher.asked_about("connected")}
    linked = candidates & (CHAIN | RELATED)
    shared = {tuple(sorted((a, b))) for p in linked for q in linked for a in p for b in q if set(p) & set(q) and a != b}
    assert candidates | shared == asked


def test_recall_of_the_candidates_on_the_recorded_relations(teacher_folder: Path, log_folder: Path) -> None:
    log = read_four_line(log_folder / "assist09" / "fold1.csv")
    graph = from_recorded(teacher_folder / "assist09_relations.csv", log.bank)
    recall = candidate_recall(candidate_pairs(log.bank, 10, log), graph)
    assert recall.all > 2 * recall.asked


# quality


def reference_file(path: Path) -> Path:
    rows = [f"{NAMES[a]},{NAMES[b]},1,prereq" for a, b in sorted(CHAIN)]
    rows += [f"{NAMES[b]},{NAMES[a]},0,reverse" for a, b in sorted(CHAIN)]
    rows += [f"{NAMES[a]},Poetry,0,unrelated" for a in range(5)]
    path.write_text("\n".join(["a,b,label,kind", *rows]) + "\n")
    return path


def test_a_teacher_who_knows_is_perfect(tmp_path: Path) -> None:
    reference = read_reference(reference_file(tmp_path / "ref.csv"), BANK)
    quality = ask_reference(BANK, FakeTeacher(knows_the_course), reference)
    assert quality.parts["rule"] == (1, 1, 1)
    assert quality.parts["connected"].reversed == 0.5  # blind to direction
    assert quality.parts["connected"].unrelated == 1
    assert (quality.accuracy, quality.precision, quality.recall) == (1, 1, 1)
    assert "rule: accuracy 1.000" in str(quality)


def test_an_abstention_is_no_prerequisite(tmp_path: Path) -> None:
    reference = read_reference(reference_file(tmp_path / "ref.csv"), BANK)

    def _answer(prompt: Prompt) -> list[float]:
        return list(silent(prompt) if "Ratios" in prompt.user else knows_the_course(prompt))

    quality = ask_reference(BANK, FakeTeacher(_answer), reference)
    assert quality.unanswered == 2
    assert quality.recall == pytest.approx(5 / 6)
    assert quality.parts["rule"].all == 1


def test_a_dry_run_counts_what_the_reference_pairs_ask(tmp_path: Path) -> None:
    path, few = reference_file(tmp_path / "ref.csv"), RelationSettings(all_pairs_up_to=0, per_concept=1, outsiders=0)
    teacher = FakeTeacher(knows_the_course)
    ask_reference(BANK, teacher, read_reference(path, BANK), few)
    listed, without = (
        {prompt for batch in batches for prompt in batch.prompts}
        for batches in (relation_run_batches(BANK, few, reference=path), relation_batches(BANK, few))
    )
    assert listed == without | set(teacher.asked)
    assert listed > without


def test_a_graph_is_measured_by_its_confidences(tmp_path: Path) -> None:
    reference = read_reference(reference_file(tmp_path / "ref.csv"), BANK)
    graph = ConceptGraph(BANK.concept_ids, BANK.concept_names, tuple(Relation(a, b, 0.5) for a, b in CHAIN), ())
    assert graph_quality(graph, BANK, reference).accuracy == 1


def test_an_unknown_reference_concept_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ref.csv"
    path.write_text("a,b,label,kind\nCounting,Alchemy,0,unrelated\n")
    with pytest.raises(TeacherError, match="doesn't have the concepts Alchemy"):
        read_reference(path, BANK)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(TeacherError, match="expected the columns a, b, label, kind"):
        read_reference(path, BANK)


def test_the_recorded_graph_on_the_reference_pairs(teacher_folder: Path, log_folder: Path) -> None:
    bank = read_four_line(log_folder / "assist09" / "fold1.csv").bank
    graph = from_recorded(teacher_folder / "assist09_relations.csv", bank)
    quality = graph_quality(graph, bank, read_reference(teacher_folder / "relations_reference.csv", bank))
    assert quality.pairs == 152
    assert quality.precision == 1.0
    assert quality.parts["rule"].all > 0.95


def test_a_run_writes_graph_and_drawing_and_reports(tmp_path: Path) -> None:
    out = tmp_path / "out" / "relations.json"
    run = run_relations(BANK, FakeTeacher(knows_the_course), out, reference=reference_file(tmp_path / "ref.csv"))
    assert load_graph(out).prerequisites == tuple(Relation(a, b, round(c, 4)) for a, b, c in run.graph.prerequisites)
    assert load_graph(out).provenance.quality["accuracy"] == 1
    assert run.files == (out, out.with_suffix(".png"))
    assert all(file.is_file() for file in run.files)
    for told in ("6 prerequisites", "isolated concepts: Poetry", "accuracy 1.000", "cycles broken at 0 edges"):
        assert told in run.report


def test_a_teacher_who_fails_on_the_reference_is_refused_before_all_is_asked(tmp_path: Path) -> None:
    def _backwards(prompt: Prompt) -> list[float]:
        right = knows_the_course(prompt)
        return list(right) if prompt.template.startswith("connected") else [-one for one in right]

    teacher, reference = FakeTeacher(_backwards), reference_file(tmp_path / "ref.csv")
    with pytest.raises(TeacherError, match=r"better than chance on the reference pairs: AUC 0\.\d+, at least 0.7"):
        run_relations(BANK, teacher, tmp_path / "relations.json", reference=reference)
    assert list(tmp_path.iterdir()) == [reference]
    assert len(teacher.asked_about("connected")) < 2 * N_PAIRS


def test_a_teacher_who_leaves_most_concepts_alone_is_refused() -> None:
    n = 20
    connected = [[4.0, 4.0]] * 3 + [[-4.0 - i / 100, -4.0] for i in range(n * (n - 1) // 2 - 3)]
    said = answers(connected, [[9, 9]] * len(connected), [float(i % 9) for i in range(n)])
    with pytest.raises(TeacherError, match=r"80% of 20 concepts are connected with none"):
        decide_relations(said, course_bank([f"Topic {i}" for i in range(n)]))


def test_a_refused_run_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(TeacherError):
        run_relations(BANK, FakeTeacher(silent), tmp_path / "relations.json")
    assert list(tmp_path.iterdir()) == []
