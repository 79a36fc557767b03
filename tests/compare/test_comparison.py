from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from rich.console import Console

from ldsim_env.compare import CompareSettings, Comparison, compare, load_comparison, print_table, save_json
from ldsim_env.compare.results import OUTCOMES
from ldsim_env.errors import CheckpointError, SettingsError
from ldsim_env.recommenders import RECOMMENDERS, RandomRecommender, ZPDRecommender
from tests.envs.fake_student import SMALL_ID, register_small
from tests.recommenders.toy_env import TOY_ID, ToyEnv, register_toy


class Twin(ZPDRecommender):
    name = "twin"


class Renamed(RandomRecommender):
    name = "renamed"


def settings(**changes: Any) -> CompareSettings:
    register_toy()
    return CompareSettings(**{"env_id": TOY_ID, "n_students": 5, "seeds": (0, 1), "n_resamples": 200} | changes)


def test_every_recommender_on_the_real_environment_with_a_fake_student() -> None:
    register_small()
    comparison = compare(list(RECOMMENDERS), settings(env_id=SMALL_ID, n_students=4))
    assert comparison.policies == tuple(RECOMMENDERS)
    assert comparison.learning_gain.shape == (len(RECOMMENDERS), 2, 4)
    assert comparison.uses_simulator == tuple(name == "greedy" for name in RECOMMENDERS)


def test_same_settings_same_result() -> None:
    first, again = (compare(["random", "weakest", "greedy"], settings()) for _ in range(2))
    for name in OUTCOMES:
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    other = compare(["random", "weakest", "greedy"], settings(seeds=(0, 2)))
    np.testing.assert_array_equal(first.learning_gain[:, 0], other.learning_gain[:, 0])
    assert (first.learning_gain[:, 1] != other.learning_gain[:, 1]).any()


def test_policies_that_act_alike_get_the_same_episodes() -> None:
    comparison = compare(["zpd", Twin(), "random", Renamed()], settings())
    for name in OUTCOMES:
        values = getattr(comparison, name)
        np.testing.assert_array_equal(values[0], values[1])
        np.testing.assert_array_equal(values[2], values[3])


def test_a_result_does_not_change_with_the_company() -> None:
    alone = compare(["zpd"], settings(reference="zpd"))
    in_company = compare(["random", "greedy", "zpd"], settings())
    np.testing.assert_array_equal(alone.gains_of("zpd"), in_company.gains_of("zpd"))


def test_all_policies_start_from_the_same_exam_score() -> None:
    start = compare(["random", "fixed", "zpd"], settings()).exam_start
    assert (start == start[0]).all()
    assert np.unique(start[0]).size > 1


def test_a_reference_that_was_not_named_is_added() -> None:
    assert compare(["zpd", "greedy"], settings()).policies == ("random", "zpd", "greedy")
    assert compare(["zpd"], settings(reference="zpd")).policies == ("zpd",)


def test_an_unknown_reference_is_reported_before_the_run() -> None:
    with pytest.raises(SettingsError, match=r"unknown recommender 'rondom'. Did you mean 'random'"):
        compare(["zpd"], settings(reference="rondom"))


def test_held_out_students_by_default() -> None:
    assert dict(CompareSettings().env_kwargs) == {"cohort_split": "eval"}
    held_out = compare(["random"], settings())
    everyone = compare(["random"], settings(env_kwargs={"cohort_split": "all"}))
    assert (held_out.exam_start != everyone.exam_start).any()


def test_two_policies_of_one_name_are_refused() -> None:
    with pytest.raises(SettingsError, match="these come twice: zpd"):
        compare(["zpd", "zpd", "random"], settings())


def test_more_students_than_there_are() -> None:
    with pytest.raises(SettingsError, match=r"n_students: expected at most 50, the students of Toy-v0.*got 51"):
        compare(["random"], settings(n_students=51))


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"env_id": "Toi-v0"}, r"env_id: can't make 'Toi-v0'"), ({"env_kwargs": {"color": 1}}, r"can't make.*'color'")],
)
def test_an_environment_that_can_not_be_made(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        compare(["random"], settings(**changes))


class ForgetfulEnv(ToyEnv):
    """Its reset draws the student from the clock, so to say, not from the seed."""

    n_resets = 0

    def reset(self, **kwargs: Any) -> Any:
        ForgetfulEnv.n_resets += 1
        return super().reset(**kwargs | {"options": {"student": ForgetfulEnv.n_resets % 50}})


def test_an_environment_that_breaks_the_pairs_is_refused() -> None:
    if "Forgetful-v0" not in gymnasium.registry:
        gymnasium.register("Forgetful-v0", entry_point=ForgetfulEnv, max_episode_steps=3)
    with pytest.raises(
        SettingsError, match="gave random and zpd different students or targets for seed 0 and student 0"
    ):
        compare(["random", "zpd"], settings(env_id="Forgetful-v0"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_students": 1}, "n_students: expected at least 2.*got 1"),
        ({"seeds": ()}, "seeds: expected at least one seed"),
        ({"seeds": (0, -1)}, "seeds: expected whole numbers of at least 0"),
        ({"seeds": (3, 3)}, "seeds: expected each seed once"),
        ({"confidence": 95}, r"confidence: expected a number in \(0, 1\), got 95"),
        ({"n_resamples": 10}, "n_resamples: expected at least 100, got 10"),
    ],
)
def test_settings_are_checked(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        CompareSettings(**changes)


def test_json_round_trip(tmp_path: Path) -> None:
    comparison = compare(["random", "greedy"], settings())
    save_json(comparison, tmp_path / "out" / "result.json")
    loaded = load_comparison(tmp_path / "out" / "result.json")
    assert loaded.settings == comparison.settings
    assert loaded.policies == comparison.policies
    assert loaded.uses_simulator == (False, True)
    for name in OUTCOMES:
        np.testing.assert_allclose(getattr(loaded, name), getattr(comparison, name), atol=1e-6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not a saved comparison"),
        ("[]", "not a saved comparison"),
        ('{"format_version": 99}', "result format version 99; this library reads version 1"),
        ('{"format_version": 1}', "not a saved comparison"),
    ],
)
def test_a_damaged_result_is_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(content)
    with pytest.raises(CheckpointError, match=message):
        load_comparison(tmp_path / "result.json")


def test_an_absent_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such file"):
        load_comparison(tmp_path / "result.json")


def test_shapes_of_a_result_are_checked() -> None:
    values = {name: np.zeros((1, 1, 2)) for name in OUTCOMES} | {"exam_end": np.zeros((1, 2))}
    with pytest.raises(SettingsError, match=r"exam_end: expected the shape \(1, 1, 2\), got \(1, 2\)"):
        Comparison(CompareSettings(n_students=2), ("random",), (False,), **values)


def test_progress_and_table_on_the_console() -> None:
    console = Console(file=io.StringIO(), width=80)
    comparison = compare(["zpd-weakest", "greedy"], settings(), console)
    print_table(comparison, console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "30/30" in text
    assert "vs random" in text
    assert "greedy †" in text
    assert "upper bound" in text
    assert "…" not in text
    gains = comparison.gains_of("zpd-weakest")
    assert f"{gains.mean():.3f}".lstrip("0") in text


def test_no_console_no_output(capsys: pytest.CaptureFixture[str]) -> None:
    compare(["random"], settings())
    assert capsys.readouterr() == ("", "")
