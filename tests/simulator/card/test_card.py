"""The whole card: every part, the page, the JSON, and the command."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from typer.testing import CliRunner

from ldsim_env.cli import app
from ldsim_env.errors import SettingsError
from ldsim_env.logs import ResponseLog, StudentHistory, match_bank, read_logs
from ldsim_env.simulator import evaluate, predict_tasks, save_simulator
from ldsim_env.simulator.card import CardSettings, FidelityCard, make_card
from ldsim_env.simulator.card.drift_size import DriftSize
from tests.simulator.made_up import DriftingStudent, four_line, made_up_network, wide_bank

BANK = wide_bank(n_concepts=4)
VOID = {"meta", "br", "hr", "img", "link", "input"}
PARTS = {
    "tasks", "calibration", "thin_evidence", "subgroups", "learning_curves", "resemblance", "drift_size",
    "right_answers", "pays",
}  # fmt: skip
SETTINGS = CardSettings(probe_students=4, seeds=2)


def practice_log(n_students: int = 30, length: int = 44, seed: int = 0) -> ResponseLog:
    """Students who practise a concept a few questions at a time."""
    rng = np.random.default_rng(seed)
    histories = []
    for i in range(n_students):
        concept = np.repeat(rng.integers(4, size=length), rng.integers(1, 6, size=length))[:length]
        questions = (concept + 4 * rng.integers(30, size=length)).astype(np.int32)
        histories.append(StudentHistory(f"s{i}", questions, (rng.random(length) < rng.beta(3, 2)).astype(np.int8)))
    return ResponseLog.from_histories(BANK, histories, "folder/students.csv")


class Page(HTMLParser):
    """Checks that tags are closed in order, and keeps what matters."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "xlink:href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "xlink:href"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def log() -> ResponseLog:
    return practice_log()


@pytest.fixture(scope="module")
def card(log: ResponseLog) -> FidelityCard:
    network = made_up_network(BANK)
    return make_card(network, match_bank(log, BANK), name="TINY <&>", training=log, settings=SETTINGS)


@pytest.fixture(scope="module")
def saved(card: FidelityCard, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, object]]:
    page, data = card.save(tmp_path_factory.mktemp("card") / "new")
    return page.read_text(), json.loads(data.read_text())


def test_every_part_is_there(card: FidelityCard, saved: tuple[str, dict[str, object]]) -> None:
    assert set(card.parts) == PARTS
    assert set(saved[1]["parts"]) == PARTS  # type: ignore[call-overload]
    assert saved[1]["source"] == "students.csv"


def test_page_is_whole_and_needs_no_network(saved: tuple[str, dict[str, object]]) -> None:
    page = Page(saved[0])
    assert page.open == []
    assert page.links
    assert all(link.startswith("#") for link in page.links)
    assert not {"script", "link", "iframe", "img"} & set(page.tags)
    assert "@import" not in saved[0]
    assert not re.search(r"url\((?!#)", saved[0])


def test_page_is_for_small_and_dark_screens(saved: tuple[str, dict[str, object]]) -> None:
    assert "width=device-width" in saved[0]
    assert "prefers-color-scheme: dark" in saved[0]
    assert "#222222" not in saved[0]  # the ink of the pictures follows the page


def test_names_are_text_not_markup(saved: tuple[str, dict[str, object]]) -> None:
    assert "TINY &lt;&amp;&gt;" in saved[0]


def test_page_and_json_have_the_figures_of_the_evaluation(
    log: ResponseLog, saved: tuple[str, dict[str, object]]
) -> None:
    evaluation = evaluate(log, predict_tasks(made_up_network(BANK), log, seeds=2))
    tasks = saved[1]["parts"]["tasks"]  # type: ignore[index]
    for name, task in evaluation.tasks.items():
        assert tasks[name]["overall"]["auc"] == pytest.approx(task.overall.auc)
    cells = Page(saved[0]).text
    assert f"{evaluation.tasks['kt'].overall.auc:.3f}" in cells


def test_every_picture_says_how_to_read_it(card: FidelityCard, saved: tuple[str, dict[str, object]]) -> None:
    tags = Page(saved[0]).tags
    assert tags.count("svg") == tags.count("figcaption") == sum(len(p.show().panels) for p in card.parts.values())


def test_training_students_are_told(card: FidelityCard, saved: tuple[str, dict[str, object]]) -> None:
    assert card.warnings[0].startswith("30 of the 30 students")
    assert "30 of the 30 students" in saved[0]


def test_any_student_model_has_a_card(log: ResponseLog, tmp_path: Path) -> None:
    made = make_card(DriftingStudent(BANK), match_bank(log, BANK), name="fixed", settings=SETTINGS)
    made.save(tmp_path)
    size = made.to_json()["parts"]["drift_size"]
    assert size["fits"] is None
    assert list(size["run"]["simulated"]) == ["1"]


def test_drift_of_an_ability_is_weighed(card: FidelityCard) -> None:
    size = card.to_json()["parts"]["drift_size"]
    assert list(size["run"]["simulated"]) == ["0", "0.5", "1", "1.5", "2"]
    overall = size["course"]["overall"][1]
    assert overall["0"] < overall["1"] < overall["2"]
    assert size["fits"]["course"]["low"] <= size["fits"]["course"]["best"] <= size["fits"]["course"]["high"]


def test_a_tutor_of_another_rule_is_told(card: FidelityCard) -> None:
    size = cast(DriftSize, card.parts["drift_size"])
    told = {at_stop: replace(size, end_shares=(0.1, 0.2, 0.3, at_stop)).show().result for at_stop in (0.2, 0.4)}
    assert "not under that rule (20% of their runs end at three right in a row, 30% at two)" in told[0.2]
    assert "not under that rule" not in told[0.4]


@pytest.mark.parametrize("name", ["probe_students", "seeds"])
def test_settings_are_checked(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: expected at least 2, got 1"):
        CardSettings(**{name: 1})


def test_command_writes_the_card(log: ResponseLog, tmp_path: Path) -> None:
    logs = tmp_path / "students.csv"
    logs.write_text(four_line(log))
    save_simulator(made_up_network(read_logs([logs]).bank), tmp_path / "simulator")
    command = ["card", str(tmp_path / "simulator"), str(logs), "--out", str(tmp_path / "out"), "--probe-students", "4"]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0
    assert "can't be told" in result.output
    assert json.loads((tmp_path / "out" / "simulator.json").read_text())["n_students"] == 30
    assert (tmp_path / "out" / "simulator.html").is_file()
