"""The training state's file: taken up exactly, and refused with a message where it can't be."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ldsim_env.errors import CheckpointError
from ldsim_env.simulator.training_state import FILE_NAME, TrainingState

HISTORY = [{"epoch": 1, "loss": 0.5, "kt_auc": float("nan")}]


def layer_and_optimizer(size: int = 3) -> tuple[nn.Linear, torch.optim.AdamW]:
    layer = nn.Linear(2, size)
    return layer, torch.optim.AdamW(layer.parameters(), lr=0.1)


def descend(layer: nn.Linear, optimizer: torch.optim.AdamW) -> None:
    optimizer.zero_grad()
    layer(torch.ones(2)).square().sum().backward()
    optimizer.step()


def saved(folder: Path, identity: dict[str, object]) -> tuple[nn.Linear, torch.optim.AdamW]:
    layer, optimizer = layer_and_optimizer()
    descend(layer, optimizer)
    TrainingState(folder, identity).save({"now": layer}, optimizer, HISTORY)
    return layer, optimizer


def test_weights_and_moments_go_on_alike(tmp_path: Path) -> None:
    layer, optimizer = saved(tmp_path, {"seed": 0})
    twin, its_optimizer = layer_and_optimizer()
    history = TrainingState(tmp_path, {"seed": 0}).load({"now": twin}, its_optimizer)
    assert history[0]["epoch"] == 1
    assert history[0]["kt_auc"] != history[0]["kt_auc"]  # NaN
    for _ in range(3):
        descend(layer, optimizer)
        descend(twin, its_optimizer)
    assert torch.equal(layer.weight, twin.weight)
    assert torch.equal(layer.bias, twin.bias)


def test_nothing_is_saved_yet(tmp_path: Path) -> None:
    assert TrainingState(tmp_path, {}).load({"now": nn.Linear(2, 3)}, layer_and_optimizer()[1]) == []


def test_it_can_be_removed(tmp_path: Path) -> None:
    saved(tmp_path, {})
    state = TrainingState(tmp_path, {})
    state.remove()
    state.remove()
    assert list(tmp_path.iterdir()) == []


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def foreign(path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, path)


def of_other_sizes(path: Path) -> None:
    layer, optimizer = layer_and_optimizer(size=4)
    TrainingState(path.parent, {"seed": 0}).save({"now": layer}, optimizer, HISTORY)


def of_other_parts(path: Path) -> None:
    layer, optimizer = layer_and_optimizer()
    TrainingState(path.parent, {"seed": 0}).save({"then": layer}, optimizer, HISTORY)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut_off, "damaged .*Delete it to train from the start"),
        (foreign, "belongs to a training with other settings or another log"),
        (of_other_sizes, "another version of the library wrote it .*Delete it to train from the start"),
        (of_other_parts, "another version of the library wrote it .*Delete it to train from the start"),
    ],
)
def test_files_that_can_not_be_taken_up(damage: Any, message: str, tmp_path: Path) -> None:
    saved(tmp_path, {"seed": 0})
    damage(tmp_path / FILE_NAME)
    layer, optimizer = layer_and_optimizer()
    with pytest.raises(CheckpointError, match=f"{FILE_NAME}: {message}"):
        TrainingState(tmp_path, {"seed": 0}).load({"now": layer}, optimizer)
