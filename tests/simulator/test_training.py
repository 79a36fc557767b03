"""Training: reproducible, stopped by students apart, taken up again after a kill, and blind to random answers."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ldsim_env.errors import CheckpointError, LeakError, LogError
from ldsim_env.logs import ResponseLog
from ldsim_env.simulator import LDSimNetwork, NetworkSettings, Trainer, TrainingSettings, predict_kt, training
from tests.conftest import REPOSITORY
from tests.simulator.made_up import (
    TINY_NETWORK,
    TINY_TRAINING,
    copy_of,
    log_of,
    made_up_log,
    wide_bank,
    with_responses,
)

STOPPING = made_up_log(n_students=12, seed=1)


def trainer(log: ResponseLog | None = None, folder: Path | None = None, **changes: Any) -> Trainer:
    network: NetworkSettings = changes.pop("network", TINY_NETWORK)
    settings = replace(TINY_TRAINING, **changes)
    return Trainer(log or made_up_log(), STOPPING, network=network, training=settings, folder=folder)


def weights(network: LDSimNetwork) -> dict[str, Tensor]:
    return copy_of(network.state_dict())


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())


def shuffled(log: ResponseLog, seed: int) -> ResponseLog:
    return with_responses(log, np.random.default_rng(seed).permutation(log.responses))


# ---- what is learnt -------------------------------------------------------------------------------------------------


def test_there_is_something_to_learn_and_it_is_learnt() -> None:
    fitted = trainer(made_up_log(n_students=80), epochs=4, rollout_share=0.0)
    network = fitted.run(show_progress=False)
    assert [record.epoch for record in fitted.history] == [1, 2, 3, 4]
    assert fitted.history[-1].loss < fitted.history[0].loss
    assert predict_kt(network, made_up_log(n_students=40, seed=2)).scores().auc > 0.72


def test_nothing_is_learnt_from_random_answers() -> None:
    """A canary: an AUC above chance would mean that answers leak to where they are predicted."""
    log, held_out = shuffled(made_up_log(n_students=80), 0), shuffled(made_up_log(n_students=200, seed=2), 1)
    fitted = Trainer(log, shuffled(STOPPING, 2), network=TINY_NETWORK, training=replace(TINY_TRAINING, epochs=4))
    auc = predict_kt(fitted.run(show_progress=False), held_out).scores().auc
    assert abs(auc - 0.5) < 0.03  # 5,800 positions: the standard error is 0.0076


def test_the_fitted_network_is_ready_to_be_stepped() -> None:
    network = trainer(epochs=1).run(show_progress=False)
    state = network.learn(network.start(2), torch.tensor([0, 1]), torch.tensor([1, 0]))
    assert network.mastery(state).numpy().shape == (2, 5)
    assert not network.training


# ---- seeds ----------------------------------------------------------------------------------------------------------


def test_one_seed_one_network() -> None:
    one, same_seed, other = (weights(trainer(seed=seed, epochs=2).run(show_progress=False)) for seed in (0, 0, 1))
    assert same(one, same_seed)
    assert not same(one, other)


@pytest.mark.parametrize("settings", [{"by_others": 1.0}, {"hard_share": 1.0}, {"rollout_share": 0.0}], ids=str)
def test_each_way_of_training_leads_elsewhere(settings: dict[str, float]) -> None:
    without = {"by_others": 0.0, "hard_share": 0.0, "rollout_share": 1.0, "epochs": 1}
    one, other = (trainer(**without | changes).run(show_progress=False) for changes in ({}, settings))
    assert not same(weights(one), weights(other))


def test_an_answer_weighs_the_same_in_whatever_batch_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are of like length: by a mean over each, answers of short windows would weigh more."""
    fitted = trainer(made_up_log(n_students=20, length=[4] * 10 + [40] * 10), batch_size=10, question_penalty=0.0)
    losses: list[float] = []
    monkeypatch.setattr(fitted, "_descend", lambda loss: losses.append(float(loss.detach())))
    rng = np.random.default_rng(0)
    trained = [fitted._train_batch(rows, rng) for rows in (np.arange(10), np.arange(10, 20))]
    per_answer = [loss / (mean * n) for loss, (mean, n) in zip(losses, trained, strict=True)]
    assert [n for _, n in trained] == [30, 390]
    assert per_answer == pytest.approx([1 / 210, 1 / 210])  # one of the 210 answers that an average batch scores


