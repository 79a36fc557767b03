"""From a log to a saved simulator."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ldsim_env.errors import LeakError, LogError, SettingsError
from ldsim_env.logs.windows import select_windows
from ldsim_env.simulator import LDSimNetwork, TrainingSettings, fit_simulator, load_simulator, read_provenance
from ldsim_env.simulator.fitting import stopping_split
from ldsim_env.simulator.models import FitSettings
from ldsim_env.simulator.models.fitting import _Fitter, fit_student_model, new_student_model
from tests.simulator.made_up import TINY_NETWORK, TINY_TRAINING, made_up_log, practised_state, renamed
from tests.simulator.test_training import leaky_log


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[LDSimNetwork, Path]:
    folder = tmp_path_factory.mktemp("fitted") / "new" / "simulator"
    log = made_up_log(n_students=50)
    network = fit_simulator(log, folder, network=TINY_NETWORK, training=TINY_TRAINING, show_progress=False)
    return network, folder


def test_what_the_folder_holds(fitted: tuple[LDSimNetwork, Path]) -> None:
    names = {path.name for path in fitted[1].iterdir()}
    assert names == {"simulator.json", "weights.safetensors", "bank.json", "history.json", "history.png"}
    assert (fitted[1] / "history.png").read_bytes().startswith(b"\x89PNG")
    assert (fitted[1] / "history.png").stat().st_size > 10_000


def test_the_training_history_is_kept(fitted: tuple[LDSimNetwork, Path]) -> None:
    records = json.loads((fitted[1] / "history.json").read_text())
    assert [record["epoch"] for record in records] == [1, 2, 3]
    assert set(records[0]) == {"epoch", "loss", "kt_auc", "simulation_auc", "seconds"}
    scores = [record["kt_auc"] + record["simulation_auc"] for record in records]
    assert read_provenance(fitted[1])["best_epoch"] == 1 + scores.index(max(scores))


def test_where_the_weights_come_from(fitted: tuple[LDSimNetwork, Path]) -> None:
    provenance = read_provenance(fitted[1])
    assert provenance["log"]["n_students"] == 45
    assert len(provenance["log"]["fingerprint"]) == 64
    assert provenance["n_stopping_students"] == 5
    assert provenance["training"] == asdict(TINY_TRAINING)


def test_the_saved_simulator_is_the_fitted_one(fitted: tuple[LDSimNetwork, Path]) -> None:
    network, folder = fitted
    loaded = load_simulator(folder)
    assert loaded.settings == TINY_NETWORK
    state = practised_state(network)
    every = torch.arange(20).expand(6, -1)
    assert torch.equal(loaded.answer_prob(state, every), network.answer_prob(state, every))
    assert torch.equal(loaded.mastery(state), network.mastery(state))


def test_stopping_students_are_apart_and_drawn_by_the_seed() -> None:
    log = made_up_log(n_students=50)
    splits = [stopping_split(log, None, replace(TINY_TRAINING, seed=seed)) for seed in (0, 0, 1)]
    train, stopping = (set(part.student_ids) for part in splits[0])
    assert (len(train), len(stopping)) == (45, 5)
    assert not train & stopping
    assert splits[0][1].student_ids == splits[1][1].student_ids != splits[2][1].student_ids


def test_a_log_of_other_students_to_stop_by(tmp_path: Path) -> None:
    valid = renamed(made_up_log(n_students=8, seed=3))
    training = replace(TINY_TRAINING, epochs=1)
    fit_simulator(made_up_log(), tmp_path, valid=valid, network=TINY_NETWORK, training=training, show_progress=False)
    provenance = read_provenance(tmp_path)
    assert (provenance["log"]["n_students"], provenance["n_stopping_students"]) == (40, 8)


@pytest.mark.parametrize("kind", ["ldsim", "bkt"])
def test_training_students_to_stop_by_are_refused(kind: str, tmp_path: Path) -> None:
    log, out = made_up_log(n_students=20), tmp_path / "out"
    with pytest.raises(LogError, match=r"^valid: .*, 3 of 3 students \(s4, s5, s6\) stand in both"):
        if kind == "ldsim":
            fit_simulator(log, out, valid=log.select([4, 5, 6]), training=TINY_TRAINING, show_progress=False)
        else:
            fit_student_model(kind, log, out, valid=log.select([4, 5, 6]), show_progress=False)
    assert not out.exists()


def test_a_refused_log_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(LeakError):
        fit_simulator(leaky_log(), tmp_path / "out", training=TINY_TRAINING, show_progress=False)
    assert not (tmp_path / "out").exists()


def test_a_single_student_can_not_be_split(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="at least 2 students to split, got 1"):
        fit_simulator(made_up_log(n_students=1), tmp_path, training=TrainingSettings(), show_progress=False)


@pytest.mark.parametrize("kind", ["dkt", "attention", "irt"])
def test_an_answer_weighs_the_same_in_whatever_batch_it_is(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are of like length: by a mean over each, answers of short windows would weigh more."""
    log = made_up_log(n_students=20, length=[4] * 10 + [40] * 10)
    fitting = FitSettings(batch_size=10, gradient_clip=1e9)
    fitter = _Fitter(new_student_model(kind, log), log, made_up_log(n_students=5, seed=1), fitting)
    monkeypatch.setattr(fitter._optimizer, "step", lambda: None)

    def gradients(rows: slice) -> list[torch.Tensor]:
        fitter._fit_batch(select_windows(fitter._windows, np.arange(20)[rows]))
        return [weight.grad.clone() for weight in fitter._model.parameters() if weight.grad is not None]

    short, long, every = (gradients(rows) for rows in (slice(10), slice(10, 20), slice(20)))
    assert every
    for apart, together in zip(zip(short, long, strict=True), every, strict=True):
        torch.testing.assert_close(sum(apart), together, rtol=1e-4, atol=1e-6)
