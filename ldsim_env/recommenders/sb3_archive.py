"""Which algorithm of Stable-Baselines3 wrote a saved file: the file doesn't say, but its settings tell."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from ldsim_env.errors import CheckpointError

ALGORITHMS = ("PPO", "A2C", "DQN", "SAC", "MaskablePPO", "RecurrentPPO")

# Only one algorithm has each of these settings; PPO must come before A2C, which has the second of PPO's two.
_TELLING_SETTINGS = (
    ("clip_range", "PPO"),
    ("gae_lambda", "A2C"),
    ("exploration_fraction", "DQN"),
    ("target_entropy", "SAC"),
)
_CONTRIB = {
    "sb3_contrib.common.maskable": "MaskablePPO",
    "sb3_contrib.common.recurrent": "RecurrentPPO",
    "ldsim_env.envs.sb3_memory": "MaskablePPO",  # its buffer with masks of one byte
}


def algorithm_of(path: Path) -> str:
    """Name the algorithm that saved a file, from the JSON in it alone: nothing is unpickled.

    Returns:
        One of `ALGORITHMS`.

    Raises:
        CheckpointError: If the file is absent, damaged, not from Stable-Baselines3, or of an algorithm not listed.
    """
    settings = _read_settings(path)
    algorithm = _contrib_algorithm(settings) or _plain_algorithm(settings)
    if algorithm is None:
        raise CheckpointError(
            f"{path}: saved by an algorithm that is not supported (policy class of the module "
            f"{_module(settings, 'policy_class')!r}). Supported: {', '.join(ALGORITHMS)}. "
            "Wrap the policy in a class with start and recommend and name it as module:attribute."
        )
    return algorithm


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            settings = json.loads(archive.read("data"))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: no such file. Expected a file written by model.save(...).") from error
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise CheckpointError(f"{path}: not a Stable-Baselines3 file ({error}). Save the model again.") from error
    if not isinstance(settings, dict) or "policy_class" not in settings:
        raise CheckpointError(f"{path}: not a Stable-Baselines3 file (it names no policy). Save the model again.")
    return settings


def _contrib_algorithm(settings: dict[str, Any]) -> str | None:
    # A user's own policy class hides the first module, not the buffer's; files of older versions name no buffer.
    modules = (_module(settings, "rollout_buffer_class"), _module(settings, "policy_class"))
    for prefix, algorithm in _CONTRIB.items():
        if any(module.startswith(prefix) for module in modules):
            return algorithm
    return None


def _plain_algorithm(settings: dict[str, Any]) -> str | None:
    # The other algorithms of sb3-contrib (QR-DQN, TQC, CrossQ, TRPO) share settings with those that we know.
    if _module(settings, "policy_class").startswith("sb3_contrib"):
        return None
    return next((algorithm for setting, algorithm in _TELLING_SETTINGS if setting in settings), None)


def _module(settings: dict[str, Any], name: str) -> str:
    entry = settings.get(name)
    return str(entry.get("__module__", "")) if isinstance(entry, dict) else ""
