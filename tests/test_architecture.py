"""The rules that keep the package's rooms in a row; CONTRIBUTING.md states them for people."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "ldsim_env"
ROOMS = ("logs", "teacher", "simulator", "envs", "recommenders", "compare", "cli")
OPEN_TO_ALL = ("errors", "figures", "files", "_version")  # these use none of the rooms
DOORS = ("__init__", "__main__")  # these may use every room, and no room uses them
FOLDERS_OF_CODE = ("ldsim_env", "agents", "examples", "benchmarks")
OUTSIDE_THE_WHEEL = {"agents", "examples", "benchmarks", "tests"}
OPTIONAL_PACKAGES = {
    "httpx2", "jinja2", "matplotlib", "networkx", "pettingzoo", "polars", "pygame", "sb3_contrib", "scipy", "sklearn",
    "sqlalchemy", "stable_baselines3", "tenacity", "torch_geometric", "transformers",
}  # fmt: skip
SLOW_TO_IMPORT = sorted({"torch"} | OPTIONAL_PACKAGES)
DRAWERS = {"utils", "util", "common", "helpers", "helper", "misc"}
LONGEST_MODULE = 300

MODULES = sorted(PACKAGE.rglob("*.py"))
ALL_CODE = sorted(path for folder in FOLDERS_OF_CODE for path in (REPOSITORY / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


each_module = pytest.mark.parametrize("path", MODULES, ids=name_of)
each_file = pytest.mark.parametrize("path", ALL_CODE, ids=name_of)


def room_of(dotted: str) -> str:
    """The part of ``ldsim_env.<part>...`` that rules are about; the package itself is its ``__init__``."""
    return [*dotted.split("."), "__init__"][1]


def dotted_name(path: Path) -> str:
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)


def imported_names(nodes: Iterator[ast.AST], importer: str) -> set[str]:
    """Dotted names of everything imported; ``from a import b`` gives ``a.b``, since ``b`` may be a module."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = importer.split(".")[: -node.level] if node.level else []
            names.update(".".join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names)
    return names


def imports_anywhere(path: Path) -> set[str]:
    return imported_names(ast.walk(ast.parse(path.read_text())), dotted_name(path))


def imports_at_once(path: Path) -> set[str]:
    """What importing the module imports: not what stands in a function or under ``if TYPE_CHECKING``."""
    return imported_names(nodes_run_at_once(ast.parse(path.read_text())), dotted_name(path))


def nodes_run_at_once(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from nodes_run_at_once(child)


def may_use(importer: str, imported: str) -> bool:
    if importer in DOORS or importer == imported or imported in OPEN_TO_ALL:
        return True
    return importer in ROOMS and imported in ROOMS and ROOMS.index(imported) < ROOMS.index(importer)


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("envs", "simulator", True),
        ("cli", "logs", True),
        ("logs", "errors", True),
        ("__init__", "envs", True),
        ("simulator", "envs", False),
        ("logs", "__init__", False),
        ("errors", "logs", False),
    ],
)
def test_rule_of_one_direction(importer: str, imported: str, allowed: bool) -> None:
    assert may_use(importer, imported) is allowed


def test_imports_are_found_in_every_form() -> None:
    source = "import a.b\nfrom . import c\nfrom ..d import e\ndef f():\n    from g import h\n"
    nodes = ast.parse(source)
    assert imported_names(ast.walk(nodes), "p.q.r") == {"a.b", "p.q.c", "p.d.e", "g.h"}
    assert imported_names(nodes_run_at_once(nodes), "p.q.r") == {"a.b", "p.q.c", "p.d.e"}


def test_there_are_modules_to_check() -> None:
    assert len(MODULES) > len(OPEN_TO_ALL)


def test_every_module_is_in_a_room() -> None:
    rooms = {room_of(dotted_name(path)) for path in MODULES}
    assert rooms <= {*ROOMS, *OPEN_TO_ALL, *DOORS}


@each_module
def test_imports_go_one_way(path: Path) -> None:
    importer = room_of(dotted_name(path))
    ours = {name for name in imports_anywhere(path) if name.split(".")[0] == "ldsim_env"}
    assert [name for name in sorted(ours) if not may_use(importer, room_of(name))] == []


@each_module
def test_wheel_imports_nothing_outside_it(path: Path) -> None:
    assert {name.split(".")[0] for name in imports_anywhere(path)} & OUTSIDE_THE_WHEEL == set()


@each_module
def test_optional_packages_are_imported_where_they_are_used(path: Path) -> None:
    assert {name.split(".")[0] for name in imports_at_once(path)} & OPTIONAL_PACKAGES == set()


def test_importing_the_package_is_light() -> None:
    code = f"import sys, ldsim_env; print([name for name in {SLOW_TO_IMPORT} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert result.stdout.strip() == "[]"


@each_file
def test_module_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


@each_file
def test_module_is_not_a_drawer(path: Path) -> None:
    names = {part.strip("_") for part in path.relative_to(REPOSITORY).with_suffix("").parts}
    assert names & DRAWERS == set()


@each_file
def test_module_says_what_it_is(path: Path) -> None:
    private = path.stem.startswith("_") and path.stem not in DOORS
    assert private or ast.get_docstring(ast.parse(path.read_text()))
