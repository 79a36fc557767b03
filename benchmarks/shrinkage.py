"""Both tasks by how much gains and context count: what `ldsim_env.simulator.shrinkage` chooses from.

    python benchmarks/shrinkage.py SIMULATOR... --logs FILE

Every simulator is scored under weights set by hand, whatever weights it came with; "as fitted" are its own.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from parts.machine import machine
from parts.seeds import over_seeds
from rich.console import Console
from rich.table import Table

from ldsim_env.files import write_json
from ldsim_env.logs import read_logs
from ldsim_env.simulator import LDSimNetwork, evaluate, for_log, load_simulator, predict_tasks
from ldsim_env.simulator.shrinkage import Shrinkage

RESULTS = Path(__file__).parent / "results"
TRIED = ((1.0, 1.0), (1.0, 0.5), (1.0, 0.0), (0.9, 0.8), (0.8, 1.0), (0.8, 0.7), (0.6, 0.7))  # (gains, context)


def main() -> None:
    """Score every simulator under every pair of weights, print and write the means."""
    options = _options()
    log = read_logs(options.logs)
    networks = [_ldsim(folder) for folder in options.simulators]
    rows = {"as fitted": over_seeds(_by_figure([_scores(network, log) for network in networks]))}
    for gains, context in TRIED:
        weighed = [_weighed(network, gains, context) for network in networks]
        rows[f"{gains:g} / {context:g}"] = over_seeds(_by_figure([_scores(network, log) for network in weighed]))
    table = Table("gains / context", *next(iter(rows.values())))
    for name, row in rows.items():
        table.add_row(name, *(f"{figure['mean']:.4f}" for figure in row.values()))
    Console(width=140).print(table)
    write_json(
        options.out, {"machine": machine(), "simulators": [str(one) for one in options.simulators], "rows": rows}
    )


def _ldsim(folder: Path) -> LDSimNetwork:
    network = load_simulator(folder)
    if not isinstance(network, LDSimNetwork):
        raise SystemExit(f"{folder}: expected LDSim's own network, got {type(network).__name__}.")
    return network


def _weighed(network: LDSimNetwork, gains: float, context: float) -> LDSimNetwork:
    own = network.settings
    return Shrinkage(gains / own.gain_scale, context / own.context_scale).of(network)


def _scores(network: LDSimNetwork, log: Any) -> dict[str, float]:
    known, matched = for_log(network, log)
    tasks = evaluate(matched.log, predict_tasks(known, matched.log)).tasks
    figures = {f"{name}, AUC": task.overall.auc for name, task in tasks.items()}
    return figures | {f"{name}, ECE": task.overall.ece for name, task in tasks.items()}


def _by_figure(runs: list[dict[str, float]]) -> dict[str, list[float]]:
    return {name: [run[name] for run in runs] for name in runs[0]}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("simulators", nargs="+", type=Path, help="folders of saved simulators")
    parser.add_argument("--logs", nargs="+", type=Path, required=True, help="students that they were not fitted on")
    parser.add_argument("--out", type=Path, default=RESULTS / "shrinkage.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
