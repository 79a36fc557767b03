from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ldsim_env.compare.report import ReportSettings, ResultFolder
from ldsim_env.compare.report.findings import findings
from ldsim_env.compare.report.leaderboard import leaderboard
from ldsim_env.compare.report.matrix import simulator_matrix
from ldsim_env.compare.report.paired_episodes import PairedEpisodes, pair_episodes

NOISE = np.random.default_rng(3).normal(0, 0.05, (2, 12))


def sentences(results: ResultFolder, settings: ReportSettings, means: dict[str, float]) -> str:
    """Findings on policies with these mean gains and one spread of students."""
    gains = np.array([mean + np.roll(NOISE, place, axis=1) for place, mean in enumerate(means.values())])
    template = pair_episodes(results, "LDSim")
    pairs = replace(template, policies=tuple(means), outcomes={**_filled(template, gains), "gain": gains})
    rows = leaderboard(pairs, results.settings, settings)
    return "\n".join(findings(results.settings, pairs, rows, None, settings))


def _filled(template: PairedEpisodes, gains: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.zeros_like(gains) for name in template.outcomes}


def test_a_clear_leader(results: ResultFolder, settings: ReportSettings) -> None:
    text = sentences(results, settings, {"random": 0.1, "zpd": 0.2, "ppo": 0.4, "greedy": 0.5})
    assert "PPO <5 seeds> leads on LDSim" in text
    assert "Against random, on the same students, it gains +0.300" in text
    assert "Against the runner-up, zpd, it gains +0.200" in text
    assert "reaches 80% of the mean gain of greedy" in text


def test_a_tie_is_called_a_tie(results: ResultFolder, settings: ReportSettings) -> None:
    text = sentences(results, settings, {"random": 0.1, "zpd": 0.1001})
    assert "can't be told from random, the reference" in text
    assert "can't be told from the runner-up" in text


def test_the_reference_may_be_best(results: ResultFolder, settings: ReportSettings) -> None:
    assert "It is the reference itself" in sentences(results, settings, {"random": 0.4, "zpd": 0.1})


def test_the_upper_bound_never_leads(results: ResultFolder, settings: ReportSettings) -> None:
    text = sentences(results, settings, {"random": 0.1, "greedy": 0.9})
    assert "random leads" in text
    assert "runner-up" not in text


def test_an_upper_bound_that_is_none(results: ResultFolder, settings: ReportSettings) -> None:
    assert "does no better in the mean" in sentences(results, settings, {"random": 0.5, "greedy": 0.4})
    assert "looks ahead" not in sentences(results, settings, {"random": -0.5, "greedy": -0.4})


def test_look_ahead_alone_leads_nothing(results: ResultFolder, settings: ReportSettings) -> None:
    settings = replace(settings, reference="greedy")
    assert sentences(results, settings, {"greedy": 0.9}) == ""


def test_harm_is_named(results: ResultFolder, settings: ReportSettings) -> None:
    assert "random, 100.0%" in sentences(results, settings, {"random": -0.9, "zpd": 0.4})
    assert "100.0% of its episodes with a loss, the most" in sentences(results, settings, {"random": -0.9})


def test_agreement_of_the_student_models(results: ResultFolder, settings: ReportSettings) -> None:
    all_pairs = [pair_episodes(results, model) for model in ("LDSim", "DKT")]
    matrix = simulator_matrix(all_pairs, results.settings)
    rows = leaderboard(all_pairs[0], results.settings, settings)
    last = findings(results.settings, all_pairs[0], rows, matrix, settings)[-1]
    assert last.startswith("Over all 2 student models ")
    assert "mean Kendall τ of −" in last


@pytest.mark.parametrize("n_policies", [1, 2])
def test_few_policies_agree_on_nothing(results: ResultFolder, settings: ReportSettings, n_policies: int) -> None:
    pairs = [pair_episodes(results, model) for model in ("LDSim", "DKT")]
    few = [
        replace(p, policies=p.policies[:n_policies], outcomes={k: v[:n_policies] for k, v in p.outcomes.items()})
        for p in pairs
    ]
    rows = leaderboard(few[0], results.settings, settings)
    text = findings(results.settings, few[0], rows, simulator_matrix(few, results.settings), settings)[-1]
    assert "Kendall" not in text
