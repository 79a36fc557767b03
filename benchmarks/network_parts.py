"""What each part of LDSim's network and of its training adds: fit without it, and measure both tasks and the probes.

    python benchmarks/network_parts.py [--bank assist09] [--seeds 1] [--only full "no context" ...]

Trained on folds 1-3, stopped on a tenth of their students, reported on fold 4; relations and labels are the bundled
ones. Needs the real logs (LDSIM_DATA). Each run is kept under results/runs and not made twice.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from parts.machine import machine
from parts.seeds import over_seeds
from rich.console import Console
from rich.table import Table

from ldsim_env.files import write_json
from ldsim_env.logs import ResponseLog, read_logs
from ldsim_env.simulator import (
    NetworkSettings,
    Teaching,
    Trainer,
    TrainingSettings,
    evaluate,
    for_log,
    predict_tasks,
    probe_real_students,
)
from ldsim_env.simulator.fitting import stopping_split
from ldsim_env.teacher import read_labels, read_relations

FOLDER = Path(os.environ.get("LDSIM_DATA", "../shared/data"))
BANKS = Path(__file__).parents[1] / "ldsim_env/banks"
RESULTS = Path(__file__).parent / "results"
PROBED = 200  # students

# What is set otherwise than by default; names of NetworkSettings and of TrainingSettings
ARMS: dict[str, Mapping[str, float]] = {
    "full": {},
    "no account of further attempts": {"attempt_size": 0},
    "no context": {"context_size": 0},
    "no summary of the past, so no context": {"past_size": 0, "context_size": 0},
    "one shared factor in place of 32": {"n_factors": 1},
    "questions discriminate alike": {"max_discrimination": 1},
    "all questions of a concept start alike": {"question_spread": 0.01},
    "questions corrected freely": {"question_penalty": 0.0},
    "priors that know the answer": {"by_others": 0.0},
    "numbering not read": {"neighbours": False},
    "no rollouts": {"rollout_share": 0.0},
    "all windows rolled out": {"rollout_share": 1.0},
    "all rolled out, 30% by threshold": {"rollout_share": 1.0, "hard_share": 0.3},
    "weights not averaged": {"averaging": 0.0},
    "gains and context not shrunk": {"shrink": False},
    "no teacher": {"label_weight": 0.0},
}
TASKS = {
    "KT": "kt",
    "sampled": "simulation, sampled",
    "expected": "simulation, expected",
    "hard": "simulation, hard",
}


def main() -> None:
    """Fit and measure every arm, print and write the figures."""
    options = _options()
    train, held_out = (
        read_logs([FOLDER / options.bank / f"fold{i}.csv" for i in folds]) for folds in ((1, 2, 3), (4,))
    )
    arms: dict[str, dict[str, Any]] = {}
    for arm in options.only or _arms_that_differ(train):
        runs = [_run(options.bank, train, held_out, arm, seed) for seed in range(options.seeds)]
        arms[arm] = over_seeds({name: [run[name] for run in runs] for name in runs[0]})
        write_json(options.out, {"bank": options.bank, "seeds": options.seeds, "machine": machine(), "arms": arms})
        Console().print(_table(arms))


def _arms_that_differ(train: ResponseLog) -> list[str]:
    """All arms but those that leave out what the log's network doesn't have anyway."""
    has_attempts = NetworkSettings.suited_to(train).attempt_size > 0
    return [arm for arm, changed in ARMS.items() if has_attempts or "attempt_size" not in changed]


def _run(bank: str, train: ResponseLog, held_out: ResponseLog, arm: str, seed: int) -> dict[str, float]:
    kept = RESULTS / "runs" / f"parts-{bank}-{arm.replace(' ', '_').replace(',', '')}-{seed}.json"
    if kept.exists():
        return dict(json.loads(kept.read_text()))
    network, training = _settings(train, arm, seed)
    students, stopping = stopping_split(train, None, training)
    fitted = Trainer(students, stopping, network=network, training=training, teaching=_teaching(bank, train, arm)).run(
        show_progress=False
    )
    simulator, matched = for_log(fitted, held_out)
    tasks = evaluate(matched.log, predict_tasks(simulator, matched.log)).tasks
    probes = probe_real_students(simulator, matched.log, n_students=PROBED)
    unrelated = [probe.mean_gain for probe in probes.probes if probe.kind == "unrelated"]
    figures = {name: tasks[task].overall.auc for name, task in TASKS.items()}
    figures |= {f"ECE {name}": tasks[task].overall.ece for name, task in TASKS.items()}
    figures["practice"] = next(probe.mean_gain for probe in probes.probes if probe.name == "targets, random")
    figures["unrelated"] = max(unrelated, key=abs)
    figures["leak"] = probes.leak
    write_json(kept, figures)
    return figures


def _settings(train: ResponseLog, arm: str, seed: int) -> tuple[NetworkSettings, TrainingSettings]:
    changed = dict(ARMS[arm])
    network, training = NetworkSettings.suited_to(train), TrainingSettings(seed=seed)
    of_network = {name: int(changed.pop(name)) for name in list(changed) if hasattr(network, name)}
    return replace(network, **of_network), replace(training, **changed)  # type: ignore[arg-type]


def _teaching(bank: str, train: ResponseLog, arm: str) -> Teaching:
    folder = BANKS / bank.upper()
    if arm == "no teacher":
        return Teaching()
    graph = read_relations(folder / "relations.json", train.bank)
    labels = folder / "labels.json"
    return Teaching(graph, read_labels(labels, train, graph) if labels.exists() else None)


def _table(arms: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Table:
    names = list(next(iter(arms.values())))
    table = Table("arm", *names)
    for arm, figures in arms.items():
        table.add_row(arm, *(f"{figures[name]['mean']:.4f}" for name in names))
    return table


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bank", default="assist09", help="folder of the logs within LDSIM_DATA")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=list(ARMS), help="these arms; all by default")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    options.out = options.out or RESULTS / f"parts-{options.bank}.json"
    return options


if __name__ == "__main__":
    main()
