"""``skills.json`` and ``problems.json``, which stand beside logs in the four-line format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ldsim_env.errors import LogError
from ldsim_env.logs.text_file import read_bytes

SKILLS_FILE, PROBLEMS_FILE = "skills.json", "problems.json"


class SideFiles(NamedTuple):
    """What stands beside a log; empty where a file is absent."""

    concept_names: dict[str, str]  # concept id -> name
    problem_ids: dict[str, str]  # question id -> the platform's own problem id


def read_side_files(files: Sequence[Path]) -> SideFiles:
    """Read the side files of the folders that hold ``files``.

    Raises:
        LogError: If a side file is not a JSON object of name -> whole number, or two folders' files disagree.
    """
    folders = list(dict.fromkeys(file.parent for file in files))
    skills, problems = (_read_agreeing(folders, side_file) for side_file in (SKILLS_FILE, PROBLEMS_FILE))
    return SideFiles({one: name.strip() for one, name in skills.items()}, problems)


def _read_agreeing(folders: Sequence[Path], side_file: str) -> dict[str, str]:
    first, *others = [_read_inverted(folder / side_file) for folder in folders]
    for folder, other in zip(folders[1:], others, strict=True):
        if other != first:
            raise LogError(
                f"{folder / side_file}: expected the same ids as {folders[0] / side_file}, got others. "
                "Files are joined into one log only if they share their ids; read them one by one."
            )
    return first


def _read_inverted(path: Path) -> dict[str, str]:
    """Id -> name, from a file that has name -> id."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(read_bytes(path).decode("utf-8-sig"))
    except ValueError as error:  # of the JSON or of the encoding
        raise LogError(f"{path}: expected a JSON object in UTF-8 ({error}). Get or write the file again.") from error
    if not isinstance(content, dict) or not all(type(value) is int for value in content.values()):
        raise LogError(f"{path}: expected a JSON object of name -> whole number. Get or write the file again.")
    inverted = {str(value): name for name, value in content.items()}
    if len(inverted) != len(content):
        raise LogError(f"{path}: expected each id once, got {len(content) - len(inverted)} ids with several names.")
    return inverted
