"""How much of the simulation task is the luck of the simulator's own answers: P(right) averaged over rollouts.

    python benchmarks/luck_of_answers.py SIMULATOR... --logs FILE

In the sampled simulation P(right) is what the simulator believes after one random course of its own answers. The mean
over courses is what it says of the student before any of them; its AUC and ECE have no luck in them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from parts.machine import machine

from ldsim_env.files import write_json
from ldsim_env.logs import ResponseLog, read_logs
from ldsim_env.simulator import for_log, load_simulator
from ldsim_env.simulator.metrics import Scores, score
from ldsim_env.simulator.tasks import predict_simulation

RESULTS = Path(__file__).parent / "results"
AVERAGED = (1, 5, 20)  # rollouts


def main() -> None:
    """Measure every simulator, print and write the means over them."""
    options = _options()
    log = read_logs(options.logs)
    runs = [_averaged(simulator, log) for simulator in options.simulators]
    means = {name: {key: float(np.mean([run[name][key] for run in runs])) for key in runs[0][name]} for name in runs[0]}
    for name, figures in means.items():
        print(f"{name:>24}: AUC {figures['auc']:.4f}, ECE {figures['ece']:.4f}")
    write_json(options.out, {"machine": machine(), "runs": runs, "mean": means})


def _averaged(simulator: Path, log: ResponseLog) -> dict[str, dict[str, float]]:
    network, matched = for_log(load_simulator(simulator), log)
    rollouts = [predict_simulation(network, matched.log, "sampled", seed) for seed in range(max(AVERAGED))]
    response, probs = rollouts[0].response, np.stack([rollout.prob for rollout in rollouts])
    of_means = {f"mean of {n} rollouts": _figures(score(response, probs[:n].mean(axis=0))) for n in AVERAGED}
    return of_means | {
        "probabilities fed back": _figures(predict_simulation(network, matched.log, "expected").scores())
    }


def _figures(scores: Scores) -> dict[str, float]:
    return {"auc": scores.auc, "ece": scores.ece}


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("simulators", nargs="+", type=Path, help="folders of saved simulators")
    parser.add_argument("--logs", nargs="+", type=Path, required=True, help="students that they were not fitted on")
    parser.add_argument("--out", type=Path, default=RESULTS / "luck-of-answers.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
