from pathlib import Path

import pytest

import ldsim_env
from ldsim_env.compare import read_result_folder
from tests.envs.fake_student import SMALL_ID, register_small

pytest.importorskip("sb3_contrib", reason="needs the extra 'agents'")
pytest.importorskip("matplotlib", reason="needs the extra 'report'")
pytest.importorskip("scipy", reason="needs the extra 'report'")


def test_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from examples.demo import SIMPLE, main

    register_small()
    main(timesteps=1, students=4, env_id=SMALL_ID, out=tmp_path)
    printed = capsys.readouterr().out
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["comparison", "comparison.png", "episode.png", "ppo.zip"]
    assert all(name in printed.replace("\n", "") for name in files)
    compared = read_result_folder(tmp_path / "comparison").settings.policies
    assert [policy.name for policy in compared] == [*SIMPLE, "ppo"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in tmp_path.glob("*.png"))


@pytest.mark.slow
@pytest.mark.skipif("LDSim-ASSIST09-v0" not in ldsim_env.register_envs(), reason="no bundled ASSIST09 bank")
def test_demo_on_the_bundled_bank(tmp_path: Path) -> None:
    from examples.demo import main

    main(timesteps=960, students=3, out=tmp_path)
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert min(sizes["comparison.png"], sizes["episode.png"]) > 20_000
