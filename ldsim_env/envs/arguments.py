"""The environment's arguments, checked and turned into what it is made of."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ldsim_env.envs.settings import EnvSettings
from ldsim_env.envs.students import make_cohort
from ldsim_env.envs.targets import concept_indices
from ldsim_env.envs.teaching import Teaching
from ldsim_env.errors import SettingsError, unknown_name
from ldsim_env.simulator.checkpoint import load_simulator, simulator_folder
from ldsim_env.simulator.protocol import StudentModel


def refuse_unknown(unknown: Mapping[str, Any], constructor: Callable[..., Any]) -> None:
    """Refuse the arguments that ``constructor`` doesn't name.

    Raises:
        SettingsError: Names every one of them, with the nearest match.
    """
    if unknown:
        known = [name for name in inspect.signature(constructor).parameters if name not in ("self", "unknown")]
        raise SettingsError(" ".join(unknown_name("argument", name, known) for name in unknown))


def check_render_mode(render_mode: str | None, modes: Sequence[str]) -> str | None:
    """The render mode, if it is None or one of ``modes``.

    Raises:
        SettingsError: If it is neither.
    """
    if render_mode is not None and render_mode not in modes:
        raise SettingsError(f"render_mode: {unknown_name('render mode', str(render_mode), modes)}")
    return render_mode


def make_teaching(
    bank: str | Path,
    *,
    student_model: StudentModel | None,
    students: Any,
    cohort_split: str,
    targets: Sequence[int | str] | None,
    settings: EnvSettings,
) -> Teaching:
    """Load what the arguments name, and bring it together for one student; see `LDSimEnv` for the arguments.

    Raises:
        SettingsError: If an argument has a wrong value.
        LogError: If the students' log can't be read.
        CheckpointError: If the simulator or the cohort is absent, damaged or of another bank.
    """
    model = student_model if student_model is not None else load_simulator(bank)
    cohort = make_cohort(students, model.bank, simulator_folder(bank) if students is None else None)
    fixed_targets = None if targets is None else concept_indices(model.bank, targets)
    return Teaching(model, cohort.students_of(cohort_split), settings, fixed_targets)
