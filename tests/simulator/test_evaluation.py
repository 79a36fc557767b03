"""Both tasks as numbers, as a table and as JSON."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from ldsim_env import __version__
from ldsim_env.logs import ResponseLog
from ldsim_env.simulator import Evaluation, evaluate, evaluation_table, predict_simulation, predict_tasks
from tests.simulator.made_up import made_up_log, made_up_network, with_responses

NETWORK = made_up_network()
TASKS = ["kt", "simulation, sampled", "simulation, expected", "simulation, hard"]


@pytest.fixture(scope="module")
def log() -> ResponseLog:
    return made_up_log(n_students=10, length=60)


@pytest.fixture(scope="module")
def evaluation(log: ResponseLog) -> Evaluation:
    return evaluate(log, predict_tasks(NETWORK, log, seeds=3))


def strict_json(path: Path) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    return json.loads(path.read_text(), parse_constant=refuse)


def test_every_task_is_scored(evaluation: Evaluation) -> None:
    assert list(evaluation.tasks) == TASKS
    assert (evaluation.source, evaluation.n_students) == ("made-up log", 10)
    assert [evaluation.tasks[name].overall.n for name in TASKS] == [10 * 59, 300, 300, 300]
    assert [len(evaluation.tasks[name].auc_by_seed) for name in TASKS] == [1, 3, 1, 1]
    assert [list(evaluation.tasks[name].by_horizon) for name in TASKS] == [[], *[["1-5", "6-20", "21-50"]] * 3]


def test_sampled_scores_are_means_over_seeds(log: ResponseLog, evaluation: Evaluation) -> None:
    runs = [predict_simulation(NETWORK, log, "sampled", seed) for seed in range(3)]
    sampled = evaluation.tasks["simulation, sampled"]
    assert sampled.auc_by_seed == tuple(run.scores().auc for run in runs)
    assert len(set(sampled.auc_by_seed)) == 3
    assert sampled.overall.auc == pytest.approx(np.mean(sampled.auc_by_seed))
    late = np.mean([run.scores_by_horizon()["21-50"].rmse for run in runs])
    assert sampled.by_horizon["21-50"].rmse == pytest.approx(late)


def test_the_file_is_json(evaluation: Evaluation, tmp_path: Path) -> None:
    evaluation.save(tmp_path / "new" / "scores.json")
    content = strict_json(tmp_path / "new" / "scores.json")
    assert content["library_version"] == __version__
    assert list(content["tasks"]) == TASKS
    kt = content["tasks"]["kt"]
    assert kt["overall"]["auc"] == evaluation.tasks["kt"].overall.auc
    assert set(kt["overall"]) == {"n", "auc", "accuracy", "rmse", "ece", "mean_prob", "mean_response"}


def test_an_undefined_score_is_null_in_the_file(log: ResponseLog, tmp_path: Path) -> None:
    all_right = with_responses(log, np.ones(log.n_interactions))
    evaluate(all_right, predict_tasks(NETWORK, all_right, seeds=1)).save(tmp_path / "scores.json")
    content = strict_json(tmp_path / "scores.json")
    assert content["tasks"]["kt"]["overall"]["auc"] is None
    assert content["tasks"]["simulation, hard"]["by_horizon"]["1-5"]["auc"] is None
    assert content["tasks"]["kt"]["overall"]["accuracy"] > 0


def test_the_table_has_a_row_for_each_task_and_horizon(evaluation: Evaluation) -> None:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(evaluation_table(evaluation))
    text = capture.get()
    assert "made-up log: 10 students" in text
    assert text.count("horizon") == 9
    assert f"{evaluation.tasks['kt'].overall.auc:.4f}" in text
