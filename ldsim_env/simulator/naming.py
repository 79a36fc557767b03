"""Which simulator a user means: a student model of a bank by its name, a bundled bank, or a folder."""

from __future__ import annotations

from pathlib import Path

from ldsim_env.errors import CheckpointError, unknown_name
from ldsim_env.simulator.checkpoint import (
    ENSEMBLE,
    MODELS_FOLDER,
    SIMULATOR_FILE,
    STUDENT_MODEL,
    bundled_names,
    simulator_folder,
)
from ldsim_env.simulator.models import STUDENT_MODELS


def student_models_of(bank: str | Path) -> list[str]:
    """Names of the student models that a bank has: ``"ldsim"``, its own, and those in its folder ``models``."""
    others = (simulator_folder(bank) / MODELS_FOLDER).glob(f"*/{SIMULATOR_FILE}")
    return [STUDENT_MODEL, *sorted(path.parent.name for path in others)]


def student_model_folder(name_or_dir: str | Path, bank: str | Path) -> Path:
    """The folder of a student model.

    Args:
        name_or_dir: ``"ldsim"``, the simulator of the bank itself; the name of another student model of the bank
            (`student_models_of`); the name of a bundled bank; or a folder that ``ldsim fit`` wrote. A folder that is
            called like a student model is given as a `Path` or as ``"./bkt"``.
        bank: Name of a bundled bank, or a simulator's folder.

    Raises:
        CheckpointError: If there is none; the message has the nearest name.
    """
    if not isinstance(name_or_dir, str) or name_or_dir in bundled_names():
        return simulator_folder(name_or_dir)
    known = [STUDENT_MODEL, ENSEMBLE, *STUDENT_MODELS]
    if name_or_dir not in known and Path(name_or_dir).is_dir():
        return simulator_folder(name_or_dir)
    there = student_models_of(bank)
    if name_or_dir in there:
        return _of_bank(name_or_dir, bank)
    if name_or_dir in known:
        how = "--seeds 5" if name_or_dir == ENSEMBLE else f"--student-model {name_or_dir}"
        raise CheckpointError(
            f"student model: the bank {str(bank)!r} has no {name_or_dir!r}, only {', '.join(there)}. Fit it with "
            f"`ldsim fit LOGS {how} --out {_of_bank(name_or_dir, bank)}`."
        )
    raise CheckpointError(
        f"{unknown_name('student model', name_or_dir, [*there, *bundled_names()])} A folder that `ldsim fit` wrote "
        "will do too."
    )


def _of_bank(name: str, bank: str | Path) -> Path:
    folder = simulator_folder(bank)
    return folder if name == STUDENT_MODEL else folder / MODELS_FOLDER / name
