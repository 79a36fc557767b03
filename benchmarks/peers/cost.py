"""What a peer costs: microseconds a student-step after short and long histories, parameters, and memory."""

from __future__ import annotations

import ctypes
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ldsim_env.simulator import State

HISTORIES = (50, 500)
STUDENTS = 64
REPEATS = 5
LONG = 0.5  # seconds
STATUS = Path("/proc/self/status")
RESET_PEAK = Path("/proc/self/clear_refs")


class Steps(Protocol):
    """What is timed: a history is read, then questions are answered and learnt from."""

    def after(self, questions: Tensor, responses: Tensor) -> State:
        """The state after a history."""
        ...

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right)."""
        ...

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """The state after one more response."""
        ...


@dataclass(frozen=True)
class Cost:
    """What a step costs.

    Args:
        parameters: Fitted numbers.
        microseconds: Processor time of one student-step (answer and learn), 64 students at once, by length of the
            history; others on the machine don't count.
        state_bytes: Of one student between steps, by length of the history.
        peak_megabytes: The most memory that a step of 64 students took beyond what was held before it, by length of
            the history; None where the system does not tell.
    """

    parameters: int
    microseconds: dict[int, float]
    state_bytes: dict[int, int]
    peak_megabytes: dict[int, float | None]


@torch.inference_mode()
def measure(steps: Steps, n_questions: int, parameters: int) -> Cost:
    """Time and memory after each length of history, on random histories."""
    rng = np.random.default_rng(0)
    times, sizes, peaks = {}, {}, {}
    for length in HISTORIES:
        questions = torch.from_numpy(rng.integers(n_questions, size=(STUDENTS, length)))
        responses = torch.from_numpy(rng.integers(2, size=(STUDENTS, length)).astype(np.float32))
        state = steps.after(questions, responses)

        def step(state: State = state, asked: Tensor = questions[:, 0]) -> None:
            steps.learn(state, asked, (steps.answer_prob(state, asked) > 0.5).float())

        peaks[length] = _peak_megabytes(step)
        times[length] = _median_seconds(step) / STUDENTS * 1e6
        sizes[length] = sum(value.numel() * value.element_size() for value in state.values()) // STUDENTS
    return Cost(parameters, times, sizes, peaks)


def n_parameters(peer: torch.nn.Module) -> int:
    """Fitted numbers: weights, and what the simple end keeps in buffers."""
    return sum(value.numel() for value in peer.state_dict().values())


def _median_seconds(step: Callable[[], None]) -> float:
    """Of a few steps after the first; of a step that takes long, the first will do."""
    first = _seconds(step)
    return first if first > LONG else float(np.median([_seconds(step) for _ in range(REPEATS)]))


def _seconds(step: Callable[[], None]) -> float:
    started = time.process_time()
    step()
    return time.process_time() - started


def _peak_megabytes(step: Callable[[], None]) -> float | None:
    """Linux alone keeps a peak that can be reset; memory that was freed but kept would hide what a step takes."""
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        RESET_PEAK.write_text("5")
        before = _kilobytes("VmRSS")
        step()
        return max(_kilobytes("VmHWM") - before, 0) / 1024
    except (OSError, AttributeError):
        return None


def _kilobytes(field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE)
    return int(found.group(1)) if found else 0
