"""Saving and loading simulators: a folder with weights (safetensors), settings (JSON) and the question bank (JSON)."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from ldsim_env._version import __version__
from ldsim_env.errors import CheckpointError, SettingsError, unknown_name
from ldsim_env.files import write_atomic
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.simulator.network import LDSimNetwork
from ldsim_env.simulator.settings import NetworkSettings, settings_from

FORMAT_VERSION = 1
SIMULATOR_FILE, WEIGHTS_FILE, BANK_FILE = "simulator.json", "weights.safetensors", "bank.json"
STUDENT_MODEL = "ldsim"
BUNDLED = Path(__file__).parents[1] / "banks"


def bundled_names() -> list[str]:
    """Names of the simulators that come with the package, for example ``"ASSIST09"``."""
    return sorted(path.parent.name for path in BUNDLED.glob(f"*/{SIMULATOR_FILE}"))


def simulator_folder(name_or_dir: str | Path) -> Path:
    """The folder of a bundled simulator (by name) or of a saved one (by path).

    A string that is a bundled name is that one; a folder of the same name is given as a `Path` or as ``"./ASSIST09"``.

    Raises:
        CheckpointError: If there is neither; the message has the nearest bundled name.
    """
    if isinstance(name_or_dir, str) and name_or_dir in bundled_names():
        return BUNDLED / name_or_dir
    folder = Path(name_or_dir)
    if (folder / SIMULATOR_FILE).is_file():
        return folder
    if folder.is_dir():
        raise CheckpointError(f"{folder}: this folder holds no {SIMULATOR_FILE}. Give one that `ldsim fit` wrote.")
    if isinstance(name_or_dir, Path):
        raise CheckpointError(f"{folder}: no such folder. Give one that `ldsim fit` wrote.")
    raise CheckpointError(
        f"simulator: {unknown_name('simulator', str(name_or_dir), bundled_names())} A folder that `ldsim fit` wrote "
        "will do too."
    )


def save_simulator(network: LDSimNetwork, folder: Path, provenance: dict[str, Any] | None = None) -> None:
    """Write a simulator; each file is written whole or not at all, ``simulator.json`` last.

    Args:
        network: What to save.
        folder: Where; made when absent. Files of an earlier simulator there are replaced.
        provenance: JSON values that say where the weights come from (training settings, history, scores).
    """
    bank = network.bank.with_difficulty(network.difficulty().detach().numpy())
    content = {
        "format_version": FORMAT_VERSION,
        "library_version": __version__,
        "student_model": STUDENT_MODEL,
        "settings": asdict(network.settings),
        "bank_fingerprint": bank.fingerprint,
        "provenance": provenance or {},
    }
    bank.save(folder / BANK_FILE)
    write_atomic(folder / WEIGHTS_FILE, save({k: v.contiguous() for k, v in network.state_dict().items()}))
    write_atomic(folder / SIMULATOR_FILE, json.dumps(content, indent=2).encode())


def load_simulator(name_or_dir: str | Path) -> LDSimNetwork:
    """Load a bundled simulator by name or a saved one by its folder, ready to be stepped.

    Raises:
        CheckpointError: If there is none, a file is missing or damaged, the format version is unknown, the bank is
            another one, or the weights don't fit the settings (missing and unexpected ones are listed).
    """
    folder = simulator_folder(name_or_dir)
    description = _read_description(folder / SIMULATOR_FILE)
    bank = QuestionBank.load(_present(folder / BANK_FILE))
    if bank.fingerprint != description["bank_fingerprint"]:
        raise CheckpointError(
            f"{folder / BANK_FILE}: its fingerprint is {bank.fingerprint[:12]}..., the weights were fitted on "
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
    if content["student_model"] != STUDENT_MODEL:
        what = unknown_name("student model", str(content["student_model"]), [STUDENT_MODEL])
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
        return load_file(path)
    except SafetensorError as error:
        raise CheckpointError(f"{path}: damaged ({error}). Copy or fit the simulator again.") from error


def _empty_network(bank: QuestionBank, folder: Path, description: dict[str, Any]) -> LDSimNetwork:
    try:
        settings = settings_from(NetworkSettings, description["settings"])
    except (SettingsError, TypeError) as error:
        raise CheckpointError(f"{folder / SIMULATOR_FILE}: settings: {error}") from error
    blank = torch.zeros(bank.n_questions)
    return LDSimNetwork(bank, blank, blank, settings)


def _fill(network: LDSimNetwork, weights: dict[str, torch.Tensor], path: Path) -> None:
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
