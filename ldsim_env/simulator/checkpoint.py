"""Saving and loading simulators: a folder with weights (safetensors), settings (JSON) and the question bank (JSON)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from ldsim_env._version import __version__
from ldsim_env.errors import CheckpointError, SettingsError, unknown_name
from ldsim_env.files import write_atomic
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.simulator.models import STUDENT_MODELS, Ensemble, EnsembleSettings, StudentNetwork
from ldsim_env.simulator.network import LDSimNetwork
from ldsim_env.simulator.settings import NetworkSettings, settings_from

FORMAT_VERSION = 1
SIMULATOR_FILE, WEIGHTS_FILE, BANK_FILE = "simulator.json", "weights.safetensors", "bank.json"
STUDENT_MODEL = "ldsim"
ENSEMBLE = Ensemble.kind
MODELS_FOLDER = "models"  # in a simulator's folder: other student models of its bank
SHARED_BANK_LEVELS = 3  # how far above a simulator's folder the bank may be that it shares with others
BUNDLED = Path(__file__).parents[1] / "banks"


def bundled_names() -> list[str]:
    """Names of the simulators that come with the package, for example ``"ASSIST09"``."""
    return sorted(path.parent.name for path in BUNDLED.glob(f"*/{SIMULATOR_FILE}"))


def simulator_folder(name_or_dir: str | Path) -> Path:
    """The folder of a bundled simulator (by name) or of a saved one (by path).

    A string that is a bundled name is that one; a folder of the same name is given as a `Path` or as ``"./ASSIST09"``.
    ``"ASSIST09/bkt"`` is another student model that comes with a bundled bank.

    Raises:
        CheckpointError: If there is neither; the message has the nearest bundled name.
    """
    bundled = _bundled()
    if isinstance(name_or_dir, str) and name_or_dir in bundled:
        return bundled[name_or_dir]
    folder = Path(name_or_dir)
    if (folder / SIMULATOR_FILE).is_file():
        return folder
    if folder.is_dir():
        raise CheckpointError(f"{folder}: this folder holds no {SIMULATOR_FILE}. Give one that `ldsim fit` wrote.")
    if isinstance(name_or_dir, Path):
        raise CheckpointError(f"{folder}: no such folder. Give one that `ldsim fit` wrote.")
    known = bundled if "/" in name_or_dir else bundled_names()
    raise CheckpointError(
        f"simulator: {unknown_name('simulator', name_or_dir, known)} A folder that `ldsim fit` wrote will do too."
    )


def _bundled() -> dict[str, Path]:
    """Every simulator that comes with the package, by name."""
    folders = {name: BUNDLED / name for name in bundled_names()}
    others = BUNDLED.glob(f"*/{MODELS_FOLDER}/*/{SIMULATOR_FILE}")
    return folders | {f"{path.parents[2].name}/{path.parent.name}": path.parent for path in others}


def save_simulator(
    network: LDSimNetwork | StudentNetwork,
    folder: Path,
    provenance: dict[str, Any] | None = None,
    half_precision: bool = False,
) -> None:
    """Write a simulator; each file is written whole or not at all, ``simulator.json`` last.

    The bank isn't written where a folder up to three levels above holds the same one: in ``ASSIST09/models/bkt`` the
    simulator shares the bank of ``ASSIST09``.

    Args:
        network: What to save.
        folder: Where; made when absent. Files of an earlier simulator there are replaced.
        provenance: JSON values that say where the weights come from (training settings, history, scores).
        half_precision: Keep 16 bits of each weight; student models other than LDSim's are always kept so.
    """
    others = isinstance(network, StudentNetwork)
    kind = network.kind if isinstance(network, StudentNetwork) else STUDENT_MODEL
    bank = network.bank.with_difficulty(network.difficulty().detach().numpy())
    if not _shares_bank(folder, bank.fingerprint):
        bank.save(folder / BANK_FILE)
    weights = {name: _kept(value, others or half_precision) for name, value in network.state_dict().items()}
    write_atomic(folder / WEIGHTS_FILE, save(weights))
    _describe(folder, kind, network.settings, bank.fingerprint, provenance)


def save_ensemble(members: Sequence[Path], folder: Path, member: str = "mean") -> None:
    """Write an ensemble: the names of its members' folders; their weights stay where they are.

    Args:
        members: Folders of saved simulators of one bank; those inside ``folder`` can be moved along with it.
        folder: Where; made when absent.
        member: Who answers, see `EnsembleSettings`.
    """
    ensemble = Ensemble([load_simulator(one) for one in members])
    names = tuple(os.path.relpath(one, folder) for one in members)
    _describe(folder, ENSEMBLE, EnsembleSettings(member, names), ensemble.bank.fingerprint, None)


def _describe(folder: Path, kind: str, settings: Any, fingerprint: str, provenance: dict[str, Any] | None) -> None:
    content = {
        "format_version": FORMAT_VERSION,
        "library_version": __version__,
        "student_model": kind,
        "settings": asdict(settings),
        "bank_fingerprint": fingerprint,
        "provenance": provenance or {},
    }
    write_atomic(folder / SIMULATOR_FILE, json.dumps(content, indent=2).encode())


def bank_folder(folder: Path) -> Path:
    """The folder that holds the bank of the simulator in ``folder``: itself, or one above it, see `save_simulator`."""
    return next((one for one in (folder, *_above(folder)) if (one / BANK_FILE).is_file()), folder)


def _above(folder: Path) -> list[Path]:
    return list(folder.absolute().parents[:SHARED_BANK_LEVELS])


def _shares_bank(folder: Path, fingerprint: str) -> bool:
    owner = next((one for one in _above(folder) if (one / BANK_FILE).is_file()), None)
    return owner is not None and QuestionBank.load(owner / BANK_FILE).fingerprint == fingerprint


def _kept(value: torch.Tensor, half_precision: bool) -> torch.Tensor:
    return (value.half() if half_precision and value.is_floating_point() else value).contiguous()


def load_simulator(name_or_dir: str | Path) -> LDSimNetwork | StudentNetwork | Ensemble:
    """Load a bundled simulator by name or a saved one by its folder, ready to be stepped, whatever its student model.

    Raises:
        CheckpointError: If there is none, a file is missing or damaged, the format version is unknown, the bank is
            another one, or the weights don't fit the settings (missing and unexpected ones are listed).
    """
    folder = simulator_folder(name_or_dir)
    description = _read_description(folder / SIMULATOR_FILE)
    if description["student_model"] == ENSEMBLE:
        settings = _read_settings(EnsembleSettings, folder, description)
        return Ensemble([load_simulator(folder / one) for one in settings.members], settings)
    bank_file = bank_folder(folder) / BANK_FILE
    bank = QuestionBank.load(_present(bank_file))
    if bank.fingerprint != description["bank_fingerprint"]:
        raise CheckpointError(
            f"{bank_file}: its fingerprint is {bank.fingerprint[:12]}..., the weights were fitted on "
            f"{description['bank_fingerprint'][:12]}.... Put the simulator's own bank beside its weights."
        )
    weights = _read_weights(_present(folder / WEIGHTS_FILE))
    network = _empty_network(bank, folder, description)
    _fill(network, weights, folder / WEIGHTS_FILE)
    return network


def read_provenance(name_or_dir: str | Path) -> dict[str, Any]:
    """What `save_simulator` was told about where the weights come from."""
    provenance: dict[str, Any] = _read_description(simulator_folder(name_or_dir) / SIMULATOR_FILE)["provenance"]
    return provenance


def _read_description(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = content["format_version"]
        missing = {"settings", "bank_fingerprint", "provenance", "student_model"} - content.keys()
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: not a simulator ({error!r}). Copy or fit it again.") from error
    if version != FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: format version {version}; this library reads version {FORMAT_VERSION}. "
            f"Use the library version that wrote it ({content.get('library_version')}), or fit the simulator again."
        )
    if missing:
        raise CheckpointError(f"{path}: these keys are missing: {', '.join(sorted(missing))}. Copy or fit it again.")
    known = [STUDENT_MODEL, ENSEMBLE, *STUDENT_MODELS]
    if content["student_model"] not in known:
        what = unknown_name("student model", str(content["student_model"]), known)
        raise CheckpointError(
            f"{path}: {what} Use the library version that wrote it ({content.get('library_version')})."
        )
    return content


def _present(path: Path) -> Path:
    if not path.is_file():
        raise CheckpointError(f"{path}: this file of the simulator is missing. Copy or fit the simulator again.")
    return path


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    try:
        return {name: _float32(value) for name, value in load_file(path).items()}
    except SafetensorError as error:
        raise CheckpointError(f"{path}: damaged ({error}). Copy or fit the simulator again.") from error


def _float32(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.is_floating_point() else value


def _empty_network(bank: QuestionBank, folder: Path, description: dict[str, Any]) -> LDSimNetwork | StudentNetwork:
    other = STUDENT_MODELS.get(description["student_model"])
    settings = _read_settings(other.settings_type if other else NetworkSettings, folder, description)
    if other:
        return other(bank, settings)
    blank = torch.zeros(bank.n_questions)
    return LDSimNetwork(bank, blank, blank, settings)


def _read_settings(kind: type[Any], folder: Path, description: dict[str, Any]) -> Any:
    try:
        return settings_from(cast("type[NetworkSettings]", kind), description["settings"])
    except (SettingsError, TypeError) as error:
        raise CheckpointError(f"{folder / SIMULATOR_FILE}: settings: {error}") from error


def _fill(network: LDSimNetwork | StudentNetwork, weights: dict[str, torch.Tensor], path: Path) -> None:
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    came = {name: tuple(value.shape) for name, value in weights.items()}
    if expected != came:
        both = sorted(expected.keys() & came)
        wrong = [
            f"{name}: expected {expected[name]}, got {came[name]}" for name in both if expected[name] != came[name]
        ]
        raise CheckpointError(
            f"{path}: the weights don't fit the settings. Missing: {sorted(expected.keys() - came) or 'none'}; "
            f"unexpected: {sorted(came.keys() - expected) or 'none'}; wrong shapes: {wrong or 'none'}."
        )
    network.load_state_dict(weights)
    network.requires_grad_(False)
    network.freeze()
