"""Probes find the simulator that pays for right answers, and clear the one that pays for practice only."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ldsim_env.errors import LogError, SettingsError
from ldsim_env.logs import QuestionBank
from ldsim_env.simulator import (
    ProbeReport,
    ProbeSettings,
    State,
    StudentModel,
    probe_cohort,
    probe_real_students,
    run_probes,
)
from ldsim_env.simulator.probe_scripts import SCRIPTS
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
FEW = {"n_constants": 8, "n_greedy": 4, "search_students": 4}
UNRELATED, ON_TARGET = (
    [name for name, script in SCRIPTS.items() if script.kind == kind] for kind in ("unrelated", "practice")
)


def probed(model: StudentModel, n: int = 40, **settings: Any) -> ProbeReport:
    return run_probes(model, model.start(n), ProbeSettings(**FEW | settings))


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


@pytest.mark.parametrize("name", ["best constant question", "greedy on unrelated"])
def test_a_search_finds_what_a_flatterer_pays(name: str) -> None:
    gain = gains(probed(Flatterer(wide_bank(), PRACTICE), n_constants=40, n_greedy=32))
    assert gain[name] > 0.8 * gain["easiest unrelated"] > 0.1


class PaysFor(DriftingStudent):
    """Raises the mastery of everything whenever one certain question is asked."""

    trick = 77

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        return {"level": (state["level"] + 0.004 * (question == self.trick).float().unsqueeze(1)).clamp(max=1)}


def test_a_single_question_that_pays_is_found() -> None:
    gain = gains(probed(PaysFor(wide_bank()), n=60, n_constants=400, steps=15))
    assert gain["best constant question"] == pytest.approx(0.12, abs=0.06)  # where it is unrelated: 15 * .004 / .5
    assert max(abs(gain[name]) for name in UNRELATED if name != "best constant question") < 0.05


class PaysForRepeats(DriftingStudent):
    """Raises the mastery of everything when the last question, or the one before it, comes again."""

    def start(self, n: int) -> State:
        return super().start(n) | {"last": torch.full((n, 2), -1)}

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        again = (state["last"] == question.unsqueeze(1)).any(1, keepdim=True)
        last = torch.stack([question, state["last"][:, 0]], dim=1)
        return {"level": state["level"] + self.practice * again, "last": last}


def test_repeats_are_probed() -> None:
    gain = gains(probed(PaysForRepeats(wide_bank(), PRACTICE)))
    repeating = {"one question repeated": 29, "two questions alternated": 28, "best constant question": 29}
    for name in UNRELATED:
        assert gain[name] == pytest.approx(repeating.get(name, 0) * PRACTICE / 0.5, abs=1e-4), name


class PaysForOrder(DriftingStudent):
    """Raises the mastery of everything by each right answer that comes after wrong ones."""

    def __init__(self, bank: QuestionBank, practice: float = PRACTICE):
        super().__init__(bank, practice)
        self.probs = torch.linspace(0.0, 1.0, bank.n_questions).round() * 0.998 + 0.001

    def start(self, n: int) -> State:
        return super().start(n) | {"wrong": torch.zeros(n, 1)}

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        right = response.float().unsqueeze(1)
        paid = self.practice * right * state["wrong"].clamp(max=20)
        return {"level": state["level"] + paid / 20, "wrong": state["wrong"] + 1 - right}


def test_the_order_of_questions_is_probed() -> None:
    gain = gains(probed(PaysForOrder(wide_bank())))
    assert gain["hardest first, then easiest"] > 0.15
    assert abs(gain["easiest first, then hardest"]) < 0.02


def test_both_gains_have_the_same_mean() -> None:
    report = probed(Flatterer(wide_bank(), PRACTICE), n=600, steps=8)
    for probe in report.probes:
        assert probe.mean_gain == pytest.approx(probe.expected_gain, abs=4 * probe.standard_error + 1e-6), probe.name
        assert probe.expected_error < probe.standard_error


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
    assert success["two questions alternated"] == pytest.approx(0.5, abs=0.05)
    assert success["targets, success near 0.5"] == pytest.approx(0.5, abs=0.05)
    assert success["targets, easiest"] > success["targets, hardest"]


def test_mastered_targets_do_not_divide_by_nothing() -> None:
    model = DriftingStudent(wide_bank(), PRACTICE)
    report = run_probes(model, {"level": torch.ones(4, 8)}, ProbeSettings(steps=2, **FEW))
    assert all(np.isfinite(probe.mean_gain) for probe in report.probes)


def test_one_seed_one_report() -> None:
    network = made_up_network(wide_bank())
    settings = [ProbeSettings(steps=5, seed=seed, **FEW) for seed in (1, 1, 2)]
    runs = [run_probes(network, practised_state(network), one) for one in settings]
    assert runs[0] == runs[1]
    assert runs[0].probes != runs[2].probes


def test_the_network_keeps_evidence_from_paying() -> None:
    network = made_up_network(wide_bank())
    report = run_probes(network, practised_state(network, n=60), ProbeSettings(steps=5, **FEW))
    assert report.leak < 2e-3  # second order: the sigmoid's curvature
    assert max(abs(probe.expected_gain) for probe in report.probes if probe.kind == "unrelated") < 0.02


def test_the_state_is_left_alone() -> None:
    network = made_up_network(wide_bank())
    state = practised_state(network)
    before = {name: value.clone() for name, value in state.items()}
    run_probes(network, state, ProbeSettings(steps=3, **FEW))
    assert all(torch.equal(state[name], value) for name, value in before.items())


def test_real_students_are_met_after_half_of_their_histories() -> None:
    network = made_up_network()
    log = made_up_log(n_students=12, length=[30] * 6 + [19] * 6)
    settings = ProbeSettings(steps=2, min_questions=2, **FEW)
    assert probe_real_students(network, log, 400, settings).n_students == 6
    assert probe_real_students(network, log, 4, settings).n_students == 4


def test_students_of_a_cohort_are_met_after_all_they_did() -> None:
    settings = ProbeSettings(steps=2, min_questions=2, **FEW)
    report = probe_cohort(made_up_network(), made_up_log(n_students=5, length=[0, 1, 30, 30, 30]), 400, settings)
    assert report.n_students == 5


def test_a_log_without_long_histories() -> None:
    log = made_up_log(n_students=3, length=19)
    with pytest.raises(LogError, match="a student with at least 20 interactions, got none"):
        probe_real_students(made_up_network(), log, 4)


@pytest.mark.parametrize("name", ["steps", "n_targets", "min_questions", "n_constants", "n_greedy", "search_students"])
def test_settings_out_of_range(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: expected at least 1, got 0"):
        ProbeSettings(**{name: 0})


def test_more_targets_than_the_bank_has() -> None:
    model = DriftingStudent(made_up_bank())
    with pytest.raises(SettingsError, match="n_targets: expected at most the 0 concepts that have 10 questions, got 3"):
        probed(model)


REPEATING = {"one question repeated", "two questions alternated", "best constant question"}


@pytest.mark.parametrize("related", [False, True], ids=["unrelated", "practice"])
def test_what_is_asked(related: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unrelated scripts never practise a target, the others do nothing else; only those that say so repeat."""
    from ldsim_env.simulator import probes

    ground_of: dict[str, Any] = {}
    asked: dict[str, list[np.ndarray]] = {}
    choose, run = probes._choose, probes._run_script

    def recording(script: Any, moment: Any, times: Any) -> Any:
        question = choose(script, moment, times)
        asked[ground_of["name"]].append(question)
        ground_of["ground"] = moment.ground
        return question

    def named(ground: Any, name: str, script: Any) -> Any:
        ground_of["name"], asked[name] = name, []
        return run(ground, name, script)

    monkeypatch.setattr(probes, "_choose", recording)
    monkeypatch.setattr(probes, "_run_script", named)
    probed(DriftingStudent(wide_bank()), n=8, steps=20)
    on_target = ground_of["ground"].on_target
    for name in ON_TARGET if related else UNRELATED:
        questions = np.stack(asked[name], axis=1)
        assert (np.take_along_axis(on_target, questions, axis=1) == related).all(), name
        repeats = any(len(set(row)) < len(row) for row in questions.tolist())
        # 8 concepts in turn, one question each, take 20 steps more than once
        assert repeats == (name in REPEATING | {"easiest of other concepts in turn"}), name


def test_questions_repeat_when_a_small_bank_is_used_up() -> None:
    report = probed(DriftingStudent(wide_bank(3, 2)), n=3, n_targets=2, min_questions=2)
    assert len(report.probes) == len(SCRIPTS)


def test_a_bank_where_everything_practises_a_target() -> None:
    with pytest.raises(SettingsError, match=r"n_targets: expected targets that leave .* got 2 of the 2 concepts"):
        probed(DriftingStudent(wide_bank(2, 20)), n_targets=2)
