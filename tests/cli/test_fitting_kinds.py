"""``ldsim fit`` with another student model than LDSim's, and with several seeds."""

from pathlib import Path

import pytest

from ldsim_env.simulator import Ensemble, load_simulator
from ldsim_env.simulator.models import BKTStudent
from tests.test_cli import ldsim, write_log


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("logs") / "log.csv", n_students=30)


def test_another_student_model(log: Path, tmp_path: Path) -> None:
    text = ldsim("fit", log, "--out", tmp_path / "bkt", "--student-model", "bkt", "--epochs", 1)
    assert "history.png" in text
    assert isinstance(load_simulator(tmp_path / "bkt"), BKTStudent)
    assert "simulation, sampled" in ldsim("evaluate", log, "--simulator", tmp_path / "bkt")


def test_several_seeds_are_an_ensemble(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "ensemble"
    text = ldsim("fit", log, "--out", out, "--student-model", "irt", "--epochs", 1, "--seeds", 2, "--seed", 5)
    assert "Ensemble of 2" in text
    loaded = load_simulator(out)
    assert isinstance(loaded, Ensemble)
    assert loaded.settings.members == ("member-0", "member-1")
