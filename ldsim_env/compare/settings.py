"""What a comparison compares on: the environment, the student models, the students, the seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ldsim_env.errors import SettingsError
from ldsim_env.simulator.checkpoint import STUDENT_MODEL
from ldsim_env.simulator.protocol import StudentModel

OWN_MODEL = STUDENT_MODEL
"""The name of the student model that an environment has by itself."""


@dataclass(frozen=True)
class CompareSettings:
    """Settings of a paired comparison.

    Args:
        env_id: Gymnasium id of the environment.
        env_options: Arguments for ``gymnasium.make``; by default the students held back from training.
        student_models: Which student models are taught: names (``"ldsim"`` is the environment's own, the others as its
            argument ``student_model`` takes them), or a mapping from a name to what that argument takes: a name, a
            folder, an object.
        observer: Name of the student model that says what a tutor knows: of ``student_models``, or as the environment's
            argument ``observer`` takes it. None: each student model observes itself, as the environment has it by
            default. A policy trained on a student model sees through that one either way, since its observations would
            mean something else to it otherwise.
        n_students: Students each policy teaches under each seed: students 0 to n - 1 of the cohort; at least 2.
        seeds: Seeds of the targets and of the response noise, each at least 0. Every seed meets the same students.
        n_steps: Questions of an episode, at least 1; None leaves it to the environment.
        n_recorded: Students whose steps are kept one by one: the first of each policy, student model and seed.
        reference: Name of the policy that the others are measured against; added where it was not named.

    Raises:
        SettingsError: If a value is outside its range.
    """

    env_id: str = "LDSim-ASSIST09-v0"
    env_options: Mapping[str, Any] = field(default_factory=lambda: {"cohort_split": "eval"})
    student_models: Mapping[str, str | Path | StudentModel] | Sequence[str] = (OWN_MODEL,)
    observer: str | None = None
    n_students: int = 200
    seeds: tuple[int, ...] = (0,)
    n_steps: int | None = None
    n_recorded: int = 12
    reference: str = "random"

    def __post_init__(self) -> None:
        object.__setattr__(self, "seeds", tuple(self.seeds))
        object.__setattr__(self, "student_models", _by_name(self.student_models))
        _check("student_models", bool(self.student_models), "at least one", self.student_models)
        _check("n_students", self.n_students >= 2, "at least 2 (an interval needs two)", self.n_students)
        _check("seeds", bool(self.seeds), "at least one seed", self.seeds)
        _check("seeds", all(seed >= 0 for seed in self.seeds), "whole numbers of at least 0", self.seeds)
        _check("seeds", len(set(self.seeds)) == len(self.seeds), "each seed once", self.seeds)
        _check("n_steps", self.n_steps is None or self.n_steps >= 1, "None or at least 1", self.n_steps)
        _check("n_recorded", self.n_recorded >= 0, "at least 0", self.n_recorded)

    @property
    def models(self) -> Mapping[str, str | Path | StudentModel]:
        """What each student model is, by its name."""
        assert isinstance(self.student_models, Mapping)
        return self.student_models

    @property
    def model_names(self) -> tuple[str, ...]:
        """Names of the student models."""
        return tuple(self.models)


def _by_name(models: Any) -> Mapping[str, Any]:
    """Each student model by its name, in the order given."""
    if isinstance(models, Mapping):
        return dict(models)
    if isinstance(models, str):
        raise SettingsError(f"student_models: expected a list of names or a mapping, got {models!r}. Use [{models!r}].")
    names = [str(model) for model in models]
    _check("student_models", len(set(names)) == len(names), "each student model once", names)
    return dict(zip(names, models, strict=True))


def _check(name: str, is_fine: bool, expected: str, got: Any) -> None:
    if not is_fine:
        raise SettingsError(f"{name}: expected {expected}, got {got}.")
