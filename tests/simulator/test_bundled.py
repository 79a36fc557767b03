"""What the package carries: weights, bank and synthetic students for ASSIST09."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
import torch

from ldsim_env.envs import Cohort
from ldsim_env.simulator import (
    ProbeReport,
    bundled_names,
    judge,
    load_simulator,
    read_provenance,
    read_verdict,
    run_probes,
    simulator_folder,
    states_after,
)
from ldsim_env.simulator.checkpoint import BUNDLED

MEGABYTE = 2**20
UNRELATED_LIMIT = 0.02  # of |E_p| of a script that has nothing to do with the targets
LEAK_LIMIT = 0.002  # a step, on concepts that a question does not ask for
PRACTICE_LEAST = 0.10


def cohort_of(name: str) -> Cohort:
    folder = simulator_folder(name)
    return Cohort.load(folder, load_simulator(name).bank)


def test_there_is_one() -> None:
    assert "ASSIST09" in bundled_names()


def test_it_loads_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise OSError("no network")

    monkeypatch.setattr(socket, "socket", refuse)
    model = load_simulator("ASSIST09")
    assert (model.bank.n_questions, model.bank.n_concepts) == (16_634, 110)
    assert "Box and Whisker" in model.bank.concept_names
    assert len(model.bank.difficulty) == 16_634
    mastery = model.mastery(model.start(3))
    assert ((mastery > 0.05) & (mastery < 0.999)).all()


def test_the_files_are_small_and_plain() -> None:
    files = [path for path in BUNDLED.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".png"}
    assert sum(path.stat().st_size for path in files) < 15 * MEGABYTE


@pytest.mark.parametrize("name", bundled_names())
def test_no_path_of_the_makers_machine_is_shipped(name: str) -> None:
    text = json.dumps(read_provenance(name))
    assert str(Path.home()) not in text
    assert "/work/" not in text


def test_weights_are_finite() -> None:
    assert all(torch.isfinite(value.float()).all() for value in load_simulator("ASSIST09").state_dict().values())


@pytest.mark.parametrize("name", bundled_names())
def test_the_cohort_is_synthetic_and_like_real_students(name: str) -> None:
    cohort = cohort_of(name)
    assert cohort.provenance["synthetic"]
    assert all(student.startswith("synthetic-") for student in cohort.histories.student_ids)
    assert 0.1 < cohort.is_eval.mean() < 0.3
    synthetic, real = (cohort.provenance["profiles"][kind] for kind in ("synthetic", "real early"))
    assert synthetic["n_students"] == cohort.histories.n_students
    assert synthetic["length"] == pytest.approx(float(cohort.histories.lengths.mean()))
    assert synthetic["success_rate"] == pytest.approx(float(cohort.histories.responses.mean()))
    assert synthetic["success_rate"] == pytest.approx(real["success_rate"], abs=0.05)
    assert synthetic["start_mastery"] == pytest.approx(real["start_mastery"], abs=0.05)
    assert synthetic["start_mastery_deviation"] == pytest.approx(real["start_mastery_deviation"], abs=0.04)


@pytest.mark.slow
def test_the_stated_start_mastery_is_that_of_the_shipped_weights() -> None:
    cohort = cohort_of("ASSIST09")
    model = load_simulator("ASSIST09")
    stated = cohort.provenance["profiles"]["synthetic"]["start_mastery"]
    assert float(model.mastery(states_after(model, cohort.histories)).mean()) == pytest.approx(stated, abs=1e-4)


@pytest.fixture(scope="module")
def probed() -> ProbeReport:
    """The probes on all students that are kept for evaluation."""
    model = load_simulator("ASSIST09")
    return run_probes(model, states_after(model, cohort_of("ASSIST09").students_of("eval")))


@pytest.mark.slow
def test_what_is_unrelated_does_not_pay(probed: ProbeReport) -> None:
    unrelated = [probe for probe in probed.probes if probe.kind == "unrelated"]
    assert len(unrelated) == 13
    assert max(probe.expected_error for probe in unrelated) < 0.001  # students enough to say anything
    assert {p.name: p.expected_gain for p in unrelated if abs(p.expected_gain) > UNRELATED_LIMIT} == {}
    assert probed.leak < LEAK_LIMIT
    assert not judge(probed).exploitable


@pytest.mark.slow
def test_practice_of_the_targets_pays(probed: ProbeReport) -> None:
    gain = {probe.name: probe.expected_gain for probe in probed.probes}
    assert min(gain[name] for name in ("targets, random", "targets, success near 0.5")) >= PRACTICE_LEAST


def student_models() -> list[str]:
    others = (str(path.parent.relative_to(BUNDLED)) for path in BUNDLED.glob("*/models/*/simulator.json"))
    return bundled_names() + sorted(name.replace("/models", "") for name in others)


@pytest.mark.parametrize("name", student_models())
def test_the_verdict_of_the_probes_is_kept_with_the_weights(name: str) -> None:
    verdict = read_verdict(simulator_folder(name))
    assert verdict is not None, f"absent or of other weights; run `ldsim probe --simulator {name} --keep`"
    assert not (verdict.exploitable and name in bundled_names())
