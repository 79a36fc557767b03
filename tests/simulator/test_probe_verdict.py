"""The verdict of the probes: what passes, what is kept beside the weights, what is read again."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from ldsim_env.errors import CheckpointError
from ldsim_env.figures import save_figure
from ldsim_env.simulator import (
    Probe,
    ProbeReport,
    ProbeSettings,
    judge,
    keep_verdict,
    probe_plot,
    probe_table,
    read_verdict,
    run_probes,
    save_simulator,
)
from ldsim_env.simulator.probe_scripts import SCRIPTS
from tests.simulator.made_up import DriftingStudent, Flatterer, made_up_network, wide_bank

FEW = {"n_constants": 8, "n_greedy": 4, "search_students": 4, "steps": 30}


def report(leak: float = 0.0, error: float = 0.001, **gains: float) -> ProbeReport:
    """A report in which practice earns .2 and all else nothing, but for ``gains`` by name (blanks as _)."""
    named = {name.replace("_", " "): gain for name, gain in gains.items()}
    probes = []
    for name, script in SCRIPTS.items():
        gain = named.get(name, 0.2 if script.kind == "practice" else 0.0)
        probes.append(Probe(name, script.kind, 0.0, 0.1, gain, error, 0.5))
    return ProbeReport(tuple(probes), leak, 9, ProbeSettings())


def with_practice(made: ProbeReport, gain: float) -> ProbeReport:
    probes = [replace(p, expected_gain=gain) if p.kind == "practice" else p for p in made.probes]
    return replace(made, probes=tuple(probes))


@pytest.mark.parametrize(
    ("made", "reasons"),
    [
        (report(), []),
        (report(easiest_unrelated=0.02, hardest_unrelated=-0.02, leak=0.002), []),
        (report(easiest_unrelated=0.021), ["'easiest unrelated' .* earns E_p \\+0.021"]),
        (report(hardest_unrelated=-0.1, easiest_unrelated=0.05), ["'hardest unrelated' .* earns E_p -0.100"]),
        (report(leak=0.0021), ["mastery of unrelated concepts moves by 0.0021 a step"]),
        (report(random=0.15), []),  # random questions practise the targets now and then
        (with_practice(report(random_unrelated=0.019), 0.01), ["earns \\+0.019, more than random practice"]),
        (with_practice(report(random_unrelated=0.002, error=0.001), 0.0), []),  # within the noise
        (with_practice(report(), 0.0), []),  # nothing is learned at all: useless, but not exploitable
    ],
)
def test_the_limits(made: ProbeReport, reasons: list[str]) -> None:
    import re

    verdict = judge(made)
    assert verdict.exploitable == bool(reasons)
    assert len(verdict.reasons) == len(reasons)
    assert all(re.search(*pair) for pair in zip(reasons, verdict.reasons, strict=True))


def test_models_with_known_faults() -> None:
    bank = wide_bank()
    settings = ProbeSettings(**FEW)
    good, bad = DriftingStudent(bank), Flatterer(bank, 0.01)
    assert not judge(run_probes(good, good.start(20), settings)).exploitable
    verdict = judge(run_probes(bad, bad.start(20), settings))
    assert verdict.exploitable
    assert verdict.worst_script in SCRIPTS
    assert "exploitable: '" in verdict.in_words()


def test_a_verdict_is_kept_beside_the_weights(tmp_path: Path) -> None:
    save_simulator(made_up_network(), tmp_path)
    assert read_verdict(tmp_path) is None
    kept = keep_verdict(tmp_path, report(easiest_unrelated=0.3), "9 of a test")
    assert kept.exploitable
    assert read_verdict(tmp_path) == kept
    content = json.loads((tmp_path / "probes.json").read_text())
    assert content["students"] == "9 of a test"
    assert [probe["name"] for probe in content["report"]["probes"]] == list(SCRIPTS)
    assert content["report"]["settings"]["steps"] == 30
    assert content["limits"] == {"unrelated": 0.02, "leak": 0.002}


def test_a_verdict_of_other_weights_says_nothing(tmp_path: Path) -> None:
    save_simulator(made_up_network(), tmp_path)
    keep_verdict(tmp_path, report(easiest_unrelated=0.3), "a test")
    save_simulator(made_up_network(seed=1), tmp_path)
    assert read_verdict(tmp_path) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not a verdict of probes"),
        ("[]", "not a verdict of probes"),
        ('{"format_version": 1, "weights": ""}', "KeyError.*'verdict'.*Run `ldsim probe --keep` again"),
        ('{"format_version": 1, "weights": "", "verdict": {}}', "not a verdict of probes"),
        ('{"format_version": 9, "weights": ""}', "format version 9; this library reads version 1"),
    ],
)
def test_a_damaged_verdict(tmp_path: Path, content: str, message: str) -> None:
    if '"format_version": 9' in content:
        content = content.replace("}", ', "verdict": {}}')
    (tmp_path / "probes.json").write_text(content)
    with pytest.raises(CheckpointError, match=f"(?s)probes.json: .*{message}"):
        read_verdict(tmp_path)


def test_table_and_plot(tmp_path: Path) -> None:
    made = report(easiest_unrelated=0.3)
    console = Console(width=140)
    with console.capture() as capture:
        console.print(probe_table(made))
    shown = " ".join(capture.get().split())
    assert all(name in shown for name in SCRIPTS)
    assert "leak on unrelated concepts: 0.00000 a step" in shown
    assert "the best of 128 constant questions on 32 students; greedy among 32 questions" in shown
    assert "exploitable: 'easiest unrelated'" in shown
    figure = probe_plot(made)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == list(SCRIPTS)
    widths = sorted(np.round([bar.get_width() for bar in figure.axes[0].patches], 3))
    assert widths[-1] == pytest.approx(0.3)
    save_figure(figure, tmp_path / "probes.png")
    assert (tmp_path / "probes.png").stat().st_size > 5_000
