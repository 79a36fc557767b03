"""What the bend does: LDSim fitted and examined with it and without it, as `fidelity.py` does, under one seed.

    python benchmarks/bend.py [--seed 0] [--relations FILE] [--labels FILE] [--out FILE]

Needs the real logs (LDSIM_DATA, by default ../shared/data); trains on folds 1-3, reports on fold 4.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from fidelity import RESULTS, run_seed
from parts.machine import machine

from ldsim_env.files import write_json

BEND = "ldsim_env.simulator.network.bend"
RANDOM = "random unrelated"


def main() -> None:
    """Fit both, print and write what differs."""
    options = _options()
    with patch(BEND, lambda mastery, prob, swing: torch.zeros_like(mastery)):
        without = run_seed(options, options.seed)
    arms = {"without the bend": _figures(without), "with it": _figures(run_seed(options, options.seed))}
    print(json.dumps(arms, indent=2))
    write_json(options.out, {"machine": machine(), "seed": options.seed, **arms})


def _figures(run: dict[str, Any]) -> dict[str, Any]:
    """AUC of the tasks, the leak, and what questions that have nothing to do with the targets are paid."""
    probes = {probe["name"]: probe for probe in run["probes"]["probes"]}
    paid = {name: probe["expected_gain"] for name, probe in probes.items() if probe["kind"] == "unrelated"}
    largest = max(paid, key=lambda name: abs(paid[name]))
    chance = probes[RANDOM]
    return {
        "leak a step": run["probes"]["leak"],
        "E_p of random unrelated questions": [chance["mean_gain"], chance["standard_error"]],
        "the same in expectation": [chance["expected_gain"], chance["expected_error"]],
        "the most that anything unrelated earns or costs": {largest: paid[largest]},
        **{name: value for name, value in run.items() if name.endswith("AUC")},
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bank", default="assist09", help="folder of the logs within LDSIM_DATA")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--relations", type=Path, help="a teacher's concept relations")
    parser.add_argument("--labels", type=Path, help="a teacher's mastery labels")
    parser.add_argument("--out", type=Path, default=RESULTS / "bend.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
