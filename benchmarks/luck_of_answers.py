"""How much of the simulation task is the luck of the simulator's own answers: P(right) averaged over rollouts.

    python benchmarks/luck_of_answers.py SIMULATOR... --logs FILE

In the sampled simulation P(right) is what the simulator believes after one random course of its own answers. The mean
over courses is what it says of the student before any of them; its AUC and ECE have no luck in them.

What a perfect simulator would reach is seen on students that the simulator makes itself: the same real first halves,
with its own answers of another rollout in place of the real ones. No simulator knows them better.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from parts.machine import machine

from ldsim_env.files import write_json
from ldsim_env.logs import ResponseLog, read_logs
from ldsim_env.simulator import StudentModel, for_log, load_simulator
from ldsim_env.simulator.metrics import score
from ldsim_env.simulator.tasks import predict_simulation, simulation_task
from ldsim_env.simulator.unroll import unroll

RESULTS = Path(__file__).parent / "results"
N_ROLLOUTS = 20
AVERAGED = (5, 20)  # rollouts


def main() -> None:
    """Measure every simulator, print and write the means over them."""
    options = _options()
    log = read_logs(options.logs)
    runs = [_averaged(simulator, log) for simulator in options.simulators]
    means = {name: _mean([run[name] for run in runs]) for name in runs[0]}
    for name, figures in means.items():
        print(f"{name:>44}: AUC {figures['auc']:.4f}, ECE {figures['ece']:.4f}")
    write_json(options.out, {"machine": machine(), "runs": runs, "mean": means})


def _averaged(simulator: Path, log: ResponseLog) -> dict[str, dict[str, float]]:
    network, matched = for_log(load_simulator(simulator), log)
    rollouts = [predict_simulation(network, matched.log, "sampled", seed) for seed in range(N_ROLLOUTS)]
    response, probs = rollouts[0].response, np.stack([rollout.prob for rollout in rollouts])
    fed_back = predict_simulation(network, matched.log, "expected").prob
    made = [_own_answers(network, matched.log, seed) for seed in range(N_ROLLOUTS)]
    pairs = [(answers, prob) for (i, answers), (j, prob) in product(enumerate(made), enumerate(probs)) if i != j]
    return {
        "one rollout": _mean([_figures(response, prob) for prob in probs]),
        **{f"mean of {n} rollouts": _figures(response, probs[:n].mean(axis=0)) for n in AVERAGED},
        "probabilities fed back": _figures(response, fed_back),
        "students of its own, one rollout": _mean([_figures(*pair) for pair in pairs]),
        "students of its own, probabilities fed back": _mean([_figures(answers, fed_back) for answers in made]),
    }


def _own_answers(model: StudentModel, log: ResponseLog, seed: int) -> NDArray[np.float32]:
    """The simulator's answers at the scored positions of one rollout."""

    def answers(*given: Any, uniforms: torch.Tensor, **how: Any) -> torch.Tensor:
        return (unroll(model, *given, uniforms=uniforms, **how) > uniforms).float()

    return simulation_task(answers, log, "sampled", seed).prob


def _mean(figures: list[dict[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([each[key] for each in figures])) for key in figures[0]}


def _figures(response: NDArray[np.float32], prob: NDArray[np.float32]) -> dict[str, float]:
    scores = score(response, prob)
    return {"auc": scores.auc, "ece": scores.ece}


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("simulators", nargs="+", type=Path, help="folders of saved simulators")
    parser.add_argument("--logs", nargs="+", type=Path, required=True, help="students that they were not fitted on")
    parser.add_argument("--out", type=Path, default=RESULTS / "luck-of-answers.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
