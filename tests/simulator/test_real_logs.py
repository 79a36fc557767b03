"""The simulator on real logs: the protocol's counts, a short training, and no copy of a real history."""

from pathlib import Path

import numpy as np
import pytest

from ldsim_env.envs import Cohort
from ldsim_env.errors import LogWarning
from ldsim_env.logs import ResponseLog, match_bank, read_logs
from ldsim_env.simulator import (
    NetworkSettings,
    SequenceModel,
    Trainer,
    TrainingSettings,
    for_log,
    load_simulator,
    predict_kt,
    predict_simulation,
    simulator_folder,
)
from tests.simulator.test_synthetic import Coin

pytestmark = pytest.mark.slow
SMALL = NetworkSettings(n_factors=8, concept_size=8, gain_size=16, past_size=0, memory=50)
LEAKING_AUC = 0.80  # an honest model of ASSIST09 stays below (design.md, "Protocols")


@pytest.fixture(scope="module")
def fold4(log_folder: Path) -> ResponseLog:
    return read_logs(log_folder / "assist09" / "fold4.csv")


def test_protocol_counts_of_assist09(fold4: ResponseLog) -> None:
    model = Coin(fold4.bank, 0.5)
    assert len(predict_kt(model, fold4)) == 54_911
    assert len(predict_simulation(model, fold4)) == 18_426


def test_protocol_counts_of_assist17(log_folder: Path) -> None:
    with pytest.warns(LogWarning, match="differing concept sets"):
        log = read_logs(log_folder / "assist17" / "fold4.csv")
    model = Coin(log.bank, 0.5)
    assert len(predict_kt(model, log)) == 182_288
    assert len(predict_simulation(model, log)) == 49_960


def test_a_short_training_is_better_than_chance_and_does_not_leak(log_folder: Path, fold4: ResponseLog) -> None:
    log = read_logs(log_folder / "assist09" / "fold1.csv")
    train, stopping = log.select(range(400)), log.select(range(400, 460))
    settings = TrainingSettings(epochs=1, window=60)
    network = Trainer(train, stopping, network=SMALL, training=settings).run(show_progress=False)
    model, matched = for_log(network, fold4.select(range(150)))
    assert matched.unknown_questions > 0
    assert 0.66 < predict_kt(model, matched.log).scores().auc < LEAKING_AUC
    assert 0.62 < predict_simulation(model, matched.log, "expected").scores().auc < LEAKING_AUC


def begins(log: ResponseLog, length: int) -> set[tuple[int, ...]]:
    return {tuple(history.questions[:length].tolist()) for history in log if len(history.questions) >= length}


def test_drawn_histories_begin_like_no_real_one(fold4: ResponseLog) -> None:
    cohort = SequenceModel.fit(fold4).sample(Coin(fold4.bank, 0.65), 400, np.random.default_rng(0))
    assert len(begins(cohort, 10)) > 200
    assert not begins(cohort, 10) & begins(fold4, 10)


def test_shipped_histories_begin_like_no_real_one(log_folder: Path) -> None:
    bank = load_simulator("ASSIST09").bank
    shipped = Cohort.load(simulator_folder("ASSIST09"), bank).histories
    real = match_bank(read_logs([log_folder / "assist09" / f"fold{i}.csv" for i in range(1, 5)]), bank).log
    assert len(begins(shipped, 10)) > 1_000
    assert not begins(shipped, 10) & begins(real, 10)


def test_the_shipped_simulator_keeps_a_floor(fold4: ResponseLog) -> None:
    """Fold 4 is among the folds that the release weights are fitted on: a floor, not a result."""
    model, matched = for_log(load_simulator("ASSIST09"), fold4)
    assert 0.765 <= predict_kt(model, matched.log).scores().auc < 0.90
    assert predict_simulation(model, matched.log, "expected").scores().auc >= 0.73
