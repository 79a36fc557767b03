from __future__ import annotations

from pathlib import Path

import pytest

from ldsim_env.compare.report import ReportSettings, ResultFolder, read_result_folder
from tests.compare.report.made_up_results import write_results

pytest.importorskip("polars", reason="needs the extra 'report'")


@pytest.fixture(scope="session")
def results_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_results(tmp_path_factory.mktemp("made_up") / "results")


@pytest.fixture(scope="session")
def results(results_folder: Path) -> ResultFolder:
    return read_result_folder(results_folder)


@pytest.fixture(scope="session")
def settings() -> ReportSettings:
    return ReportSettings(n_resamples=200)
