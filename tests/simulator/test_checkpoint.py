"""Saved simulators: the same after a round trip, and refused with a message of their own where anything is wrong."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from ldsim_env import __version__
from ldsim_env.errors import CheckpointError
from ldsim_env.logs import QuestionBank
from ldsim_env.simulator import (
    bundled_names,
    checkpoint,
    load_simulator,
    read_provenance,
    save_simulator,
    simulator_folder,
)
from tests.simulator.made_up import TINY_NETWORK, made_up_network, practised_state, wide_bank

SIMULATOR, WEIGHTS, BANK = "simulator.json", "weights.safetensors", "bank.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_simulator(made_up_network(), tmp_path / "saved", {"log": "made up", "best_epoch": 2})
    return tmp_path / "saved"


def edit(folder: Path, **changes: Any) -> None:
    """Change keys of ``simulator.json``; None takes a key away."""
    content = json.loads((folder / SIMULATOR).read_text()) | changes
    kept = {name: value for name, value in content.items() if value is not None}
    (folder / SIMULATOR).write_text(json.dumps(kept))


def edit_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    weights = load_file(folder / WEIGHTS)
    change(weights)
    save_file(weights, folder / WEIGHTS)


# ---- round trip -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Path, str])
def test_a_loaded_simulator_is_the_saved_one(folder: Path, kind: Any) -> None:
    network, loaded = made_up_network(), load_simulator(kind(folder))
    assert loaded.settings == TINY_NETWORK
    assert loaded.bank.fingerprint == network.bank.fingerprint
    assert not loaded.training
    state, every = practised_state(network), torch.arange(20).expand(6, -1)
    assert torch.equal(loaded.answer_prob(state, every), network.answer_prob(state, every))
    assert torch.equal(loaded.mastery(state), network.mastery(state))
    question, response = torch.arange(6), torch.ones(6)
    learned = loaded.learn(state, question, response)
    assert all(torch.equal(learned[n], value) for n, value in network.learn(state, question, response).items())


def test_a_loaded_simulator_takes_no_gradients(folder: Path) -> None:
    loaded = load_simulator(folder)
    assert loaded.answer_prob(loaded.start(1), torch.tensor([0])).numpy().shape == (1,)


def test_loading_leaves_the_global_generator_alone(folder: Path) -> None:
    before = torch.get_rng_state()
    load_simulator(folder)
    assert torch.equal(torch.get_rng_state(), before)


def test_saving_again_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    save_simulator(load_simulator(folder), tmp_path / "again", read_provenance(folder))
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_what_is_written(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {SIMULATOR, WEIGHTS, BANK}
    content = json.loads((folder / SIMULATOR).read_text())
    assert content["format_version"] == 1
    assert content["library_version"] == __version__
    assert content["settings"]["memory"] == TINY_NETWORK.memory
    assert content["bank_fingerprint"] == made_up_network().bank.fingerprint
    assert read_provenance(folder) == {"log": "made up", "best_epoch": 2}
    assert load_file(folder / WEIGHTS).keys() == made_up_network().state_dict().keys()  # safetensors, no pickle


def test_the_bank_comes_with_difficulties(folder: Path) -> None:
    difficulty = made_up_network().difficulty()
    torch.testing.assert_close(torch.tensor(load_simulator(folder).bank.difficulty), difficulty, rtol=0, atol=5e-4)


def test_a_simulator_may_be_saved_over_another(folder: Path) -> None:
    save_simulator(made_up_network(wide_bank()), folder)
    assert load_simulator(folder).bank.name == "WIDE"


# ---- names and folders ----------------------------------------------------------------------------------------------


@pytest.fixture
def bundled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two bundled simulators and a working folder of its own."""
    for name in ("ASSIST09", "ASSIST17"):
        save_simulator(made_up_network(), folder.parent / "banks" / name, {"name": name})
    (folder.parent / "work").mkdir()
    monkeypatch.setattr(checkpoint, "BUNDLED", folder.parent / "banks")
    monkeypatch.chdir(folder.parent / "work")
    return folder.parent / "banks"


def test_a_bundled_simulator_by_its_name(bundled: Path) -> None:
    assert bundled_names() == ["ASSIST09", "ASSIST17"]
    assert simulator_folder("ASSIST17") == bundled / "ASSIST17"
    assert read_provenance("ASSIST17") == {"name": "ASSIST17"}


def test_a_folder_may_have_a_bundled_name(bundled: Path) -> None:
    save_simulator(made_up_network(), Path("ASSIST09"), {"name": "mine"})
    assert read_provenance("ASSIST09") == {"name": "ASSIST09"}
    for mine in ("./ASSIST09", Path("ASSIST09"), Path("ASSIST09").resolve()):
        assert read_provenance(mine) == {"name": "mine"}


@pytest.mark.parametrize("name", ["ASSIST9", "assist09"])
def test_an_unknown_name_suggests_the_nearest(bundled: Path, name: str) -> None:
    message = rf"unknown simulator '{name}'\. Did you mean 'ASSIST09'\? Known: ASSIST09, ASSIST17\. A folder"
    with pytest.raises(CheckpointError, match=message):
        load_simulator(name)


