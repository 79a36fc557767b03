"""The code that the pages of `docs/` show is run as it stands, page by page, and prints what they say."""

from pathlib import Path

import pytest

from tests.test_readme import REPOSITORY, blocks, python_blocks, run_python, same_output

PAGES = sorted(
    page for page in (REPOSITORY / "docs").glob("*.md") if any(b.language == "python" for b in blocks(page.read_text()))
)


def test_there_are_pages_with_code() -> None:
    assert "environment.md" in [page.name for page in PAGES]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_run_and_print_what_the_page_says(page: Path, tmp_path: Path) -> None:
    if "RecordVideo" in page.read_text():
        pytest.importorskip("moviepy", reason="Gymnasium's RecordVideo needs moviepy")
    session = python_blocks(page.read_text())
    for block, printed in zip(session, run_python(session, tmp_path), strict=True):
        assert block.output is None or same_output(block.output, printed), f"{block.code}\nprinted:\n{printed}"