def test_the_global_generators_are_left_alone() -> None:
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    trainer(epochs=1).run(show_progress=False)
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert np.random.get_state()[1].tolist() == numpy_before  # noqa: NPY002


# ---- stopping -------------------------------------------------------------------------------------------------------


class Script:
    """Takes the place of the KT task: gives AUCs from a list and keeps the weights that it was shown."""

    def __init__(self, aucs: list[float]) -> None:
        self.aucs = aucs
        self.seen: list[dict[str, Tensor]] = []

    def __call__(self, model: LDSimNetwork, log: ResponseLog) -> Any:
        self.seen.append(weights(model))
        return SimpleNamespace(scores=lambda: SimpleNamespace(auc=self.aucs[len(self.seen) - 1]))


@pytest.mark.parametrize(
    ("aucs", "patience", "n_epochs", "best"),
    [
        ([0.6, 0.7, 0.65, 0.64, 0.9], 2, 4, 2),  # the good fifth epoch comes too late
        ([0.6, 0.7, 0.65, 0.71, 0.70], 2, 5, 4),
        ([0.7, 0.7, 0.7, 0.7, 0.7], 3, 4, 1),  # equal is no better
    ],
)
def test_the_best_epoch_is_kept(
    aucs: list[float], patience: int, n_epochs: int, best: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script(aucs)
    even = SimpleNamespace(scores=lambda: SimpleNamespace(auc=0.5))
    monkeypatch.setattr(training, "predict_kt", script)
    monkeypatch.setattr(training, "predict_simulation", lambda *_: even)
    fitted = trainer(epochs=5, patience=patience)
    network = fitted.run(show_progress=False)
    assert [record.kt_auc for record in fitted.history] == aucs[:n_epochs]
    assert fitted.best.epoch == best
    assert fitted.best.stopping_score == pytest.approx((aucs[best - 1] + 0.5) / 2)
    assert same(weights(network), script.seen[best - 1])
    assert not same(script.seen[0], script.seen[1])


def test_weights_as_they_are_without_averaging() -> None:
    averaged, plain = (trainer(epochs=1, averaging=factor).run(show_progress=False) for factor in (0.98, 0.0))
    assert not same(weights(averaged), weights(plain))


# ---- killed and taken up again --------------------------------------------------------------------------------------


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    first = trainer(folder=tmp_path, epochs=2)
    network = first.run(show_progress=False)
    again = trainer(folder=tmp_path, epochs=2)
    assert again.finished
    assert again.history == first.history
    assert same(weights(again.run(show_progress=False)), weights(network))


KILLED = """
import sys, time
from pathlib import Path
from ldsim_env.simulator import training
from ldsim_env.simulator.training_state import TrainingState
from tests.simulator.test_training import trainer

n_saved, save, unroll = 0, TrainingState.save, training.unroll

def counting_save(*arguments):
    global n_saved
    save(*arguments)
    n_saved += 1

def slow_unroll(*arguments, **options):
    if n_saved == 2:
        print("in the third epoch", flush=True)
        time.sleep(60)
    return unroll(*arguments, **options)

TrainingState.save = counting_save
training.unroll = slow_unroll
trainer(folder=Path(sys.argv[1]), epochs=4).run(show_progress=False)
"""


def test_a_killed_training_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the third epoch\n"
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    resumed, uninterrupted = trainer(folder=tmp_path, epochs=4), trainer(epochs=4)
    assert len(resumed.history) == 2
    assert same(weights(resumed.run(show_progress=False)), weights(uninterrupted.run(show_progress=False)))
    without_time = [[replace(record, seconds=0) for record in one.history] for one in (resumed, uninterrupted)]
    assert without_time[0] == without_time[1]


@pytest.mark.parametrize("stopped_after", [1, 2, 3])
def test_stopping_after_any_epoch_changes_nothing(
    stopped_after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninterrupted = weights(trainer(epochs=3).run(show_progress=False))
    interrupted, n_epochs = trainer(folder=tmp_path, epochs=3), 0

    def stop(*arguments: Any) -> Any:
        nonlocal n_epochs
        n_epochs += 1
        if n_epochs > stopped_after:
            raise KeyboardInterrupt
        return predict_kt(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(training, "predict_kt", stop)
        if stopped_after < 3:
            with pytest.raises(KeyboardInterrupt):
                interrupted.run(show_progress=False)
    assert same(weights(trainer(folder=tmp_path, epochs=3).run(show_progress=False)), uninterrupted)


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"network": replace(TINY_NETWORK, memory=41)},
        {"log": made_up_log(seed=7)},
    ],
    ids=["seed", "network", "log"],
)
def test_the_state_of_another_training_is_refused(other: dict[str, Any], tmp_path: Path) -> None:
    trainer(folder=tmp_path, epochs=1).run(show_progress=False)
    with pytest.raises(CheckpointError, match="belongs to a training with other settings or another log"):
        trainer(folder=tmp_path, **({"epochs": 1} | other))


