"""Fixtures that every room's tests share."""

import os
from pathlib import Path

import hypothesis
import pytest

REPOSITORY = Path(__file__).parents[1]

# speed is measured in benchmarks/, and a busy machine is no fault; CI looks at the same examples every time
hypothesis.settings.register_profile("ldsim", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("ldsim")


@pytest.fixture(scope="session")
def log_folder() -> Path:
    """The folder of the real logs; tests that ask for it skip where it is absent."""
    folder = Path(os.environ.get("LDSIM_DATA", REPOSITORY / ".." / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real logs at {folder}; set LDSIM_DATA to a folder that holds assist09/ and assist17/")
    return folder
