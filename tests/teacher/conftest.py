"""Fixtures of the teacher's tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def teacher_folder() -> Path:
    """The folder of the recorded teacher answers; tests that ask for it skip where it is absent."""
    repository = Path(__file__).parents[2]
    data = Path(os.environ.get("LDSIM_DATA", repository / ".." / "shared" / "data"))
    folder = Path(os.environ.get("LDSIM_TEACHER", data / ".." / "teacher")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no recorded answers at {folder}; set LDSIM_TEACHER to the folder that holds them")
    return folder
