"""LDSim in the same harness: fitted by `fit_simulator` with the bundled teacher's relations and labels."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from parts.fits import fitted_in
from torch import Tensor

import ldsim_env
from ldsim_env.logs import ResponseLog
from ldsim_env.simulator import (
    LDSimNetwork,
    State,
    Teaching,
    TrainingSettings,
    evaluate,
    fit_simulator,
    predict_tasks,
    with_bank,
)
from ldsim_env.teacher import read_labels, read_relations
from peers import cost
from peers.scoring import refuse_incredible
from peers.split import Split
from peers.training import rule_of

NAME = "LDSim"
BANKS = Path(ldsim_env.__file__).parent / "banks"


class LdsimSteps:
    """The network's verbs, as `cost` wants them."""

    def __init__(self, network: LDSimNetwork):
        self._network = network
        self.answer_prob = network.answer_prob
        self.learn = network.learn

    def after(self, questions: Tensor, responses: Tensor) -> State:
        """One step after the other."""
        state = self._network.start(len(questions))
        for question, response in zip(questions.T, responses.T, strict=True):
            state = self.learn(state, question, response)
        return state


def run_ours(split: Split, seed: int, folder: Path, alarm: float) -> dict[str, Any]:
    """Fit, score and time LDSim under one seed; its sizes and learning rate are the package's defaults.

    A simulator that is in the folder already (of ``benchmarks/fidelity.py`` under the same seed, say) is not fitted
    again.
    """
    train, training = replace(split.train, bank=split.known_bank), TrainingSettings(seed=seed)
    fit = partial(
        fit_simulator,
        train,
        valid=split.stopping,
        training=training,
        teaching=bundled_teaching(split.name, train),
        show_progress=False,
    )
    network, seconds = fitted_in(folder, fit)
    evaluation = evaluate(split.test, predict_tasks(with_bank(network, split.bank), split.test))
    refuse_incredible(NAME, evaluation, alarm)
    measured = measure_ours(network)
    return {"rule": rule_of(training.patience), "seconds": seconds, "evaluation": evaluation, "cost": measured}


def measure_ours(network: LDSimNetwork) -> cost.Cost:
    """What a step of LDSim costs."""
    parameters = sum(weight.numel() for weight in network.parameters())
    return cost.measure(LdsimSteps(network), network.bank.n_questions, parameters)


def bundled_teaching(bank: str, train: ResponseLog) -> Teaching:
    """What the bundled teacher said about a bank, as far as there is anything."""
    folder = BANKS / bank.upper()
    relations, labels = folder / "relations.json", folder / "labels.json"
    graph = read_relations(relations, train.bank) if relations.exists() else None
    return Teaching(graph, read_labels(labels, train, graph) if labels.exists() else None)
