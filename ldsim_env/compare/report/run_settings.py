"""What a result folder says about its own run: the policies, the student models, the bank, the versions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ldsim_env.errors import CheckpointError, SettingsError

FOLDER_FORMAT_VERSION = 1
SETTINGS_FILE = "settings.json"
POLICY_KINDS = ("baseline", "heuristic", "learned", "simulator", "llm")
_KEYS = ("env_id", "env_options", "policies", "student_models", "observer", "seeds", "n_students", "n_steps",
         "versions", "machine", "created", "question_bank")  # fmt: skip
_REMEDY = "Compare again, into another folder or after removing this one."


@dataclass(frozen=True)
class PolicyEntry:
    """A policy of the run.

    Args:
        name: Its name in the tables of the folder.
        label: Its name for people.
        kind: One of `POLICY_KINDS`.
        uses_simulator: Whether it looks ahead on the simulator: its gain is an upper bound, not a rival's.
        trained_on: Name of the student model it was trained on; None where it was not trained.
        source: Where it came from, such as a file or ``module:attribute``.

    Raises:
        SettingsError: If the kind is none of the known ones.
    """

    name: str
    label: str
    kind: str
    uses_simulator: bool
    trained_on: str | None
    source: str

    def __post_init__(self) -> None:
        if self.kind not in POLICY_KINDS:
            raise SettingsError(f"kind of {self.name}: expected one of {', '.join(POLICY_KINDS)}, got {self.kind!r}.")


@dataclass(frozen=True, eq=False)
class RunSettings:
    """The settings of a comparison, as its result folder keeps them.

    Args:
        env_id: Gymnasium id of the environment.
        env_options: Arguments of ``gymnasium.make``.
        policies: In the order of the run.
        student_models: Names of the student models that were taught.
        exploitable: Those of them that pay for evidence, with the reason, so that gains on them may be flattery.
        observer: Name of the student model that the policies' observations come from; None: the one that is taught.
        seeds: Seeds of the targets and of the response noise.
        n_students: Students under each seed.
        n_steps: Step budget of an episode.
        versions: Version of each package.
        machine: What the run was made on.
        created: When, ISO 8601.
        bank: Name of the question bank.
        bank_fingerprint: Which edition of it.
        concept_names: ``(n_concepts,)`` names.
    """

    env_id: str
    env_options: Mapping[str, Any]
    policies: tuple[PolicyEntry, ...]
    student_models: tuple[str, ...]
    exploitable: Mapping[str, str]
    observer: str | None
    seeds: tuple[int, ...]
    n_students: int
    n_steps: int
    versions: Mapping[str, Any]
    machine: Mapping[str, Any]
    created: str
    bank: str
    bank_fingerprint: str
    concept_names: tuple[str, ...]

    def policy(self, name: str) -> PolicyEntry:
        """The entry of a policy."""
        return next(policy for policy in self.policies if policy.name == name)


def read_run_settings(folder: Path) -> RunSettings:
    """Read ``settings.json`` of a result folder.

    Raises:
        CheckpointError: If the file is absent, damaged, of another format version, or lacks something.
    """
    path = folder / SETTINGS_FILE
    content = read_settings_file(path, needs=_KEYS)
    try:
        return _run_settings(content)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: not the settings of a comparison ({error}). {_REMEDY}") from error


def read_settings_file(path: Path, needs: Sequence[str]) -> dict[str, Any]:
    """Read a ``settings.json`` of this format version as plain JSON.

    Args:
        path: The file.
        needs: The keys that it must have.

    Raises:
        CheckpointError: If the file is absent, no JSON object, of another format version, or lacks a key.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{path}: no such file. Expected a folder of results that `ldsim compare` wrote."
        ) from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: can't be read as JSON ({error}). {_REMEDY}") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: expected a JSON object, got a {type(content).__name__}. {_REMEDY}")
    _check_version(content.get("format_version"), path)
    missing = [key for key in needs if key not in content]
    if missing:
        raise CheckpointError(f"{path}: expected the keys {', '.join(needs)}, missing: {', '.join(missing)}. {_REMEDY}")
    return content


def _check_version(version: Any, path: Path) -> None:
    if version != FOLDER_FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: result format version {version}; this library reads version {FOLDER_FORMAT_VERSION}. "
            f"{_REMEDY} Or use the library version that wrote it."
        )


def _run_settings(content: Mapping[str, Any]) -> RunSettings:
    bank = content["question_bank"]
    return RunSettings(
        env_id=str(content["env_id"]),
        env_options=dict(content["env_options"]),
        policies=tuple(_policy(entry) for entry in content["policies"]),
        student_models=tuple(content["student_models"]),
        exploitable=_exploitable(content.get("exploitable_student_models", ())),
        observer=content["observer"],
        seeds=tuple(int(seed) for seed in content["seeds"]),
        n_students=int(content["n_students"]),
        n_steps=int(content["n_steps"]),
        versions=dict(content["versions"]),
        machine=dict(content["machine"]),
        created=str(content["created"]),
        bank=str(bank["name"]),
        bank_fingerprint=str(bank["fingerprint"]),
        concept_names=tuple(bank["concept_names"]),
    )


def _policy(entry: Mapping[str, Any]) -> PolicyEntry:
    return PolicyEntry(
        name=entry["name"],
        label=entry.get("label") or entry["name"],
        kind=entry["kind"],
        uses_simulator=bool(entry["uses_simulator"]),
        trained_on=entry.get("trained_on"),
        source=str(entry.get("source") or ""),
    )


def _exploitable(entry: Mapping[str, str] | list[str] | tuple[str, ...]) -> dict[str, str]:
    """The optional key is a list of names, or names with reasons."""
    if isinstance(entry, Mapping):
        return {name: str(reason or "") for name, reason in entry.items()}
    return dict.fromkeys(entry, "")
