from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldsim_env.envs import EnvSettings
from ldsim_env.envs.targets import TARGET_RULES, concept_indices, eligible_concepts, least, readiness, target_rule
from ldsim_env.errors import SettingsError
from ldsim_env.teacher.graph import ConceptGraph, Relation
from tests.envs.fake_student import small_bank

BANK = small_bank()
GRAPH = ConceptGraph(  # Adding -> Halves -> Cubes, and half as surely Adding -> Cubes; Data stands alone
    BANK.concept_ids,
    BANK.concept_names,
    prerequisites=(Relation(0, 1, 1.0), Relation(1, 2, 1.0), Relation(0, 2, 0.5)),
    related=(),
)
UNIFORMS = np.random.default_rng(0).random((2, 4))
MASTERY = np.array([[0.9, 0.2, 0.1, 0.8], [0.1, 0.2, 0.3, 0.9]], np.float32)


def chosen(targets: Any, **settings: Any) -> list[list[int]]:
    rule = target_rule(BANK, EnvSettings(**({"min_questions": 2, "n_targets": 2} | settings)), targets, GRAPH)
    return [np.flatnonzero(row).tolist() for row in rule.choose(UNIFORMS, MASTERY)]


def test_targets_by_index_and_name_in_order() -> None:
    assert concept_indices(BANK, ["Data", 1, np.int64(0)]).tolist() == [0, 1, 3]
    assert concept_indices(BANK, np.array([2, 0])).tolist() == [0, 2]


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([], "targets: expected a non-empty list"),
        ("Data", "targets: expected a non-empty list"),
        (3, "targets: expected a non-empty list"),
        (["Datta"], r"unknown concept 'Datta'. Did you mean 'Data'\?"),
        ([4, -1], r"from 0 to 3, got 4\. .*from 0 to 3, got -1"),
        ([1.0, None], r"expected a concept index or name, got 1\.0.*got None"),
        ([True], "expected a concept index or name, got True"),
        ([1, "Halves"], "each concept once"),
    ],
)
def test_wrong_targets_are_named(targets: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        concept_indices(BANK, targets)


def test_fixed_targets() -> None:
    assert chosen(["Data", 1]) == [[1, 3], [1, 3]]


def test_the_weakest() -> None:
    assert chosen("weakest") == [[1, 2], [0, 1]]


def test_the_next_are_weak_and_their_prerequisites_are_not() -> None:
    # ready: 1, .9, (.2 + .45) / 1.5, 1 and 1, .1, (.2 + .05) / 1.5, 1; times what there is to learn
    assert chosen("next", n_targets=1) == [[1], [0]]
    assert chosen("next", n_targets=2) == [[1, 2], [0, 2]]


def test_readiness() -> None:
    prerequisites = GRAPH.arrays(BANK).prerequisites.T
    assert readiness(MASTERY, prerequisites)[0] == pytest.approx([1, 0.9, 0.65 / 1.5, 1])


def test_all_are_those_with_enough_questions() -> None:
    assert chosen("all", n_targets=3) == [[0, 1, 2, 3]] * 2
    assert chosen("all", min_questions=4, n_targets=3) == [[0, 3]] * 2


def test_next_needs_relations() -> None:
    with pytest.raises(SettingsError, match=r"'next' needs the relations .* no relations.json. Give them as"):
        target_rule(BANK, EnvSettings(min_questions=2), "next", None)


@pytest.mark.parametrize("targets", [None, 3, {"Data"}])
def test_targets_of_another_type(targets: object) -> None:
    with pytest.raises(SettingsError, match=r"targets: expected 'random', 'weakest', 'next', 'all' or a list .* got"):
        target_rule(BANK, EnvSettings(min_questions=2), targets, None)


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(SettingsError, match=r"targets: unknown rule 'weekest'. Did you mean 'weakest'\?.*list of conc"):
        target_rule(BANK, EnvSettings(min_questions=2), "weekest", None)


def test_targets_need_enough_questions() -> None:
    assert eligible_concepts(BANK, EnvSettings(min_questions=4), 2).tolist() == [True, False, False, True]


@pytest.mark.parametrize("targets", ["random", "weakest", "next"])
def test_too_few_concepts_for_the_targets(targets: str) -> None:
    with pytest.raises(SettingsError, match=r"n_targets: expected at most 2, .* at least 4 questions, got 3"):
        target_rule(BANK, EnvSettings(min_questions=4, n_targets=3), targets, GRAPH)


def test_no_concept_has_enough_questions() -> None:
    with pytest.raises(SettingsError, match=r"expected at most 0, .* at least 9 questions, got 1"):
        target_rule(BANK, EnvSettings(min_questions=9), "all", None)


@given(st.lists(st.floats(0, 0.999), min_size=4, max_size=4))
def test_drawn_targets_are_eligible_and_different(uniforms: list[float]) -> None:
    drawn = least(np.array(uniforms), np.array([True, False, True, True]), 2).tolist()
    assert len(set(drawn)) == 2
    assert 1 not in drawn
    assert drawn == sorted(drawn)


@given(
    st.sampled_from(TARGET_RULES),
    st.integers(1, 4),
    st.lists(st.floats(0, 1, width=32), min_size=12, max_size=12),
    st.integers(0, 99),
)
def test_every_rule_gives_as_many_targets_as_wanted(kind: str, n: int, mastery: list[float], seed: int) -> None:
    rule = target_rule(BANK, EnvSettings(min_questions=2, n_targets=n), kind, GRAPH)
    targets = rule.choose(np.random.default_rng(seed).random((3, 4)), np.array(mastery, np.float32).reshape(3, 4))
    assert (targets.dtype, targets.shape) == (bool, (3, 4))
    assert targets.sum(axis=1).tolist() == [4 if kind == "all" else n] * 3


def test_all_eligible_concepts_are_drawn_alike() -> None:
    drawn = least(np.random.default_rng(0).random((6000, 4)), np.array([True, True, False, True]), 2)
    share = np.bincount(drawn.ravel(), minlength=4) / 6000
    assert share == pytest.approx([2 / 3, 2 / 3, 0, 2 / 3], abs=0.03)
