import json
import subprocess
import sys
import warnings
from pathlib import Path

import gymnasium as gym
import pytest

import ldsim_env

HEAVY = ["torch", "polars", "matplotlib", "stable_baselines3", "sklearn", "scipy", "pandas", "ldsim_env.envs"]


def test_importing_the_package_is_light() -> None:
    script = f"import json, sys, ldsim_env; print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_every_bundled_bank_has_an_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BANKA", "BANKB", "no_simulator"):
        (tmp_path / name).mkdir()
    for name in ("BANKA", "BANKB"):
        (tmp_path / name / "simulator.json").touch()
    monkeypatch.setattr(ldsim_env, "BANKS", tmp_path)
    try:
        assert ldsim_env.register_envs() == ["LDSim-BANKA-v0", "LDSim-BANKB-v0"]
        spec = gym.spec("LDSim-BANKB-v0")
        assert spec.max_episode_steps == 30
        assert spec.kwargs == {"bank": "BANKB"}
        assert spec.entry_point == "ldsim_env.envs.env:LDSimEnv"
        assert spec.vector_entry_point == "ldsim_env.envs.vector_env:LDSimVectorEnv"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert ldsim_env.register_envs() == ["LDSim-BANKA-v0", "LDSim-BANKB-v0"]  # again, without a warning
    finally:
        for env_id in ("LDSim-BANKA-v0", "LDSim-BANKB-v0"):
            gym.registry.pop(env_id, None)


def test_the_code_knows_no_bank_by_name() -> None:
    source = Path(ldsim_env.__file__).read_text()
    assert "ASSIST" not in source.split('"""')[2]


def test_public_names() -> None:
    assert all(hasattr(ldsim_env, name) for name in ldsim_env.__all__)
    assert ldsim_env.__version__.count(".") == 2
