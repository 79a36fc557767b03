"""Where training stands, kept between epochs so that a killed run goes on after the last whole epoch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ldsim_env.errors import CheckpointError
from ldsim_env.files import write_atomic

Weights: TypeAlias = dict[str, Tensor]
FILE_NAME = "training-state.safetensors"
OPTIMIZER = "optimizer"


class TrainingState:
    """One file: weights and optimizer moments as tensors, identity and history as its metadata.

    Args:
        folder: Where the file is.
        identity: JSON values that a saved state must share to be taken up (settings, fingerprints).
    """

    def __init__(self, folder: Path, identity: dict[str, object]) -> None:
        self.path = folder / FILE_NAME
        self._identity = json.dumps(identity, sort_keys=True)

    def save(
        self, parts: Mapping[str, nn.Module], optimizer: torch.optim.Optimizer, history: list[dict[str, Any]]
    ) -> None:
        """Write the state; the one before is replaced in one move."""
        of_parts = {name: part.state_dict() for name, part in parts.items()} | {OPTIMIZER: _moments(optimizer)}
        tensors = {f"{part}/{name}": value.contiguous() for part, of in of_parts.items() for name, value in of.items()}
        metadata = {"identity": self._identity, "history": json.dumps(history)}
        write_atomic(self.path, save(tensors, metadata))

    def load(self, parts: Mapping[str, nn.Module], optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
        """Put a saved state into the parts and the optimizer; give the history, empty where nothing is saved.

        Raises:
            CheckpointError: If the file is damaged, belongs to another training or is of another library version.
        """
        if not self.path.exists():
            return []
        metadata, tensors = self._read()
        if metadata.get("identity") != self._identity:
            raise CheckpointError(
                f"{self.path}: belongs to a training with other settings or another log. "
                "Give another folder, or delete the file to train from the start."
            )
        try:
            for name, part in parts.items():
                part.load_state_dict(tensors[name])
            _set_moments(optimizer, tensors[OPTIMIZER])
            history: list[dict[str, Any]] = json.loads(metadata["history"])
        except (KeyError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise CheckpointError(
                f"{self.path}: another version of the library wrote it ({reason}). Delete it to train from the start."
            ) from error
        return history

    def _read(self) -> tuple[dict[str, str], dict[str, Weights]]:
        tensors: dict[str, Weights] = {}
        try:
            with safe_open(self.path, "pt") as file:
                for key in file.keys():  # noqa: SIM118 - a safetensors file is no mapping
                    part, _, name = key.partition("/")
                    tensors.setdefault(part, {})[name] = file.get_tensor(key)
                return file.metadata() or {}, tensors
        except SafetensorError as error:
            raise CheckpointError(f"{self.path}: damaged ({error}). Delete it to train from the start.") from error

    def remove(self) -> None:
        """Delete the file once the simulator itself is saved."""
        self.path.unlink(missing_ok=True)


def _moments(optimizer: torch.optim.Optimizer) -> Weights:
    state = optimizer.state_dict()["state"]
    return {f"{number}/{name}": value for number, of in state.items() for name, value in of.items()}


def _set_moments(optimizer: torch.optim.Optimizer, moments: Weights) -> None:
    state: dict[int, Weights] = {}
    for key, value in moments.items():
        number, name = key.split("/")
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
