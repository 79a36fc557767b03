"""``ldsim bench``: finds the benchmarks of a clone, and says so where there is none."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ldsim_env.cli import benching
from ldsim_env.errors import SettingsError


def test_the_clone_is_found_from_a_folder_within_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "benchmarks" / "peers").mkdir(parents=True)
    (tmp_path / "benchmarks" / "peers" / "__main__.py").touch()
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path / "docs")
    assert benching.benchmarks_folder() == tmp_path / "benchmarks"


def test_without_a_clone_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(benching, "__file__", str(tmp_path / "site-packages" / "ldsim_env" / "cli" / "benching.py"))
    with pytest.raises(SettingsError, match=r"bench: expected a clone of the repository at .* Clone the repository"):
        benching.benchmarks_folder()


def test_bench_peers_hands_its_options_on() -> None:
    beside_python = str(Path(sys.executable).parent)  # where a virtual environment has its commands
    command = shutil.which("ldsim", path=beside_python) or pytest.skip("the ldsim command is not installed")
    told = subprocess.run(
        [command, "bench", "peers", "--peers", "no-such"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert "unknown peer 'no-such'" in told.stderr
    assert "Traceback" not in told.stderr
