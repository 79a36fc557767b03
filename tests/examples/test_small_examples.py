"""Every short example, run in small on the fake student."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import ldsim_env
from tests.envs.fake_student import SMALL_ID, register_small

Printed = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _registered() -> None:
    register_small()


def test_first_session(capsys: Printed) -> None:
    from examples.first_session import main

    main(SMALL_ID, seed=1)
    assert re.search(r"targets: \w+.*\nexam score before: 0\.\d\d\n", capsys.readouterr().out)


def test_train_and_compare(tmp_path: Path, capsys: Printed) -> None:
    pytest.importorskip("stable_baselines3")
    pytest.importorskip("polars")
    pytest.importorskip("scipy")
    from examples.train_and_compare import RULES, main

    main(timesteps=1, students=2, env_id=SMALL_ID, out=tmp_path)
    printed = capsys.readouterr().out
    assert all(name in printed for name in (*RULES, "plain_ppo"))
    assert (tmp_path / "plain_ppo.zip").exists()


@pytest.mark.filterwarnings("ignore:students. .* interactions:UserWarning")
def test_own_logs(tmp_path: Path, capsys: Printed) -> None:
    pytest.importorskip("polars")
    pytest.importorskip("scipy")
    from examples.own_logs import main

    main(None, SMALL_ID, pupils=2, out=tmp_path)
    assert re.search(r"8 pupils with 320 answers\npupil 0: exam 0\.\d\d -> 0\.\d\d\npupil 1", capsys.readouterr().out)


def test_own_reward(capsys: Printed) -> None:
    from examples.own_reward import RULES, NoFrustration, main
    from tests.envs.fake_student import make_small

    main(SMALL_ID, episodes=2)
    assert len(capsys.readouterr().out.splitlines()) == len(RULES)
    env = NoFrustration(make_small(), cost=1.0)
    env.reset(seed=0, options={"response_noise": [0.99] * 4 + [0.0]})  # wrong four times, then right
    rewards, terms = zip(*((step[1], step[4]["reward_terms"]) for step in map(env.step, range(5))), strict=True)
    assert [term["frustration"] for term in terms] == [0, 0, -1, -1, 0]
    np.testing.assert_allclose(rewards, [term["step_gain"] + term["frustration"] for term in terms])


def test_planning(capsys: Printed) -> None:
    from examples.planning import main

    main(SMALL_ID, steps=3, branches=3, horizon=2, seed=0)
    before, planned, ruled = map(float, re.findall(r"0\.\d+", capsys.readouterr().out))
    assert before < planned
    assert before < ruled


def test_own_loop(capsys: Printed) -> None:
    import torch

    from examples.own_loop import main

    with torch.random.fork_rng():
        main(updates=3, env_id=SMALL_ID, n_envs=4)
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.slow
@pytest.mark.skipif("LDSim-ASSIST09-v0" not in ldsim_env.register_envs(), reason="no bundled ASSIST09 bank")
def test_robust_training(tmp_path: Path, capsys: Printed) -> None:
    pytest.importorskip("sb3_contrib")
    pytest.importorskip("polars")
    pytest.importorskip("scipy")
    from examples.robust_training import RULES, main

    main(timesteps=1, students=2, mixed="ldsim,irt", examined="ldsim,irt", out=tmp_path)
    printed = capsys.readouterr().out
    assert all(name in printed for name in (*RULES, "alone", "robust"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone", "robust"]
