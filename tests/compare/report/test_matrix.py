from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ldsim_env.compare.report import ResultFolder
from ldsim_env.compare.report.matrix import SimulatorMatrix, simulator_matrix
from ldsim_env.compare.report.paired_episodes import PairedEpisodes, pair_episodes


def made_of(results: ResultFolder, gains: dict[str, list[float | None]]) -> SimulatorMatrix:
    """The matrix of policies whose every episode on a student model has one gain; None: it did not teach it."""
    template = pair_episodes(results, "LDSim")
    n_models = len(next(iter(gains.values())))

    def pairs(model: int) -> PairedEpisodes:
        there = {name: row[model] for name, row in gains.items() if row[model] is not None}
        values = np.array(list(there.values()), float)[:, None, None] * np.ones((1, 2, 12))
        return replace(template, student_model=f"m{model}", policies=tuple(there), outcomes={"gain": values})

    matrix = simulator_matrix([pairs(model) for model in range(n_models)], results.settings)
    assert matrix is not None
    return matrix


def test_one_student_model_has_no_matrix(results: ResultFolder) -> None:
    assert simulator_matrix([pair_episodes(results, "LDSim")], results.settings) is None


def test_rows_are_in_the_order_of_their_worst_case(results: ResultFolder) -> None:
    matrix = made_of(results, {"random": [0.1, 0.2], "zpd": [0.5, 0.05], "ppo": [0.3, 0.4], "greedy": [0.9, 0.8]})
    assert matrix.policies == ("greedy", "ppo", "random", "zpd")
    assert matrix.candidates == ("ppo", "random", "zpd")
    assert matrix.safest == "ppo"
    assert matrix.gain("zpd", "m1") == pytest.approx(0.05)
    assert matrix.largest == pytest.approx(0.9)


def test_regret_is_what_the_choice_loses_elsewhere(results: ResultFolder) -> None:
    matrix = made_of(results, {"random": [0.1, 0.2], "zpd": [0.5, 0.05], "ppo": [0.3, 0.4]})
    np.testing.assert_allclose(matrix.regret, [[0, 0.35], [0.2, 0]])


def test_agreement_of_orders(results: ResultFolder) -> None:
    matrix = made_of(results, {"random": [0.1, 0.3, 0.2], "zpd": [0.2, 0.2, 0.2], "ppo": [0.3, 0.1, 0.2]})
    assert matrix.kendall[0, 1] == matrix.spearman[1, 0] == pytest.approx(-1)
    assert matrix.kendall[0, 0] == pytest.approx(1)
    assert np.isnan(matrix.kendall[0, 2]), "all tied: there is no order to agree with"


def test_two_policies_are_too_few_for_an_order(results: ResultFolder) -> None:
    matrix = made_of(results, {"random": [0.1, 0.2], "zpd": [0.2, 0.4]})
    assert np.isnan(matrix.kendall).all()
    assert matrix.safest == "zpd"


def test_a_policy_that_missed_a_model_is_shown_but_not_chosen(results: ResultFolder) -> None:
    matrix = made_of(results, {"random": [0.1, 0.2], "zpd": [0.9, None]})
    assert matrix.candidates == ("random",)
    assert np.isnan(matrix.gain("zpd", "m1"))


def test_nothing_to_choose_from(results: ResultFolder) -> None:
    matrix = made_of(results, {"greedy": [0.1, 0.2]})
    assert matrix.safest is None
    assert np.isnan(matrix.regret).all()
