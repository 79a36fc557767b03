from pathlib import Path

import pytest

import ldsim_env
from ldsim_env.compare import load_comparison

pytest.importorskip("sb3_contrib")


@pytest.mark.slow
@pytest.mark.skipif("LDSim-ASSIST09-v0" not in ldsim_env.register_envs(), reason="no bundled ASSIST09 bank")
def test_the_demo_in_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from examples.demo import main

    main(timesteps=960, minutes=1.0, students=3, seed=0, out=tmp_path)
    files = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(files) == {"ppo.zip", "comparison.json", "comparison.png", "episode.png"}
    assert min(files["comparison.png"], files["episode.png"]) > 20_000
    assert {"ppo", "random", "greedy", "zpd-weakest"} <= set(load_comparison(tmp_path / "comparison.json").policies)
    assert "comparison.png: the table as a plot" in capsys.readouterr().out.replace("\n", "")
