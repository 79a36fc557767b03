from pathlib import Path

import pytest

from tests.envs.fake_student import SMALL_ID, register_small

pytest.importorskip("pygame")


def test_render_episode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from examples.render_episode import main

    register_small()
    main(tmp_path, SMALL_ID)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "episode.txt",
        "episode_random.png",
        "episode_zpd-weakest.png",
    ]
    page = (tmp_path / "episode.txt").read_text()
    assert page.startswith("Student s3 ")
    assert page in capsys.readouterr().out
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in tmp_path.glob("*.png"))
