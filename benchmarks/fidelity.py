"""Measure the simulator by the protocol: train on folds 1-3, stop on a tenth of their students, report on fold 4.

    python benchmarks/fidelity.py [--bank assist09] [--seeds 3] [--relations FILE] [--labels FILE] [--out FILE]

Needs the real logs (LDSIM_DATA, by default ../shared/data). Writes figures for every seed, the probes, and the machine.
Each simulator is kept under results/runs and not fitted again: delete its folder after a change.
"""

from __future__ import annotations

import argparse
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

from parts.fits import fitted_in
from parts.machine import machine
from parts.seeds import over_seeds

from ldsim_env.files import write_atomic
from ldsim_env.logs import read_logs
from ldsim_env.simulator import (
    Evaluation,
    Teaching,
    TrainingSettings,
    evaluate,
    fit_simulator,
    for_log,
    predict_tasks,
    probe_real_students,
)
from ldsim_env.teacher import read_labels, read_relations

FOLDER = Path(os.environ.get("LDSIM_DATA", "../shared/data"))
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Train and score every seed, print and write the figures."""
    options = _options()
    runs = [run_seed(options, seed) for seed in range(options.seeds)]
    report = {"bank": options.bank, "machine": machine(), "runs": runs, "summary": _summary(runs)}
    write_atomic(options.out, json.dumps(report, indent=2).encode())
    print(json.dumps(report["summary"], indent=2))
    print(f"written to {options.out}")


def run_seed(options: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Fit and measure under one seed: the scores of both tasks and the probes."""
    folder = FOLDER / options.bank
    train, held_out = (read_logs([folder / f"fold{i}.csv" for i in folds]) for folds in ((1, 2, 3), (4,)))
    graph = read_relations(options.relations, train.bank) if options.relations else None
    teaching = Teaching(graph, read_labels(options.labels, train, graph) if options.labels else None)
    out = options.out.parent / "runs" / f"{options.out.stem}-seed{seed}"
    fitted, seconds = fitted_in(
        out, partial(fit_simulator, train, training=TrainingSettings(seed=seed), teaching=teaching)
    )
    network, matched = for_log(fitted, held_out)
    evaluation = evaluate(matched.log, predict_tasks(network, matched.log))
    probes = probe_real_students(network, matched.log, n_students=400)
    return {
        "seed": seed,
        "training_seconds": seconds,
        "tasks": evaluation.to_json()["tasks"],
        "probes": probes.to_json(),
        **_headline(evaluation),
    }


def _headline(evaluation: Evaluation) -> dict[str, float]:
    figures = {f"{name}, AUC": task.overall.auc for name, task in evaluation.tasks.items()}
    return figures | {f"{name}, ECE": task.overall.ece for name, task in evaluation.tasks.items()}


def _summary(runs: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Mean and spread over seeds of the headline figures and of each probe."""
    columns = {name: [run[name] for run in runs] for name in runs[0] if name.endswith(("AUC", "ECE"))}
    for number, probe in enumerate(runs[0]["probes"]["probes"]):
        columns[f"E_p of probe: {probe['name']}"] = [run["probes"]["probes"][number]["mean_gain"] for run in runs]
    columns["leak a step"] = [run["probes"]["leak"] for run in runs]
    return over_seeds(columns)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bank", default="assist09", help="folder of the logs within LDSIM_DATA")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--relations", type=Path, help="a teacher's concept relations")
    parser.add_argument("--labels", type=Path, help="a teacher's mastery labels")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    options.out = options.out or RESULTS / f"fidelity-{options.bank}.json"
    return options


if __name__ == "__main__":
    main()
