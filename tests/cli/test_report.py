from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ldsim_env.cli import app
from ldsim_env.errors import CheckpointError, SettingsError

pytest.importorskip("polars", reason="needs the extra 'report'")

from tests.compare.report.made_up_results import Size, write_results


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_results(tmp_path_factory.mktemp("results"), Size(n_students=3, n_recorded=1, n_steps=3))


def test_the_page_is_written(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    options = ["--out", str(out), "--reference", "zpd", "--episodes", "4", "--curves", str(folder)]
    result = CliRunner().invoke(app, ["report", str(folder), *options])
    assert result.exit_code == 0, result.output
    assert "MB, one file" in result.output
    assert "vs zpd" in out.read_text(encoding="utf-8")


def test_mistakes_are_the_packages_errors(folder: Path, tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "page.html")]
    assert isinstance(CliRunner().invoke(app, ["report", str(tmp_path / "no"), *out]).exception, CheckpointError)
    result = CliRunner().invoke(app, ["report", str(folder), *out, "--reference", "zdp"])
    assert isinstance(result.exception, SettingsError)
    assert list(tmp_path.iterdir()) == []
