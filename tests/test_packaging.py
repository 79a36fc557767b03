"""What is shipped and how it is installed: version, wheel, pins, and nothing that belongs to one machine."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ldsim_env._version import __version__

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
NOT_IN_A_CLONE = shutil.ignore_patterns(
    ".git", ".venv", "*_cache", ".hypothesis", "__pycache__", "*.egg-info", "build", "out"
)
# broken up, so that this file does not hold what it looks for
PACKAGE_INDEXES = [
    word.replace(" ", "")
    for word in (
        "pypi .org",
        "pythonhosted .org",
        "download.pytorch .org",
        "npmjs .org",
        "-- index-url",
        "-- extra-index-url",
        "-- find-links",
        "-- trusted-host",
    )
]


def tracked_files() -> list[Path]:
    """Files in git, and those about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listing = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"git can't list the files here: {error}")
    return [path for name in listing.split("\0") if name and (path := REPOSITORY / name).is_file()]


def pins() -> dict[str, Requirement]:
    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
    requirements = [Requirement(line) for line in lines if not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def pinned_version(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "==", f"{requirement} is not pinned to one release"
    return specifier.version


def direct_requirements() -> list[Requirement]:
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    requirements = [Requirement(line) for group in groups for line in group]
    return [requirement for requirement in requirements if requirement.name != PROJECT["name"]]


def test_version_is_written_once_in_the_code() -> None:
    assert "version" in PROJECT["dynamic"]
    assert "version" not in PROJECT
    for path in sorted((REPOSITORY / "ldsim_env").rglob("*.py")):
        constants = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        assert __version__ not in constants or path.name == "_version.py", f"{path} repeats the version"


def test_citation_has_the_package_version() -> None:
    assert re.findall(r"^version: (.+)$", (REPOSITORY / "CITATION.cff").read_text(), re.MULTILINE) == [__version__]


def test_every_pin_is_one_release_without_a_build() -> None:
    versions = [pinned_version(requirement) for requirement in pins().values()]
    assert len(versions) > len(direct_requirements())
    assert [version for version in versions if "+" in version or "*" in version] == []


@pytest.mark.parametrize("requirement", direct_requirements(), ids=str)
def test_direct_requirement_is_pinned_within_its_bounds(requirement: Requirement) -> None:
    assert requirement.specifier.contains(pinned_version(pins()[canonicalize_name(requirement.name)]))


def test_torch_is_pinned_to_the_release_whose_cpu_build_is_small() -> None:
    assert pinned_version(pins()["torch"]) == "2.13.0"


def test_no_package_index_is_named() -> None:
    found = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{path.relative_to(REPOSITORY)}: {word}" for word in PACKAGE_INDEXES if word in text]
    assert found == []


@pytest.fixture(scope="module")
def wheel_files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names in a wheel built from a copy of the repository, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    source = shutil.copytree(REPOSITORY, folder / "source", ignore=NOT_IN_A_CLONE)
    (source / "agents").mkdir(exist_ok=True)
    (source / "agents" / "__init__.py").touch()
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(source)], check=True, capture_output=True, text=True)
    (wheel,) = folder.glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


@pytest.mark.slow
def test_wheel_holds_the_package_and_nothing_else(wheel_files: list[str]) -> None:
    roots = {name.split("/")[0] for name in wheel_files}
    assert roots == {"ldsim_env", f"ldsim_env-{__version__}.dist-info"}


@pytest.mark.slow
def test_wheel_holds_every_file_of_the_package(wheel_files: list[str]) -> None:
    package = {
        str(path.relative_to(REPOSITORY)) for path in tracked_files() if path.is_relative_to(REPOSITORY / "ldsim_env")
    }
    assert package - set(wheel_files) == set()
    assert "ldsim_env/py.typed" in wheel_files
