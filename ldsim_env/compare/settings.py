"""What a comparison compares on: the environment, the students, the seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ldsim_env.errors import SettingsError


@dataclass(frozen=True)
class CompareSettings:
    """Settings of a paired comparison; the step budget is the environment's own.

    Args:
        env_id: Gymnasium id of the environment.
        env_kwargs: Arguments for ``gymnasium.make``; by default the students held back from training.
        n_students: Students each policy teaches under each seed: students 0 to n - 1 of the cohort; at least 2.
        seeds: Seeds of the targets and of the response noise, each at least 0. Every seed meets the same students.
        reference: Name of the policy that the others are measured against.
        confidence: Confidence of the intervals, in (0, 1).
        n_resamples: Bootstrap resamples, at least 100.

    Raises:
        SettingsError: If a value is outside its range.
    """

    env_id: str = "LDSim-ASSIST09-v0"
    env_kwargs: Mapping[str, Any] = field(default_factory=lambda: {"cohort_split": "eval"})
    n_students: int = 200
    seeds: tuple[int, ...] = (0,)
    reference: str = "random"
    confidence: float = 0.95
    n_resamples: int = 5_000

    def __post_init__(self) -> None:
        object.__setattr__(self, "seeds", tuple(self.seeds))
        _check("n_students", self.n_students >= 2, "at least 2 (an interval needs two)", self.n_students)
        _check("seeds", bool(self.seeds), "at least one seed", self.seeds)
        _check("seeds", all(seed >= 0 for seed in self.seeds), "whole numbers of at least 0", self.seeds)
        _check("seeds", len(set(self.seeds)) == len(self.seeds), "each seed once", self.seeds)
        _check("confidence", 0 < self.confidence < 1, "a number in (0, 1)", self.confidence)
        _check("n_resamples", self.n_resamples >= 100, "at least 100", self.n_resamples)


def _check(name: str, is_fine: bool, expected: str, got: Any) -> None:
    if not is_fine:
        raise SettingsError(f"{name}: expected {expected}, got {got}.")
