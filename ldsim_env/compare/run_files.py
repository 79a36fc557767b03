"""The files that a comparison is made from: what they were, and what the probes found about the student models."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from pathlib import Path

from ldsim_env.compare.policies import Policy
from ldsim_env.compare.settings import CompareSettings
from ldsim_env.errors import LDSimError
from ldsim_env.recommenders import Env
from ldsim_env.simulator.checkpoint import MODELS_FOLDER
from ldsim_env.simulator.naming import student_model_folder
from ldsim_env.simulator.probe_verdict import read_verdict

WEIGHTS = (".safetensors", ".json")
NOT_OF_THE_MODEL = ("probes.json", "labels.json", "relations.json", "history.json")


def fingerprints(policies: Sequence[Policy], settings: CompareSettings, env: Env) -> dict[str, str]:
    """SHA-256 of the files that policies and student models were read from, so that nothing stale is gone on with."""
    files = {policy.name: _policy_files(policy) for policy in policies}
    for name, folder in model_folders(settings, env).items():
        files[f"student model {name}"] = _model_files(folder)
    return {name: _digest(paths) for name, paths in files.items() if paths}


def exploitable(settings: CompareSettings, env: Env) -> dict[str, str]:
    """The student models that pay for evidence, by the verdict kept beside their weights, with the reasons."""
    verdicts = {name: read_verdict(folder) for name, folder in model_folders(settings, env).items()}
    return {name: "; ".join(found.reasons) for name, found in verdicts.items() if found and found.exploitable}


def model_folders(settings: CompareSettings, env: Env) -> dict[str, Path]:
    """Where those student models are that were given by a name or a folder."""
    bank = env.spec.kwargs.get("bank") if env.spec else None
    folders = {}
    for name, model in settings.models.items():
        if not isinstance(model, str | Path) or bank is None:
            continue
        try:
            folders[name] = student_model_folder(model, bank)
        except LDSimError:  # the environment says it better when it is made
            continue
    return folders


def _policy_files(policy: Policy) -> list[Path]:
    """The file of a trained policy, the module of one of the user's; the package's own go by its version."""
    source = policy.entry.source
    if source.endswith(".zip"):
        return [Path(source)]
    module = inspect.getsourcefile(type(policy.loaded())) if ":" in source else None
    return [Path(module)] if module else []


def _model_files(folder: Path) -> list[Path]:
    """Its own and those of an ensemble's members, but not those of the bank's other student models."""
    found = [path for path in folder.rglob("*") if path.suffix in WEIGHTS and path.name not in NOT_OF_THE_MODEL]
    return sorted(path for path in found if MODELS_FOLDER not in path.relative_to(folder).parts)


def _digest(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
