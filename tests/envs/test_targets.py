import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldsim_env.envs import EnvSettings
from ldsim_env.envs.targets import concept_indices, draw_targets, eligible_concepts
from ldsim_env.errors import SettingsError
from tests.envs.fake_student import small_bank

BANK = small_bank()


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


def test_targets_need_enough_questions() -> None:
    assert eligible_concepts(BANK, EnvSettings(min_questions=4, n_targets=2)).tolist() == [True, False, False, True]


def test_too_few_concepts_for_the_targets() -> None:
    with pytest.raises(SettingsError, match=r"n_targets: expected at most 2, .* at least 4 questions, got 3"):
        eligible_concepts(BANK, EnvSettings(min_questions=4, n_targets=3))


@given(st.lists(st.floats(0, 0.999), min_size=4, max_size=4))
def test_drawn_targets_are_eligible_and_different(uniforms: list[float]) -> None:
    drawn = draw_targets(np.array(uniforms), np.array([True, False, True, True]), 2).tolist()
    assert len(set(drawn)) == 2
    assert 1 not in drawn
    assert drawn == sorted(drawn)


def test_all_eligible_concepts_are_drawn_alike() -> None:
    drawn = draw_targets(np.random.default_rng(0).random((6000, 4)), np.array([True, True, False, True]), 2)
    share = np.bincount(drawn.ravel(), minlength=4) / 6000
    assert share == pytest.approx([2 / 3, 2 / 3, 0, 2 / 3], abs=0.03)
