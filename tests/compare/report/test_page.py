from __future__ import annotations

import html
import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ldsim_env.compare.report import ReportSettings, ResultFolder, render_page, write_report
from ldsim_env.compare.report.result_folder import CURVE_COLUMNS
from ldsim_env.errors import CheckpointError, MissingExtraError, SettingsError
from tests.compare.report.made_up_results import Size, write_results
from tests.compare.report.test_paired_episodes import with_episodes

VOID = {"meta", "link", "input", "br", "path", "line", "rect", "circle"}


class Outline(HTMLParser):
    """Section ids, attributes that load something, and tags that are opened but not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.sections: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag == "section" and found.get("id"):
            self.sections.append(str(found["id"]))
        self.links += [str(found[name]) for name in ("href", "src", "srcset", "action", "data") if name in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    parser.close()
    return parser


@pytest.fixture(scope="module")
def page(results: ResultFolder, settings: ReportSettings) -> str:
    return render_page(results, settings)


def test_every_section_is_there_and_every_tag_closed(page: str) -> None:
    found = outline(page)
    assert found.sections == ["leaderboard", "harm", "students", "curves", "matrix", "settings"]
    assert found.open == []


def test_the_page_loads_nothing(page: str) -> None:
    assert all(link.startswith("#") or link == "data:," for link in outline(page).links)
    assert re.findall(r"(?i)\b(?:https?:)?//[a-z]", page.replace("http://www.w3.org/2000/svg", "")) == []
    assert not re.search(r"\beval\(|new Function|@import|url\(", page)
    assert "default-src 'none'" in page


def test_names_are_text_and_not_markup(page: str) -> None:
    assert "PPO <5 seeds>" not in page
    assert "PPO &lt;5 seeds&gt;" in page
    assert page.count("</script>") == 3
    data = re.search(r'id="player-data">(.*?)</script>', page)
    assert data is not None
    assert json.loads(data[1])["concepts"][2] == 'Fractions <of> a "Whole" & Parts'


def test_the_page_says_who_uses_the_simulator_and_what_is_exploitable(page: str) -> None:
    text = html.unescape(re.sub(r"<[^>]+>|\s+", " ", page))
    assert re.search(r"† Upper bound. +greedy +looks? +ahead on the simulator", text)
    assert re.search(r"Exploitable. +DKT +\(easy right answers raise its mastery\)", text)


def test_numbers_of_the_run_are_there(page: str) -> None:
    for fact in ("LDSim-MadeUp-v0", "abc123", "cohort_split", "made up", "2026-01-02", "ppo.zip", "trained here"):
        assert fact in page


def test_what_there_is_no_data_for_is_left_out(results: ResultFolder, settings: ReportSettings) -> None:
    one_model = results.episodes.filter((pl.col("student_model") == "LDSim") & (pl.col("student") < 4))
    bare = replace(
        with_episodes(results, one_model),
        steps=results.steps.clear(),
        curves=pl.DataFrame(schema=dict.fromkeys(CURVE_COLUMNS, pl.Null)),
        settings=replace(results.settings, exploitable={}),
    )
    page = render_page(bare, settings)
    found = outline(page)
    assert found.sections == ["leaderboard", "settings"]
    assert [link for link in found.links if link not in ("#main", "data:,")] == ["#leaderboard", "#settings"]
    assert "Exploitable" not in page


def test_a_policy_that_taught_one_model_alone(results: ResultFolder, settings: ReportSettings) -> None:
    some = (pl.col("policy") != "zpd") | (pl.col("student_model") == "LDSim")
    partly = replace(results, episodes=results.episodes.filter(some), steps=results.steps.filter(some))
    page = render_page(partly, settings)
    assert outline(page).open == []


@pytest.mark.slow
def test_200_episodes_stay_under_8_megabytes_though_every_concept_moves(
    tmp_path: Path, settings: ReportSettings
) -> None:
    names = tuple(f"A concept with a name of usual length, {k}" for k in range(110))
    size = Size(n_students=25, n_steps=30, n_recorded=25, student_models=("LDSim",), concepts=names)
    folder = write_results(tmp_path / "results", size)
    steps = pl.read_parquet(folder / "steps.parquet")
    moving = np.random.default_rng(0).random((steps.height, len(names)), np.float32)
    steps.with_columns(pl.Series("mastery", moving.tolist())).write_parquet(folder / "steps.parquet")
    write_report(folder, tmp_path / "report.html", settings)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "200 of 200 recorded episodes" in re.sub(r"\s+", " ", page)
    assert (tmp_path / "report.html").stat().st_size < 8_000_000


def test_the_file_is_written_whole(results_folder: Path, tmp_path: Path, settings: ReportSettings) -> None:
    path = tmp_path / "new" / "report.html"
    write_report(results_folder, path, settings)
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert list(path.parent.iterdir()) == [path]


def test_bad_results_leave_an_old_report_alone(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(CheckpointError, match="no such folder"):
        write_report(tmp_path / "absent", path)
    assert path.read_text() == "old"


def test_another_ending_is_refused(results_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"out: expected a name that ends in .html, got 'report.pdf'"):
        write_report(results_folder, tmp_path / "report.pdf")


def test_missing_jinja_names_the_extra(
    results: ResultFolder, settings: ReportSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"Writing a report needs.*ldsim-env\[report\]"):
        render_page(results, settings)
