"""Measure that a long run keeps no memory: what the process holds after every so many steps.

    python benchmarks/env_memory.py [--steps 1000000] [--minutes 2]

The batched form teaches 1,024 students. The single form makes as many steps as the minutes allow.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import torch
from parts.machine import machine
from parts.steps import single_step, vector_step

from ldsim_env.envs import LDSimVectorEnv
from ldsim_env.files import write_json

RESULTS = Path(__file__).parent / "results"
N_STUDENTS = 1024
WARM_UP_CALLS = 70  # more than two episodes
PART = {"batched": 100_000, "single": 10_000}  # steps between two readings


def main() -> None:
    """Run both forms, print and write what they hold."""
    options = _options()
    torch.set_num_threads(1)
    report: dict[str, Any] = {
        "bank": options.bank,
        "students_batched": N_STUDENTS,
        "machine": machine(),
        "steps_a_reading": PART,
    }
    forms = {
        "batched": (vector_step(LDSimVectorEnv(N_STUDENTS, options.bank)), N_STUDENTS),
        "single": (single_step(gym.make(f"LDSim-{options.bank}-v0")), 1),
    }
    for name, (step, steps_a_call) in forms.items():
        readings = _readings(step, PART[name] // steps_a_call, options.steps // PART[name], 60 * options.minutes)
        report[name] = {"resident_bytes": readings, "growth": readings[-1] - readings[0]}
        print(name, [f"{reading / 2**20:.1f} MiB" for reading in readings], flush=True)
        write_json(options.out, report)
    print(f"written to {options.out}")


def _readings(step: Callable[[], None], calls: int, n_readings: int, seconds: float) -> list[int]:
    """Bytes resident after warming up and then after every so many calls, as far as the seconds reach."""
    for _ in range(WARM_UP_CALLS):
        step()
    readings, started = [_resident()], time.monotonic()
    while len(readings) <= n_readings and time.monotonic() - started < seconds:
        for _ in range(calls):
            step()
        readings.append(_resident())
    return readings


def _resident() -> int:
    gc.collect()
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bank", default="ASSIST09", help="a bundled bank")
    parser.add_argument("--steps", type=int, default=1_000_000, help="of each form")
    parser.add_argument("--minutes", type=float, default=2.0, help="the most that a form may take")
    parser.add_argument("--out", type=Path, default=RESULTS / "env-memory.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