def test_a_path_that_is_not_there(bundled: Path) -> None:
    with pytest.raises(CheckpointError, match=r"ASSIST09: no such folder\. Give one that `ldsim fit` wrote"):
        load_simulator(Path("ASSIST09"))


def test_a_folder_without_a_simulator(tmp_path: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"this folder holds no simulator\.json\. Give one that `ldsim fit` wrote"
    ):
        load_simulator(tmp_path)


# ---- what is wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [WEIGHTS, BANK])
def test_a_missing_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name}: this file of the simulator is missing"):
        load_simulator(folder)


@pytest.mark.parametrize("name", [SIMULATOR, BANK, WEIGHTS])
@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff\xfe\x00", b'{"a": 1', b"\x80\x04pickle"])
def test_damaged_and_foreign_files(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=f"{re.escape(str(folder / name))}: .*again"):
        load_simulator(folder)


def test_weights_that_were_cut_off(folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match=rf"{WEIGHTS}: damaged \(.*\)\. Copy or fit the simulator again"):
        load_simulator(folder)


@pytest.mark.parametrize("version", [0, 2, "1"])
def test_an_unknown_format_version(folder: Path, version: Any) -> None:
    edit(folder, format_version=version, library_version="9.9")
    message = (
        rf"format version {version}; this library reads version 1\. Use the library version that wrote it \(9\.9\)"
    )
    with pytest.raises(CheckpointError, match=message):
        load_simulator(folder)


@pytest.mark.parametrize("name", ["settings", "bank_fingerprint", "provenance", "student_model"])
def test_a_missing_key(folder: Path, name: str) -> None:
    edit(folder, **{name: None})
    with pytest.raises(CheckpointError, match=f"these keys are missing: {name}"):
        load_simulator(folder)


def test_another_student_model(folder: Path) -> None:
    edit(folder, student_model="oracle")
    with pytest.raises(CheckpointError, match=r"unknown student model 'oracle'\. Known: .*ldsim"):
        load_simulator(folder)


def test_an_unknown_setting_suggests_the_nearest(folder: Path) -> None:
    edit(folder, settings={"n_factor": 4})
    message = r"settings: unknown key of NetworkSettings 'n_factor'\. Did you mean 'n_factors'\?"
    with pytest.raises(CheckpointError, match=message):
        load_simulator(folder)


@pytest.mark.parametrize("settings", [{"memory": "40"}, {"memory": 40.5}, {"memory": 0}, ["memory"], 3])
def test_settings_that_can_not_be(folder: Path, settings: Any) -> None:
    edit(folder, settings=settings)
    with pytest.raises(CheckpointError, match=rf"{SIMULATOR}: settings: "):
        load_simulator(folder)


def test_another_bank(folder: Path) -> None:
    wide_bank().save(folder / BANK)
    came, expected = wide_bank().fingerprint[:12], made_up_network().bank.fingerprint[:12]
    message = rf"{BANK}: its fingerprint is {came}.*fitted on {expected}"
    with pytest.raises(CheckpointError, match=message):
        load_simulator(folder)


def test_a_bank_of_another_format(folder: Path) -> None:
    content = json.loads((folder / BANK).read_text()) | {"format_version": 7}
    (folder / BANK).write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match="bank format version 7; this library reads version 1"):
        load_simulator(folder)


def test_weights_that_do_not_fit_are_all_listed(folder: Path) -> None:
    def change(weights: dict[str, torch.Tensor]) -> None:
        weights["guess"] = weights.pop("prior_scale")
        weights["met_before"] = torch.zeros(3)

    edit_weights(folder, change)
    message = (
        r"the weights don't fit the settings\. Missing: \['prior_scale'\]; unexpected: \['guess'\]; "
        r"wrong shapes: \['met_before: expected \(2,\), got \(3,\)'\]"
    )
    with pytest.raises(CheckpointError, match=message):
        load_simulator(folder)


def test_other_sizes_are_wrong_shapes(folder: Path) -> None:
    edit(folder, settings={"n_factors": 5, "concept_size": 4, "gain_size": 8, "past_size": 4, "context_size": 5})
    with pytest.raises(CheckpointError, match=r"Missing: none; unexpected: none; wrong shapes: \['gain_output.bias"):
        load_simulator(folder)


def test_an_interrupted_save_leaves_the_simulator_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def no_space(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OSError, match="no space"):
        save_simulator(made_up_network(wide_bank()), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_bank_that_lost_a_question_is_refused(folder: Path) -> None:
    bank = QuestionBank.load(folder / BANK)
    content = json.loads((folder / BANK).read_text())
    for name in ("question_ids", "question_concepts", "difficulty"):
        content[name] = content[name][:-1]
    (folder / BANK).write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match="its fingerprint is"):
        load_simulator(folder)
    assert bank.n_questions == 20
