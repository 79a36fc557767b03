"""The folder of a comparison: its settings, checked when a run goes on, and its tables."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ldsim_env.compare.cells import EPISODES_ENDING, STEPS_ENDING, Cell, bank_of
from ldsim_env.compare.episodes import step_limit
from ldsim_env.compare.policies import Policy
from ldsim_env.compare.report.result_folder import CURVES_FILE, EPISODES_FILE, STEPS_FILE
from ldsim_env.compare.report.run_settings import FOLDER_FORMAT_VERSION, SETTINGS_FILE, read_settings_file
from ldsim_env.compare.result_tables import read_tables, write_table
from ldsim_env.compare.run_files import exploitable, fingerprints
from ldsim_env.compare.settings import CompareSettings
from ldsim_env.errors import SettingsError
from ldsim_env.files import write_json
from ldsim_env.recommenders import Env

CELLS = "cells"
PACKAGES = ("ldsim-env", "gymnasium", "numpy", "torch", "scipy", "polars", "stable-baselines3", "sb3-contrib")
MUST_AGREE = ("env_id", "env_options", "student_models", "observer", "seeds", "n_students", "n_steps", "n_recorded",
              "question_bank")  # fmt: skip
CARRIED_ON = ("policies", "fingerprints", "created")


def describe_run(policies: Sequence[Policy], settings: CompareSettings, env: Env) -> dict[str, Any]:
    """The content of ``settings.json``."""
    bank = bank_of(env)
    return {
        "format_version": FOLDER_FORMAT_VERSION,
        "env_id": settings.env_id,
        "env_options": _plain(dict(settings.env_options)),
        "policies": [
            asdict(policy.entry) | {"observer": policy.observer, "modes": dict(policy.modes)} for policy in policies
        ],
        "student_models": list(settings.model_names),
        "observer": settings.observer,
        "seeds": list(settings.seeds),
        "n_students": settings.n_students,
        "n_steps": _n_steps(settings, env),
        "n_recorded": settings.n_recorded,
        "fingerprints": fingerprints(policies, settings, env),
        "exploitable_student_models": exploitable(settings, env),
        "versions": _versions(),
        "machine": _machine(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "question_bank": {
            "name": bank.name,
            "fingerprint": bank.fingerprint,
            "concept_names": list(bank.concept_names),
        },
    }


def begin_run(folder: Path, run: dict[str, Any]) -> dict[str, Any]:
    """Write the settings of a run; where the folder has results, go on with them.

    Args:
        folder: Of the results.
        run: Content of ``settings.json``.

    Returns:
        The content that the folder now has: policies that it had before stay in front.

    Raises:
        CheckpointError: If the folder's settings can't be read.
        SettingsError: If the folder has results of another comparison.
    """
    path = folder / SETTINGS_FILE
    if path.is_file():
        run = _joined(read_settings_file(path, needs=(*MUST_AGREE, *CARRIED_ON)), run, folder)
    write_json(path, run)
    return run


def gather(folder: Path, cells: Iterable[Cell]) -> None:
    """Make the folder's tables of the cells that are done."""
    done = [cell for cell in cells if cell.is_done(folder / CELLS)]
    for ending, name in ((EPISODES_ENDING, EPISODES_FILE), (STEPS_ENDING, STEPS_FILE)):
        write_table(read_tables(cell.path(folder / CELLS, ending) for cell in done), folder / name)


def gather_curves(folder: Path, policies: Iterable[Policy]) -> None:
    """Take the learning curves that trainings left beside their policies into the folder."""
    beside = {Path(policy.entry.source).parent / CURVES_FILE for policy in policies if policy.entry.source}
    there = sorted(path for path in beside if path.is_file())
    if there:
        write_table(read_tables(there), folder / CURVES_FILE)


def _joined(old: dict[str, Any], new: dict[str, Any], folder: Path) -> dict[str, Any]:
    differing = [key for key in MUST_AGREE if old[key] != new[key]]
    differing += _changed_files(old["fingerprints"], new["fingerprints"])
    if differing:
        raise SettingsError(
            f"{folder}: has results of another comparison; {', '.join(differing)} differ. "
            "Write to another folder, or remove this one."
        )
    named = {entry["name"]: entry for entry in new["policies"]}
    kept = [entry for entry in old["policies"] if entry["name"] not in named]
    fingerprints = {**old["fingerprints"], **new["fingerprints"]}
    return new | {"policies": [*kept, *named.values()], "fingerprints": fingerprints, "created": old["created"]}


def _changed_files(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return [f"the file of {name}" for name in new if name in old and old[name] != new[name]]


def _n_steps(settings: CompareSettings, env: Env) -> int:
    limit = settings.n_steps or step_limit(env)
    if limit is None:
        raise SettingsError(f"n_steps: {settings.env_id} has no step limit; say how many questions an episode has.")
    return limit


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    """As JSON has them; of an object its description is all that can be kept."""
    plain: dict[str, Any] = json.loads(json.dumps(options, default=lambda value: f"<{type(value).__name__}>"))
    return plain


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _machine() -> dict[str, Any]:
    return {"system": f"{platform.system()} {platform.machine()}", "cores": os.cpu_count()}