def test_without_a_folder_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fitted = trainer(epochs=1)
    fitted.run(show_progress=False)
    fitted.forget()
    assert list(tmp_path.iterdir()) == []


# ---- logs that can't be trained on ----------------------------------------------------------------------------------


def leaky_log() -> ResponseLog:
    """Every question stands there twice, as if expanded by its two concepts."""
    rng = np.random.default_rng(0)
    histories = [
        (np.repeat(rng.integers(240, size=15), 2).tolist(), np.repeat(rng.integers(2, size=15), 2).tolist())
        for _ in range(20)
    ]
    return log_of(wide_bank(), *histories)


def test_a_leaking_log_is_refused() -> None:
    log = leaky_log()
    with pytest.raises(LeakError, match=r"300 of 600 interactions \(50\.0%\) repeat the row before"):
        Trainer(log, log, network=TINY_NETWORK, training=TINY_TRAINING)


def test_a_leaking_log_is_trained_on_if_told_so() -> None:
    log = leaky_log()
    fitted = Trainer(
        log, log, network=TINY_NETWORK, training=replace(TINY_TRAINING, epochs=4, averaging=0), allow_leaks=True
    )
    network = fitted.run(show_progress=False)
    assert predict_kt(network, log).scores().auc > 0.6  # the answers are random: that is the leak


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ((2, 30), "log: expected a student with at least 3 interactions, got none among 4"),
        ((30, 19), "stopping: expected a student with at least 20 interactions, got none among 4"),
        ((0, 30), "log: expected a student with at least 3 interactions, got none among 4"),
    ],
)
def test_histories_that_are_too_short_are_refused_at_once(lengths: tuple[int, int], message: str) -> None:
    log, stopping = (made_up_log(n_students=4, length=length) for length in lengths)
    with pytest.raises(LogError, match=message):
        Trainer(log, stopping, network=TINY_NETWORK, training=TINY_TRAINING)


def test_lengths_may_differ() -> None:
    log = made_up_log(n_students=20, length=[1, 2, 3, 45] * 5)
    started = time.monotonic()
    fitted = trainer(log, window=20, epochs=1)
    fitted.run(show_progress=False)
    assert 0 < fitted.history[0].seconds <= time.monotonic() - started
    assert isinstance(fitted.settings, TrainingSettings)
