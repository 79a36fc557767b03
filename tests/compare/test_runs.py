from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import ldsim_env.compare.cells as cells_module
import ldsim_env.compare.policies as policies_module
from ldsim_env.compare import CompareSettings, compare, matrix_of, matrix_plot, print_matrix, save_matrix
from ldsim_env.compare.report.run_settings import read_run_settings
from ldsim_env.errors import CheckpointError, MissingExtraError, SettingsError
from ldsim_env.recommenders import ZPDRecommender, ZPDWeakestRecommender
from ldsim_env.simulator.naming import student_models_of
from tests.envs.fake_student import SMALL_ID, FakeStudent, register_small

pytest.importorskip("polars", reason="needs the extra 'report'")
MODELS = {
    "ldsim": "ldsim",
    "quick": FakeStudent(practice=0.1, from_mastery=True),
    "slow": FakeStudent(practice=0.01, from_mastery=True),
}


def settings(**changes: Any) -> CompareSettings:
    register_small()
    return CompareSettings(
        **{"env_id": SMALL_ID, "env_options": {"cohort_split": "all"}, "n_students": 4, "seeds": (0, 1), "n_steps": 6}
        | changes
    )


class SeenThrough(ZPDRecommender):
    """Writes down what it saw at the start."""

    name = "seen"
    trained_on = "quick"
    copies_share_nothing = False
    seen: list[Any] = []  # noqa: RUF012 - shared on purpose

    def start(self, env: Any, rng: Any) -> None:
        super().start(env, rng)
        SeenThrough.seen.append(
            type(env.unwrapped._teaching.observer.model),
        )
        SeenThrough.seen.append(env.unwrapped._teaching.observer.model.practice)


def test_a_trained_policy_sees_through_the_student_model_it_was_trained_on() -> None:
    SeenThrough.seen.clear()
    results = compare([SeenThrough(), "random"], settings(student_models=MODELS))
    assert set(SeenThrough.seen[1::2]) == {0.1}
    assert results.settings.policy("seen").trained_on == "quick"
    assert results.settings.student_models == tuple(MODELS)


def test_policies_trained_in_different_modes_meet_the_same_students_targets_and_noise(tmp_path: Path) -> None:
    always = FakeStudent(probs=0.5, practice=0.05)  # what is asked decides nothing: the noise alone answers
    questions, concepts, candidates = (
        compare(["random-target"], settings(student_models={"fake": always}, reference="random-target",
                                            env_options={"cohort_split": "all", "action": action}, n_recorded=4))
        for action in ("question", "concept", "candidates")
    )  # fmt: skip
    for other in (concepts, candidates):
        assert other.steps["response"].to_list() == questions.steps["response"].to_list()
        assert other.episodes["targets"].to_list() == questions.episodes["targets"].to_list()


def test_modes_and_student_model_of_a_training_are_read_from_beside_its_file(tmp_path: Path) -> None:
    training = {"env_id": SMALL_ID, "action": "concept", "observation": "flat", "student_model": ""}
    (tmp_path / "settings.json").write_text(json.dumps(training))
    found = policies_module._training_settings(tmp_path / "model.zip")
    assert found == training
    assert policies_module._model_trained_on(found) == "ldsim"
    assert policies_module._model_trained_on({}) is None
    assert policies_module._model_trained_on({**training, "student_model": "bkt"}) == "bkt"


def test_a_run_that_was_cut_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compare(["random", "zpd"], settings(), out=tmp_path / "whole")
    run, n_cells = cells_module.CellRunner.run, []

    def run_three(self: Any, cell: Any, *others: Any) -> None:
        if len(n_cells) == 3:
            raise KeyboardInterrupt
        n_cells.append(cell)
        run(self, cell, *others)

    monkeypatch.setattr(cells_module.CellRunner, "run", run_three)
    with pytest.raises(KeyboardInterrupt):
        compare(["random", "zpd"], settings(), out=tmp_path / "cut")
    monkeypatch.setattr(
        cells_module.CellRunner, "run", lambda self, cell, *rest: n_cells.append(cell) or run(self, cell, *rest)
    )
    gone_on = compare(["random", "zpd"], settings(), out=tmp_path / "cut")
    assert len(n_cells) == 4
    assert gone_on.episodes.equals(whole.episodes)
    assert gone_on.steps.equals(whole.steps)


def test_a_further_policy_is_added_to_those_that_are_there(tmp_path: Path) -> None:
    compare(["random", "zpd"], settings(), out=tmp_path)
    both = compare(["random", "weakest"], settings(), out=tmp_path)
    assert [policy.name for policy in both.settings.policies] == ["zpd", "random", "weakest"]
    assert both.episodes.height == 3 * 2 * 4


