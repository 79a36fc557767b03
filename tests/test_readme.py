"""Everything that the README shows is run as it stands: Python blocks, `$ ldsim` commands; `make` targets exist.

Python blocks share one session. A ``text`` block right after a Python block is what it must print, where ``...`` stands
for anything, as in doctest. Commands run in order in one folder that holds ``logs/``: four small folds of invented
students in the four-line format, with ``skills.json`` and ``problems.json``.
"""

import doctest
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text()
BETWEEN_BLOCKS = "=== end of block ==="
RUN_BLOCKS = f"""
import json, sys
session = {{"__name__": "__main__"}}
for number, block in enumerate(json.load(sys.stdin), start=1):
    exec(compile(block, f"README Python block {{number}}", "exec"), session)
    print({BETWEEN_BLOCKS!r})
"""


class Block(NamedTuple):
    """One fenced block and, if it is followed by a ``text`` block, what it must print."""

    language: str
    code: str
    output: str | None


def blocks(markdown: str) -> list[Block]:
    fence = r"^```(\w+)\n(.*?)^```$"
    found = re.finditer(rf"{fence}(?:\n+^```text\n(.*?)^```$)?", markdown, re.MULTILINE | re.DOTALL)
    return [Block(*match.groups()) for match in found]


def python_blocks(markdown: str) -> list[Block]:
    return [block for block in blocks(markdown) if block.language == "python"]


def shell_commands(markdown: str) -> list[str]:
    """Lines that start with ``$``, with the lines that a backslash joins to them."""
    code = "".join(block.code for block in blocks(markdown) if block.language in {"bash", "console"})
    return re.findall(r"^\$ (.+)$", code.replace("\\\n", " "), re.MULTILINE)


def same_output(expected: str, printed: str) -> bool:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(expected, printed, flags)


def run_python(session: list[Block], folder: Path) -> list[str]:
    """Run the blocks in one fresh interpreter and return what each printed."""
    result = subprocess.run(
        [sys.executable, "-c", RUN_BLOCKS],
        input=json.dumps([block.code for block in session]),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split(f"{BETWEEN_BLOCKS}\n")[:-1]


def run_shell(command: str, folder: Path) -> None:
    search_path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    result = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env={**os.environ, "PATH": search_path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"$ {command}\n{result.stdout}{result.stderr}"


def write_invented_logs(folder: Path) -> None:
    """Four folds of 30 students with 40 responses each, on 72 questions of 6 concepts."""
    generator = np.random.default_rng(7)
    folder.mkdir()
    for fold in range(1, 5):
        lines: list[str] = []
        for student in range(30):
            questions = generator.integers(72, size=40)
            chances = 1 / (1 + np.exp(-generator.normal() - generator.normal(size=40)))
            responses = (generator.random(40) < chances).astype(int)
            lines.append(f"{student},{1000 * fold + student}")
            lines += [",".join(map(str, row)) for row in (questions, questions % 6, responses)]
        (folder / f"fold{fold}.csv").write_text("\n".join(lines) + "\n")
    (folder / "skills.json").write_text(json.dumps({f"Skill {concept}": concept for concept in range(6)}))
    (folder / "problems.json").write_text(json.dumps({str(9000 + question): question for question in range(72)}))


SAMPLE = """
```python
x = 1
```

```python
print(x + 1, "in 0.31 s")
```

```text
2 in ... s
```

```console
$ ldsim fit a \\
    --out b
done
$ ldsim --help
```
"""


def test_blocks_of_a_sample_are_found_and_run(tmp_path: Path) -> None:
    session = python_blocks(SAMPLE)
    assert [block.output for block in session] == [None, "2 in ... s\n"]
    printed = run_python(session, tmp_path)
    assert printed == ["", "2 in 0.31 s\n"]
    assert same_output("2 in ... s\n", printed[1])
    assert not same_output("3 in ... s\n", printed[1])
    assert [command.split() for command in shell_commands(SAMPLE)] == [
        ["ldsim", "fit", "a", "--out", "b"],
        ["ldsim", "--help"],
    ]


def test_a_failing_block_is_reported(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"(?s)README Python block 1.*ZeroDivisionError"):
        run_python([Block("python", "1 / 0\n", None)], tmp_path)


def test_readme_blocks_are_of_kinds_that_are_run() -> None:
    kinds = {block.language for block in blocks(README)}
    assert "python" in kinds
    assert kinds <= {"python", "bash", "console", "text"}
    assert {command.split()[0] for command in shell_commands(README)} <= {"ldsim", "make"}


def test_make_targets_of_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    documents = README + (REPOSITORY / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"(?:`|^    |^\$ )make ([a-z-]+)(?:`|$)", documents, re.MULTILINE))
    assert {"demo", "test", "check"} <= named
    assert named <= targets


def test_python_blocks_run_and_print_what_the_readme_says(tmp_path: Path) -> None:
    session = python_blocks(README)
    for block, printed in zip(session, run_python(session, tmp_path), strict=True):
        assert block.output is None or same_output(block.output, printed), f"{block.code}\nprinted:\n{printed}"


@pytest.mark.slow
def test_commands_run(tmp_path: Path) -> None:
    write_invented_logs(tmp_path / "logs")
    for command in shell_commands(README):
        if command.startswith("ldsim"):
            run_shell(command, tmp_path)
