"""Files are written whole or not at all, and JSON files are JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from ldsim_env.files import write_atomic, write_json


def test_folders_are_made_and_files_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    for content in (b"first, longer", b"second"):
        write_atomic(path, content)
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old")

    def no_space(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OSError, match="no space"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_numbers_that_json_does_not_have_are_null(tmp_path: Path) -> None:
    def refuse(constant: str) -> Any:
        raise ValueError(constant)

    content = {"auc": float("nan"), "by_seed": (0.5, float("inf")), "name": "kt", "n": 3, "none": None, "yes": True}
    write_json(tmp_path / "file.json", content)
    read = json.loads((tmp_path / "file.json").read_text(), parse_constant=refuse)
    assert read == {"auc": None, "by_seed": [0.5, None], "name": "kt", "n": 3, "none": None, "yes": True}
