"""LDSim against an LLM that answers in the loop: seconds a step, bytes of memory, simulation AUC, in one run.

    python benchmarks/llm_in_the_loop.py --simulator FOLDER --llm FOLDER [FOLDER ...] [--students 20] [--steps 10]

Each LLM is a folder that transformers can load. Both kinds observe the same first halves of windows of fold 4 of
ASSIST09, then answer the student's next questions and are shown their own sampled answers, with the same noise. Give an
LDSim that was fitted on folds 1-3 (`ldsim fit`). Memory is that of the weights. Needs the real logs (LDSIM_DATA).
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from parts.machine import machine
from parts.timing import spread
from torch import nn

from ldsim_env.files import write_atomic
from ldsim_env.logs import ResponseLog, read_logs
from ldsim_env.logs.windows import SIMULATION_MINIMUM, observed_half, padded, select_windows, windows
from ldsim_env.simulator import State, StudentModel, for_log, load_simulator
from ldsim_env.simulator.histories import states_after
from ldsim_env.simulator.llm_student import LLMStudent
from ldsim_env.simulator.metrics import score
from ldsim_env.teacher.transformers_backend import TransformersTeacher

LOGS = Path(os.environ.get("LDSIM_DATA", "../shared/data")) / "assist09"
RESULTS = Path(__file__).parent / "results"


class Task(NamedTuple):
    """What is simulated: n students' observed halves and next questions."""

    observed: ResponseLog
    questions: NDArray[np.int64]  # (n, steps)
    responses: NDArray[np.float32]  # (n, steps), the true ones
    noise: NDArray[np.float32]  # (n, steps)


def main() -> None:
    """Measure LDSim and each LLM, print and write the figures and their ratios."""
    options = _options()
    network, matched = for_log(load_simulator(options.simulator), read_logs(LOGS / "fold4.csv"))
    task = _draw_task(matched.log, options.students, options.steps)
    report: dict[str, Any] = {"machine": machine(), "students": options.students, "steps": options.steps}
    report["ldsim"] = _measure(network, task) | {"bytes": _bytes(network)}
    for folder in options.llm:
        teacher = TransformersTeacher(str(folder))
        measured = _measure(LLMStudent(teacher, network.bank), task)
        measured["bytes"] = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
        measured["times_slower_than_ldsim"] = _ratio(measured, report["ldsim"], "seconds_a_student_step")
        measured["times_larger_than_ldsim"] = measured["bytes"] / report["ldsim"]["bytes"]
        report[folder.name] = measured
        print(folder.name, json.dumps(measured, indent=2), flush=True)
        write_atomic(options.out, json.dumps(report, indent=2).encode())
    print("ldsim", json.dumps(report["ldsim"], indent=2))


def _draw_task(log: ResponseLog, n_students: int, steps: int) -> Task:
    found = windows(log, minimum=max(SIMULATION_MINIMUM, 2 * steps))
    rng = np.random.default_rng(0)
    part = padded(log, select_windows(found, rng.choice(len(found.length), n_students, replace=False)))
    half = observed_half(part.lengths)
    at = half[:, None] + np.arange(steps)
    histories = [(q[:h], r[:h]) for q, r, h in zip(part.questions, part.responses, half.tolist(), strict=True)]
    observed = ResponseLog(
        bank=log.bank,
        student_ids=tuple(map(str, range(n_students))),
        offsets=np.concatenate([[0], np.cumsum(half)]),
        questions=np.concatenate([q for q, _ in histories]).astype(np.int32),
        responses=np.concatenate([r for _, r in histories]).astype(np.int8),
    )
    rows = np.arange(n_students)[:, None]
    noise = rng.random(at.shape, dtype=np.float32)
    return Task(observed, part.questions[rows, at], part.responses[rows, at], noise)


def _measure(model: StudentModel, task: Task) -> dict[str, Any]:
    """Simulate student by student, as a single environment would, and time every step."""
    states = states_after(model, task.observed)
    probs = np.zeros_like(task.responses)
    seconds = []
    with torch.inference_mode():
        for student in range(len(probs)):
            state: State = {name: value[student : student + 1] for name, value in states.items()}
            for step, question in enumerate(task.questions[student]):
                started = time.perf_counter()
                asked = torch.tensor([question])
                prob = model.answer_prob(state, asked)
                response = (prob > float(task.noise[student, step])).float()
                state = model.learn(state, asked, response)
                seconds.append(time.perf_counter() - started)
                probs[student, step] = float(prob)
    scores = score(task.responses.reshape(-1), probs.reshape(-1))
    return {"seconds_a_student_step": spread(seconds), "simulation_auc": scores.auc, "positions": scores.n}


def _bytes(module: nn.Module) -> int:
    return sum(value.numel() * value.element_size() for value in (*module.parameters(), *module.buffers()))


def _ratio(measured: dict[str, Any], base: dict[str, Any], name: str) -> float:
    return float(measured[name]["median"] / base[name]["median"])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llm", nargs="+", type=Path, required=True, help="folders of language models")
    parser.add_argument("--simulator", required=True, help="folder of an LDSim fitted on folds 1-3")
    parser.add_argument("--students", type=int, default=20)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--out", type=Path, default=RESULTS / "llm-in-the-loop.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