def test_a_recommender_that_came_as_an_object_is_run_again(tmp_path: Path) -> None:
    class Chosen(ZPDRecommender):
        name = "chosen"

    class Other(ZPDWeakestRecommender):
        name = "chosen"

    first = compare(["random", Chosen()], settings(), out=tmp_path)
    again = compare(["random", Other()], settings(), out=tmp_path)
    assert not again.steps.filter(policy="chosen").equals(first.steps.filter(policy="chosen"))


def test_a_policy_whose_file_has_changed_is_not_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = "from ldsim_env.recommenders import ZPDRecommender\n\nclass Mine(ZPDRecommender):\n    name = 'mine'\n"
    (tmp_path / "my_policies.py").write_text(source)
    compare(["random", "my_policies:Mine"], settings(), out=tmp_path / "out")
    (tmp_path / "my_policies.py").write_text(source + "\n# changed\n")
    with pytest.raises(SettingsError, match="another comparison; the file of mine differ"):
        compare(["random", "my_policies:Mine"], settings(), out=tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"seeds": (0, 2)}, "seeds differ"), ({"n_students": 5}, "n_students differ"), ({"n_steps": 7}, "n_steps differ")],
)
def test_results_of_another_comparison_are_not_mixed(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    compare(["random"], settings(), out=tmp_path)
    with pytest.raises(SettingsError, match=f"has results of another comparison; {message}"):
        compare(["random"], settings(**changes), out=tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", '{"format_version": 2}', '{"seeds": [0]}'])
def test_a_folder_with_damaged_settings_is_refused_as_the_report_refuses_it(content: str, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(content)
    with pytest.raises(CheckpointError, match="into another folder or after removing this one") as of_the_report:
        read_run_settings(tmp_path)
    with pytest.raises(CheckpointError, match=re.escape(str(of_the_report.value))):
        compare(["random"], settings(), out=tmp_path)
    assert (tmp_path / "settings.json").read_text() == content


def test_a_folder_whose_settings_lack_something_is_refused_untouched(tmp_path: Path) -> None:
    compare(["random"], settings(), out=tmp_path)
    file = tmp_path / "settings.json"
    lacking = {name: value for name, value in json.loads(file.read_text()).items() if name not in {"created", "seeds"}}
    file.write_text(json.dumps(lacking))
    with pytest.raises(CheckpointError, match="missing: seeds, created"):
        compare(["random"], settings(), out=tmp_path)
    assert json.loads(file.read_text()) == lacking


@pytest.mark.slow
def test_several_processes_give_the_same(tmp_path: Path) -> None:
    here = compare(["random", "zpd-weakest"], CompareSettings(n_students=3, n_steps=4))
    there = compare(["random", "zpd-weakest"], CompareSettings(n_students=3, n_steps=4), out=tmp_path, n_jobs=2)
    assert there.episodes.equals(here.episodes)
    assert there.steps.equals(here.steps)


def test_the_matrix_of_several_student_models(tmp_path: Path) -> None:
    results = compare(["random", "random-target", "zpd", "greedy"], settings(student_models=MODELS, n_students=6))
    matrix = matrix_of(results)
    assert matrix.student_models == tuple(MODELS)
    assert matrix.gains.shape == (4, 3)
    assert "greedy" not in matrix.candidates
    assert (matrix.regret.diagonal() == 0).all()
    save_matrix(matrix, tmp_path / "matrix.json")
    assert json.loads((tmp_path / "matrix.json").read_text())["safest"] == matrix.safest
    assert len(matrix_plot(matrix, results.settings).axes) == 3


def test_the_matrix_on_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    results = compare(["random", "random-target", "zpd"], settings(student_models=MODELS, n_students=6))
    print_matrix(matrix_of(results), results.settings)
    text = capsys.readouterr().out
    assert "Best in the worst case" in text
    assert "Kendall's tau" in text


def test_a_matrix_of_one_student_model_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"a matrix needs at least two, and these results are of ldsim alone"):
        matrix_of(compare(["random"], settings()))


def test_student_models_that_pay_for_evidence_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    if "dkt" not in student_models_of("ASSIST09"):
        pytest.skip("no bundled student model that pays for evidence")
    few = CompareSettings(student_models=["ldsim", "dkt"], observer="ldsim", n_students=2, n_steps=2)
    results = compare(["random", "zpd", "weakest"], few)
    assert list(results.settings.exploitable) == ["dkt"]
    print_matrix(matrix_of(results), results.settings)
    assert "may be flattery: dkt" in capsys.readouterr().out


def test_a_student_model_for_a_policy_that_is_not_there() -> None:
    with pytest.raises(SettingsError, match="trained_on: there is no policy ppo; the policies are random"):
        compare(["random"], settings(), trained_on={"ppo": "bkt"})


def test_missing_polars_names_the_extra_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingExtraError, match=r"Keeping the results.*pip install 'ldsim-env\[report\]'"):
        compare(["random"], settings())
