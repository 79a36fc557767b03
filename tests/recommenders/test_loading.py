from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ldsim_env.errors import CheckpointError, SettingsError
from ldsim_env.recommenders import load_recommender, make_recommender

POLICIES = """
class First:
    name = "first"
    def start(self, env, rng): pass
    def recommend(self, observation, info): return 0

class Named(First):
    def __init__(self, name): self.name = name

class Unfinished:
    name = "unfinished"

def build(): return Named("built")
def build_number(): return 7
ready = Named("ready")
number = 3
"""


@pytest.fixture
def policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of policies in the current directory, under a name that no other test has imported."""
    name = f"policies_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(POLICIES)
    (tmp_path / f"{name}_broken.py").write_text("import a_package_that_nobody_has\n")
    monkeypatch.chdir(tmp_path)
    return name


@pytest.mark.parametrize(("attribute", "name"), [("First", "first"), ("build", "built"), ("ready", "ready")])
def test_class_function_and_object_of_a_module_in_the_current_directory(
    policies: str, attribute: str, name: str
) -> None:
    before = list(sys.path)
    assert load_recommender(f"{policies}:{attribute}").name == name
    assert sys.path == before


def test_known_name() -> None:
    assert load_recommender("zpd-weakest").name == "zpd-weakest"


def test_unknown_name_has_the_nearest_match() -> None:
    with pytest.raises(SettingsError, match=r"unknown recommender 'greddy'. Did you mean 'greedy'\? Known: .*, greedy"):
        make_recommender("greddy")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{m}:Firts", r"the module has no 'Firts'. It has: First, Named, Unfinished, build"),
        ("{m}:Unfinished", r"got Unfinished without start, recommend"),
        ("{m}:number", r"expected a recommender.*got int without name, start, recommend"),
        ("{m}:build_number", r"got int without"),
        ("{m}:Named", r"called without arguments \(missing a required argument: 'name'\)"),
        ("{m}_broken:First", r"importing '.*_broken' failed: No module named 'a_package_that_nobody_has'"),
        ("no_such_module:First", r"there is no module 'no_such_module'.*current directory"),
        ("no_such.module:First", r"there is no module 'no_such'"),
        (":First", r"expected module:attribute"),
        ("{m}:", r"expected module:attribute"),
    ],
)
def test_bad_module_attribute(policies: str, spec: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_recommender(spec.format(m=policies))


def test_absent_zip_file() -> None:
    with pytest.raises(CheckpointError, match=r"no_such.zip: no such file. Expected a file written by model.save"):
        load_recommender("no_such.zip")


def test_importing_the_room_imports_neither_torch_nor_stable_baselines3() -> None:
    unwanted = "('torch', 'stable_baselines3', 'scipy')"
    code = f"import sys, ldsim_env.recommenders; print([m for m in {unwanted} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
