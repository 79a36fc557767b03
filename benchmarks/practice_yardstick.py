"""Does the card measure the effect of practice right? Real students' answers are replaced by those of simulated ones.

    python benchmarks/practice_yardstick.py SIMULATOR LOG [--seeds 4] [--out FILE]

The simulator answers the log's questions itself, with practice weighed by 1 and by 2, and the card's part on practice
is measured on these logs: its factors should be 1 and 2. Takes about 20 s of one core for each log.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from parts.machine import machine

from ldsim_env.files import write_json
from ldsim_env.logs import ResponseLog, read_logs
from ldsim_env.logs.windows import padded, select_windows, windows
from ldsim_env.simulator import StudentModel, for_log, load_simulator, unroll
from ldsim_env.simulator.card.drift_size import measure_drift_size
from ldsim_env.simulator.card.practice import PracticeScaled

TRUTHS = (1.0, 2.0)
BATCH = 256


def main() -> None:
    """Measure every made-up log, print and write the factors."""
    options = _options()
    model, matched = for_log(load_simulator(options.simulator), read_logs([options.log]))
    found = [_measure(model, matched.log, truth, seed) for truth in TRUTHS for seed in range(options.seeds)]
    write_json(options.out, {"machine": machine(), "logs": found})
    print(json.dumps(found, indent=2))


def _measure(model: StudentModel, log: ResponseLog, truth: float, seed: int) -> dict[str, Any]:
    fits = measure_drift_size(model, answered_log(PracticeScaled(model, truth), log, seed), seed).to_json()["fits"]
    return {"truth": truth, "seed": seed, **fits}


@torch.inference_mode()
def answered_log(model: StudentModel, log: ResponseLog, seed: int) -> ResponseLog:
    """The log with answers of simulated students, who start anew at each window."""
    found = windows(log, minimum=1)
    rng, responses = np.random.default_rng([seed, 7]), log.responses.copy()
    order = np.argsort(found.length, kind="stable")
    for rows in (order[i : i + BATCH] for i in range(0, len(order), BATCH)):
        part = padded(log, select_windows(found, rows))
        noise = rng.random(part.questions.shape, dtype=np.float32)
        questions, real, uniforms = (torch.from_numpy(array) for array in (part.questions, part.responses, noise))
        none = torch.zeros(len(rows), dtype=torch.int64)
        right = unroll(model, questions, real, none, rollout="sampled", uniforms=uniforms).numpy() > noise
        inside = np.arange(right.shape[1]) < part.lengths[:, None]
        responses[(found.start[rows][:, None] + np.arange(right.shape[1]))[inside]] = right[inside]
    return replace(log, responses=responses)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("simulator", help="a bundled bank or a folder that `ldsim fit` wrote")
    parser.add_argument("log", type=Path)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "practice-yardstick.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
