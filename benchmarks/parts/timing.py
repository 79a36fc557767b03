"""Timing of repeated steps, with their spread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

REPEATS = 7
SECONDS = 0.7  # of each repeat


def rate(step: Callable[[], Any], steps_a_call: int = 1, warm_up: int = 35) -> dict[str, float]:
    """Steps a second: the median of several runs, the least and the most.

    Args:
        step: What is timed.
        steps_a_call: How many steps one call is.
        warm_up: Calls before the first run; more than an episode, so that resets are timed too.
    """
    for _ in range(warm_up):
        step()
    calls = max(1, int(SECONDS / max(seconds_of(step, 3), 1e-7)))
    return spread([steps_a_call / seconds_of(step, calls) for _ in range(REPEATS)])


def seconds_of(call: Callable[[], Any], times: int) -> float:
    """Seconds that one call takes, over so many of them."""
    started = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - started) / times


def spread(values: list[float]) -> dict[str, float]:
    """Median, least and most."""
    return {"median": float(np.median(values)), "min": min(values), "max": max(values)}


class TimedCall:
    """A function that counts the seconds spent in it."""

    def __init__(self, call: Callable[..., Any]):
        self.seconds = 0.0
        self._call = call

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it."""
        started = time.perf_counter()
        result = self._call(*arguments, **named)
        self.seconds += time.perf_counter() - started
        return result
