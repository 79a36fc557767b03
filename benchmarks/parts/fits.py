"""Simulators that a benchmark fits once and keeps: a killed run, or another benchmark, takes them up again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ldsim_env.simulator import LDSimNetwork, load_simulator
from ldsim_env.simulator.checkpoint import SIMULATOR_FILE


def fitted_in(folder: Path, fit: Callable[[Path], Any]) -> tuple[LDSimNetwork, float]:
    """The LDSim simulator in a folder, fitted by ``fit`` unless it is there, and the seconds that its epochs took."""
    if not (folder / SIMULATOR_FILE).exists():
        fit(folder)
    network = load_simulator(folder)
    assert isinstance(network, LDSimNetwork)
    history = json.loads((folder / "history.json").read_text(encoding="utf-8"))
    return network, sum(epoch["seconds"] for epoch in history)
