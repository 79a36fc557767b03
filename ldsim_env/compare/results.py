"""The outcome of a comparison: one number a policy, seed and student, kept and read as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env._version import __version__
from ldsim_env.compare.episodes import Episode
from ldsim_env.compare.settings import CompareSettings
from ldsim_env.errors import CheckpointError, SettingsError
from ldsim_env.files import write_atomic

RESULT_FORMAT_VERSION = 1
# Names of numbers that both an Episode and, as arrays, a Comparison have.
OUTCOMES = ("exam_start", "exam_end", "learning_gain", "success_rate", "repeat_rate", "n_steps", "terminated")


def outcomes_of(episode: Episode) -> list[float]:
    """What is kept of an episode, in the order of `OUTCOMES`."""
    return [float(getattr(episode, name)) for name in OUTCOMES]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Policies x seeds x students.

    Args:
        settings: What was compared on.
        policies: Names of the policies.
        uses_simulator: Whether each policy looks ahead on the simulator.
        exam_start: ``(n_policies, n_seeds, n_students)`` in [0, 1]; the others likewise. Equal for all policies.
        exam_end: In [0, 1].
        learning_gain: E_p, at most 1.
        success_rate: Share of right answers, in [0, 1].
        repeat_rate: Share of questions asked before in the episode, in [0, 1].
        n_steps: Questions asked.
        terminated: 1 where the episode ended before its step budget, else 0.

    Raises:
        SettingsError: If the shapes don't agree.
    """

    settings: CompareSettings
    policies: tuple[str, ...]
    uses_simulator: tuple[bool, ...]
    exam_start: NDArray[np.float64]
    exam_end: NDArray[np.float64]
    learning_gain: NDArray[np.float64]
    success_rate: NDArray[np.float64]
    repeat_rate: NDArray[np.float64]
    n_steps: NDArray[np.float64]
    terminated: NDArray[np.float64]

    def __post_init__(self) -> None:
        expected = (len(self.policies), len(self.settings.seeds), self.settings.n_students)
        for name in OUTCOMES:
            values = getattr(self, name)
            if values.shape != expected:
                raise SettingsError(f"{name}: expected the shape {expected}, got {values.shape}.")
            values.setflags(write=False)

    def gains_of(self, policy: str) -> NDArray[np.float64]:
        """``(n_seeds, n_students)``: the learning gains of one policy.

        Raises:
            SettingsError: If the policy was not compared.
        """
        if policy not in self.policies:
            raise SettingsError(f"policy: expected one of {', '.join(self.policies)}, got {policy!r}.")
        return np.asarray(self.learning_gain[self.policies.index(policy)])


def save_comparison(comparison: Comparison, path: Path, summary: Sequence[dict[str, Any]] = ()) -> None:
    """Write a comparison as JSON.

    Args:
        comparison: The outcome.
        path: Where to.
        summary: A row of statistics for each policy, for those who read the file by eye; not read back.
    """
    content = {
        "format_version": RESULT_FORMAT_VERSION,
        "library_version": __version__,
        "settings": {field.name: getattr(comparison.settings, field.name) for field in fields(comparison.settings)},
        "policies": comparison.policies,
        "uses_simulator": comparison.uses_simulator,
        "summary": list(summary),
        "axes": ["policy", "seed", "student"],
        "outcomes": {name: np.round(getattr(comparison, name), 6).tolist() for name in OUTCOMES},
    }
    # Arguments of the environment may be objects, such as a student model; their description is all that can be kept.
    write_atomic(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False, default=repr).encode())


def load_comparison(path: Path) -> Comparison:
    """Read what `save_comparison` wrote.

    Raises:
        CheckpointError: If the file is absent, damaged or of another format version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["format_version"]
        if version != RESULT_FORMAT_VERSION:
            raise CheckpointError(
                f"{path}: result format version {version}; this library reads version {RESULT_FORMAT_VERSION}. "
                "Compare again, or use the library version that wrote it."
            )
        return Comparison(
            CompareSettings(**content["settings"]),
            tuple(content["policies"]),
            tuple(content["uses_simulator"]),
            **{name: np.array(content["outcomes"][name], np.float64) for name in OUTCOMES},
        )
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: no such file. Expected a result that `ldsim compare` saved.") from error
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path}: not a saved comparison ({error!r}). Compare again.") from error
