"""Probes find the simulator that pays for right answers, and clear the one that pays for practice only."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from ldsim_env.errors import LogError, SettingsError
from ldsim_env.logs import QuestionBank
from ldsim_env.simulator import ProbeReport, ProbeSettings, StudentModel, probe_real_students, probe_table, run_probes
from ldsim_env.simulator.probes import SCRIPTS
from tests.simulator.made_up import (
    DriftingStudent,
    Flatterer,
    made_up_bank,
    made_up_log,
    made_up_network,
    practised_state,
    wide_bank,
)

PRACTICE = 0.01
UNRELATED = [name for name in SCRIPTS if name.endswith("unrelated") or name == "easiest of other concepts in turn"]
ON_TARGET = [name for name, (practises, _) in SCRIPTS.items() if practises]


def probed(model: StudentModel, n: int = 40, **settings: Any) -> ProbeReport:
    return run_probes(model, model.start(n), ProbeSettings(**settings))


def gains(report: ProbeReport) -> dict[str, float]:
    return {probe.name: probe.mean_gain for probe in report.probes}


@pytest.mark.parametrize("n_concepts", [7, 8])
def test_practice_pays_and_nothing_else(n_concepts: int) -> None:
    report = probed(DriftingStudent(wide_bank(n_concepts), PRACTICE))
    gain = gains(report)
    assert [gain[name] for name in UNRELATED] == [0] * len(UNRELATED)
    # 30 questions on 3 targets raise each by 10 * PRACTICE, from 0.5 on
    assert [gain[name] for name in ON_TARGET] == pytest.approx([30 * PRACTICE / 3 / 0.5] * len(ON_TARGET), abs=1e-5)
    assert 0 < gain["random"] < gain["targets, random"]
    assert report.leak == 0
    assert report.n_students == 40


def test_a_flatterer_is_found_out() -> None:
    report = probed(Flatterer(wide_bank(), PRACTICE))
    gain = gains(report)
    assert gain["easiest unrelated"] > 0.1
    assert gain["easiest of other concepts in turn"] > 0.1
    assert gain["hardest unrelated"] < -0.1
    assert gain["targets, easiest"] > 0.1 > gain["targets, hardest"]
    assert report.leak > 1e-4


def test_the_leak_is_the_expected_change_elsewhere() -> None:
    model = Flatterer(wide_bank(), PRACTICE)
    report = probed(model, n=4_000, steps=1)
    expected = (PRACTICE * (model.probs - 0.5)).abs().mean()  # over questions drawn evenly
    assert report.leak == pytest.approx(float(expected), rel=0.05)


def test_scripts_ask_what_their_names_say() -> None:
    success = {probe.name: probe.success_rate for probe in probed(DriftingStudent(wide_bank()), n=100).probes}
    assert success["easiest unrelated"] > 0.85
    assert success["hardest unrelated"] < 0.15
    assert success["random"] == pytest.approx(0.5, abs=0.05)
    assert success["targets, success near 0.5"] == pytest.approx(0.5, abs=0.05)
    assert success["targets, easiest"] > success["targets, hardest"]


def test_mastered_targets_do_not_divide_by_nothing() -> None:
    model = DriftingStudent(wide_bank(), PRACTICE)
    report = run_probes(model, {"level": torch.ones(4, 8)}, ProbeSettings(steps=2))
    assert all(np.isfinite(probe.mean_gain) for probe in report.probes)


def test_one_seed_one_report() -> None:
    network = made_up_network(wide_bank())
    runs = [run_probes(network, practised_state(network), ProbeSettings(steps=5, seed=seed)) for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_the_network_keeps_evidence_from_paying() -> None:
    network = made_up_network(wide_bank())
    assert (
        run_probes(network, practised_state(network, n=100), ProbeSettings(steps=1)).leak < 2e-3
    )  # second order: the sigmoid's curvature


def test_real_students_are_met_after_half_of_their_histories() -> None:
    network = made_up_network()
    log = made_up_log(n_students=12, length=[30] * 6 + [19] * 6)
    report = probe_real_students(network, log, 400, ProbeSettings(steps=2, min_questions=2))
    assert report.n_students == 6
    assert probe_real_students(network, log, 4, ProbeSettings(steps=2, min_questions=2)).n_students == 4


def test_a_log_without_long_histories() -> None:
    log = made_up_log(n_students=3, length=19)
    with pytest.raises(LogError, match="a student with at least 20 interactions, got none"):
        probe_real_students(made_up_network(), log, 4)


@pytest.mark.parametrize("name", ["steps", "n_targets", "min_questions"])
def test_settings_out_of_range(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: expected at least 1, got 0"):
        ProbeSettings(**{name: 0})


def test_more_targets_than_the_bank_has() -> None:
    model = DriftingStudent(made_up_bank())
    with pytest.raises(SettingsError, match="n_targets: expected at most the 0 concepts that have 10 questions, got 3"):
        probed(model)


def test_json_and_table(tmp_path: Path) -> None:
    report = probed(DriftingStudent(wide_bank()), steps=3)
    content = report.to_json()
    assert [probe["name"] for probe in content["probes"]] == list(SCRIPTS)  # type: ignore[attr-defined]
    console = Console(width=120)
    with console.capture() as capture:
        console.print(probe_table(report))
    assert "weakest target, success near 0.5" in capture.get()
    assert "leak on unrelated concepts: 0.00000 a step" in capture.get()


def test_scripts_of_a_small_bank_never_ask_a_question_twice() -> None:
    asked: list[torch.Tensor] = []

    class Recorder(DriftingStudent):
        def learn(self, state: Any, question: Any, response: Any) -> Any:
            asked.append(question)
            return super().learn(state, question, response)

    bank: QuestionBank = wide_bank(3, 4)
    run_probes(Recorder(bank), Recorder(bank).start(2), ProbeSettings(steps=12, n_targets=1, min_questions=2))
    for script in torch.stack(asked)[: 12 * len(SCRIPTS)].split(12):
        assert script.sort(0).values.t().tolist() == [list(range(12))] * 2
