"""The benchmark of the bend: one arm is fitted and examined without it, the other as the package is."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import bend
import pytest

from ldsim_env.simulator import ProbeSettings, run_probes
from tests.simulator.made_up import made_up_network, wide_bank


def run_seed(options: argparse.Namespace, seed: int) -> dict[str, Any]:
    """In place of minutes of training: a network of random weights."""
    network = made_up_network(wide_bank(7), seed=seed)
    settings = ProbeSettings(n_constants=8, n_greedy=4, search_students=4)
    return {"kt, AUC": 0.7, "seed": seed, "probes": run_probes(network, network.start(20), settings).to_json()}


def test_only_one_arm_has_the_bend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bend, "run_seed", run_seed)
    monkeypatch.setattr(sys, "argv", ["bend.py", "--out", str(tmp_path / "bend.json"), "--seed", "1"])
    bend.main()
    written = json.loads((tmp_path / "bend.json").read_text())
    without, with_it = written["without the bend"], written["with it"]
    assert written["seed"] == 1
    assert without["leak a step"] > 2 * with_it["leak a step"] > 0
    assert set(with_it) == set(without) >= {"kt, AUC", "the same in expectation"}
    ((name, paid),) = without["the most that anything unrelated earns or costs"].items()
    assert abs(paid) >= abs(without["the same in expectation"][0])
    assert name not in {"random", "targets, random"}
