from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ldsim_env.compare.report import read_result_folder
from ldsim_env.errors import CheckpointError, MissingExtraError
from tests.compare.report.made_up_results import CONCEPTS, Size, curves_of, write_results


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_results(tmp_path / "results", Size(n_students=3, n_recorded=1, n_steps=3))


def change_settings(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / "settings.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_a_folder_is_read_whole(folder: Path) -> None:
    results = read_result_folder(folder)
    assert results.episodes.height == 4 * 2 * 2 * 3
    assert results.steps.height == 4 * 2 * 2 * 1 * 4
    assert results.curves.height == 60
    assert results.settings.concept_names == CONCEPTS
    assert results.settings.policy("ppo").trained_on == "LDSim"
    assert results.settings.exploitable == {"DKT": "easy right answers raise its mastery"}


def test_curves_may_be_absent(folder: Path) -> None:
    (folder / "curves.parquet").unlink()
    assert read_result_folder(folder).curves.is_empty()


def test_curves_of_trainings_are_added(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "dqn").mkdir()
    curves_of("dqn").write_parquet(tmp_path / "dqn" / "curves.parquet")
    curves_of("sac").with_columns(pl.col("steps").cast(pl.Int32)).write_parquet(tmp_path / "sac.parquet")
    curves = read_result_folder(folder, [tmp_path / "dqn", tmp_path / "sac.parquet"]).curves
    assert curves["agent"].value_counts().sort("agent").rows() == [("dqn", 60), ("ppo", 60), ("sac", 60)]


def test_curves_that_are_not_there(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"dqn.parquet: no such file"):
        read_result_folder(folder, [tmp_path / "dqn.parquet"])


@pytest.mark.parametrize("entry", [None, ["DKT"]])
def test_exploitable_models_may_be_absent_or_without_reasons(folder: Path, entry: list[str] | None) -> None:
    change_settings(folder, lambda c: c.pop("exploitable_student_models"))
    if entry:
        change_settings(folder, lambda c: c.update(exploitable_student_models=entry))
    assert list(read_result_folder(folder).settings.exploitable) == (entry or [])


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"absent: no such folder. Expected a folder of results that `ldsim comp"):
        read_result_folder(tmp_path / "absent")


@pytest.mark.parametrize("name", ["settings.json", "episodes.parquet", "steps.parquet"])
def test_a_missing_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=rf"{name}: no such file"):
        read_result_folder(folder)


@pytest.mark.parametrize("name", ["settings.json", "episodes.parquet"])
def test_a_damaged_file(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"PAR1 not whole")
    with pytest.raises(CheckpointError, match=rf"{name}: can't be read as (JSON|Parquet).*Compare again"):
        read_result_folder(folder)


def test_missing_columns_are_named_together(folder: Path) -> None:
    path = folder / "episodes.parquet"
    pl.read_parquet(path).drop("gain", "targets").write_parquet(path)
    with pytest.raises(CheckpointError, match=r"episodes.parquet: expected the columns .*; missing: gain, targets\."):
        read_result_folder(folder)


def test_no_episodes(folder: Path) -> None:
    path = folder / "episodes.parquet"
    pl.read_parquet(path).clear().write_parquet(path)
    with pytest.raises(CheckpointError, match="expected at least one episode, got none"):
        read_result_folder(folder)


def test_another_format_version(folder: Path) -> None:
    change_settings(folder, lambda c: c.update(format_version=2))
    with pytest.raises(CheckpointError, match="result format version 2; this library reads version 1"):
        read_result_folder(folder)


def test_missing_settings_are_named_together(folder: Path) -> None:
    change_settings(folder, lambda c: [c.pop("seeds"), c.pop("question_bank")])
    with pytest.raises(CheckpointError, match="missing: seeds, question_bank"):
        read_result_folder(folder)


def test_an_unknown_kind_of_policy(folder: Path) -> None:
    change_settings(folder, lambda c: c["policies"][0].update(kind="magic"))
    with pytest.raises(CheckpointError, match=r"kind of random: expected one of baseline, .* got 'magic'"):
        read_result_folder(folder)


def test_settings_that_are_no_object(folder: Path) -> None:
    (folder / "settings.json").write_text("[1]")
    with pytest.raises(CheckpointError, match="expected a JSON object, got a list"):
        read_result_folder(folder)


def test_files_of_different_runs(folder: Path) -> None:
    change_settings(folder, lambda c: c["policies"].pop(0))
    with pytest.raises(CheckpointError, match=r"column policy has random, which the settings don't name"):
        read_result_folder(folder)


def test_missing_polars_names_the_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingExtraError, match=r"Reading a folder of results needs.*ldsim-env\[report\]"):
        read_result_folder(folder)
