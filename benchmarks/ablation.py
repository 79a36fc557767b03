"""What each part of the teacher adds: train with and without relations and labels, at 100% and at 10% of the students.

    python benchmarks/ablation.py [--seeds 3] [--only full none ...] [--shares 1.0 0.1]

Trained on folds 1-3 of ASSIST09, stopped on a tenth of their students (the same ones at every share), reported on fold
4. Needs the real logs (LDSIM_DATA) and the recorded teacher beside them (../shared/teacher). Each run is kept under
results/runs and not made twice, so an interrupted benchmark goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from parts.machine import machine
from parts.seeds import over_seeds

from ldsim_env.files import write_atomic
from ldsim_env.logs import ResponseLog, read_logs
from ldsim_env.logs.windows import Windows, windows
from ldsim_env.simulator import (
    Predictions,
    Teaching,
    Trainer,
    TrainingSettings,
    for_log,
    predict_kt,
    predict_simulation,
)
from ldsim_env.simulator.fitting import stopping_split
from ldsim_env.simulator.metrics import score
from ldsim_env.teacher import ConceptGraph, MasteryLabels, random_graph, read_labels, read_relations

LOGS = Path(os.environ.get("LDSIM_DATA", "../shared/data")) / "assist09"
TEACHER = Path(os.environ.get("LDSIM_TEACHER", LOGS / ".." / ".." / "teacher"))
RESULTS = Path(__file__).parent / "results"
SAMPLED_SEEDS = 5

Arm = Callable[[ConceptGraph, MasteryLabels, np.random.Generator], Teaching]
ARMS: dict[str, Arm] = {
    "full": lambda graph, labels, _: Teaching(graph, labels),
    "no relations": lambda _, labels, __: Teaching(None, labels),
    "no labels": lambda graph, _, __: Teaching(graph, None),
    "neither": lambda _, __, ___: Teaching(),
    "random graph": lambda graph, labels, rng: Teaching(random_graph(graph, rng), labels),
    "shuffled labels": lambda graph, labels, rng: Teaching(graph, labels.shuffled(rng)),
}


@dataclass(frozen=True)
class Data:
    """What every run reads."""

    train: ResponseLog
    held_out: ResponseLog
    graph: ConceptGraph
    labels: MasteryLabels
    tag: str

    @classmethod
    def read(cls, relations: Path, labels: Path, tag: str) -> Data:
        """Folds 1-3, fold 4 and the teacher's files."""
        train, held_out = (read_logs([LOGS / f"fold{i}.csv" for i in folds]) for folds in ((1, 2, 3), (4,)))
        graph = read_relations(relations, train.bank)
        return cls(train, held_out, graph, read_labels(labels, train, graph), tag)


def main() -> None:
    """Train every arm, print and write means and ranges over seeds."""
    options = _options()
    data = Data.read(options.relations, options.labels, options.tag)
    report: dict[str, dict[str, dict[str, float]]] = {}
    for share in options.shares:
        for arm in options.only or ARMS:
            runs = [_run(data, arm, share, seed) for seed in range(options.seeds)]
            name = f"{arm}, {share:.0%} of the students"
            report[name] = over_seeds({figure: [run[figure] for run in runs] for figure in runs[0]})
            print(name, {key: f"{value['mean']:.4f}" for key, value in report[name].items()}, flush=True)
            write_atomic(options.out, json.dumps({"machine": machine(), "arms": report}, indent=2).encode())


def _run(data: Data, arm: str, share: float, seed: int) -> dict[str, float]:
    kept = RESULTS / "runs" / f"ablation{data.tag}-{arm.replace(' ', '_')}-{share}-{seed}.json"
    if kept.exists():
        return dict(json.loads(kept.read_text()))
    settings = TrainingSettings(seed=seed)
    students, stopping = stopping_split(data.train, None, settings)
    rng = np.random.default_rng([seed, 7])
    if share < 1:
        students = students.select(np.sort(rng.permutation(students.n_students)[: round(share * students.n_students)]))
    teaching = ARMS[arm](data.graph, data.labels, rng)
    fitted = Trainer(students, stopping, training=settings, teaching=teaching).run(show_progress=False)
    network, matched = for_log(fitted, data.held_out)
    kt = predict_kt(network, matched.log)
    sampled = [predict_simulation(network, matched.log, "sampled", s).scores() for s in range(SAMPLED_SEEDS)]
    result = {
        "KT AUC": kt.scores().auc,
        "KT AUC on concepts never met": _auc_on_unmet(kt, matched.log),
        "simulation AUC, sampled": float(np.mean([scores.auc for scores in sampled])),
        "simulation AUC, expected": predict_simulation(network, matched.log, "expected").scores().auc,
        "KT ECE": kt.scores().ece,
    }
    write_atomic(kept, json.dumps(result).encode())
    return result


def _auc_on_unmet(kt: Predictions, log: ResponseLog) -> float:
    """AUC over the positions whose question asks for no concept that the window has asked for before."""
    first = _first_meetings(log, windows(log))
    part = first[kt.interaction]
    return score(kt.response[part], kt.prob[part]).auc


def _first_meetings(log: ResponseLog, found: Windows) -> NDArray[np.bool_]:
    concepts = log.bank.concept_matrix
    first = np.zeros(log.n_interactions, bool)
    for start, length in zip(found.start, found.length, strict=True):
        asked = concepts[log.questions[start : start + length]]
        before: NDArray[np.int64] = np.cumsum(asked, axis=0) - asked
        first[start : start + length] = ~((before > 0) & asked).any(axis=1)
    return first


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=list(ARMS), help="these arms; all by default")
    parser.add_argument("--shares", nargs="*", type=float, default=[1.0, 0.1], help="shares of the training students")
    parser.add_argument("--relations", type=Path, default=TEACHER / "assist09_relations.csv")
    parser.add_argument("--labels", type=Path, default=TEACHER / "assist09_mastery.jsonl")
    parser.add_argument("--tag", default="", help="tells runs with another teacher's files apart")
    parser.add_argument("--out", type=Path, default=RESULTS / "ablation.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
