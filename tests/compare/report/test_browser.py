"""The report opened, clicked and looked at in a headless Chromium; pictures of it are left in ``out/report/``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ldsim_env.compare.report import ReportSettings, write_report

playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright, of the extra 'dev'")

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parents[3]
PICTURES = REPOSITORY / "out" / "report"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WINDOWS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True},
}


def browser_path() -> str:
    found = os.environ.get("LDSIM_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.skip(f"no Chromium: none of {', '.join(NAMES)} is on the path, and LDSIM_CHROMIUM names none")
    return str(found)


@pytest.fixture(scope="module")
def report_file(results_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(results_folder, path, ReportSettings(n_resamples=200))
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = browser_path()
    with playwright.sync_playwright() as driver:
        # Within a container there is no user namespace for the sandbox, and the page is our own.
        running = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Any, report_file: Path) -> Iterator[Callable[[str], Any]]:
    """Opens the report from its file, without a network; whatever a test does, the console must stay silent."""
    contexts, complaints = [], []

    def opened(window: str = "desktop", **options: Any) -> Any:
        contexts.append(browser.new_context(offline=True, **WINDOWS[window], **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda request: None if request.url == report_file.as_uri() else complaints.append(request.url)
        )
        page.goto(report_file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [text for text in complaints if not text.startswith("data:")] == []


def text(page: Any, selector: str) -> str:
    return " ".join(page.inner_text(selector).split())


def visible_panels(page: Any, section: str) -> list[str]:
    panels = page.query_selector_all(f"#{section} .panel")
    return [panel.get_attribute("data-model") for panel in panels if panel.is_visible()]


@pytest.mark.parametrize("window", WINDOWS)
def test_a_picture_is_kept_and_nothing_is_cut_off(open_page: Callable[..., Any], window: str) -> None:
    page = open_page(window)
    for _ in range(5):
        page.click("#forward")
    assert page.evaluate("document.documentElement.scrollWidth") <= WINDOWS[window]["viewport"]["width"]
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.screenshot(path=PICTURES / f"{window}.png", full_page=True)
    assert (PICTURES / f"{window}.png").stat().st_size > 50_000


def test_dark_mode_turns_the_colours(open_page: Callable[..., Any]) -> None:
    brightness = "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color].map(" \
        "c => c.match(/[0-9]+/g).reduce((a, b) => a + +b, 0) / 3)"  # fmt: skip
    paper, ink = open_page("desktop").evaluate(brightness)
    dark_paper, dark_ink = open_page("dark").evaluate(brightness)
    assert (paper > 200, ink < 60) == (True, True)
    assert (dark_paper < 60, dark_ink > 200) == (True, True)


def test_choosing_a_student_model_turns_every_section(open_page: Callable[..., Any]) -> None:
    page = open_page()
    assert visible_panels(page, "leaderboard") == visible_panels(page, "harm") == ["0"]
    page.focus("input[name=model-leaderboard][value='0']")
    page.keyboard.press("ArrowRight")
    assert visible_panels(page, "leaderboard") == visible_panels(page, "harm") == ["1"]
    page.click("#harm .models label:first-of-type")
    assert visible_panels(page, "leaderboard") == ["0"]


def test_tables_are_sorted_by_their_headings(open_page: Callable[..., Any]) -> None:
    page = open_page()
    heading = page.query_selector("#leaderboard .panel:not([hidden]) th:has-text('vs random') button")
    names = "Array.from(document.querySelectorAll('#leaderboard .panel:not([hidden]) tbody th'), h => h.innerText)"
    heading.click()
    descending = page.evaluate(names)
    heading.press("Enter")
    ascending = page.evaluate(names)
    assert descending[:-1] == ascending[:-1][::-1]
    assert descending[-1] == ascending[-1], "the reference has no figure and stays at the end"
    assert heading.evaluate("b => b.parentElement.getAttribute('aria-sort')") == "ascending"


def test_stepping_by_buttons(open_page: Callable[..., Any]) -> None:
    page = open_page()
    assert "Before the first question" in text(page, "#pane-a")
    page.click("#forward")
    assert text(page, "#where") == "question 1 of 8"
    assert "1. Question q" in text(page, "#pane-a")
    assert "P(right) was" in text(page, "#pane-b")
    page.click("#to-end")
    assert text(page, "#where") == "question 8 of 8"
    page.click("#back")
    page.click("#to-start")
    assert "Before the first question" in text(page, "#pane-b")


def test_stepping_by_keys_alone(open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.focus("#seek")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert text(page, "#where") == "question 2 of 8"
    assert "question q" in text(page, "#say"), "a screen reader is told"
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert text(page, "#where") == "question 7 of 8"
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    assert text(page, "#play") == "Pause"
    page.keyboard.press("Space")
    assert text(page, "#play") == "Play"


def test_every_control_can_be_reached_by_the_tab_key(open_page: Callable[..., Any]) -> None:
    page = open_page()
    reached = set()
    for _ in range(90):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.name"))
    assert {"pick-student", "pick-speed", "to-start", "back", "play", "forward", "to-end", "seek", "pick-a",
            "pick-b", "model-leaderboard", "model-harm"} <= reached  # fmt: skip


def test_playing_stops_at_the_end(open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.select_option("#pick-speed", "300")
    page.click("#to-end")
    page.click("#back")
    page.click("#play")
    playwright.expect(page.locator("#where")).to_have_text("question 8 of 8")
    assert text(page, "#play") == "Play"


def test_two_policies_stand_side_by_side_on_the_same_student(open_page: Callable[..., Any]) -> None:
    page = open_page()
    assert page.input_value("#pick-a") == "random"
    assert page.input_value("#pick-b") == "ppo", "the best that a tutor could use"
    page.select_option("#pick-b", "zpd")
    page.select_option("#pick-student", index=3)
    assert page.input_value("#pick-b") == "zpd", "another student keeps the policies"
    targets = [text(page, f"#pane-{side} .chips") for side in "ab"]
    assert targets[0] == targets[1]
    assert targets[0].startswith("To teach: ")


def test_the_player_shows_what_the_folder_says(open_page: Callable[..., Any], results: Any) -> None:
    page = open_page()
    for _ in range(3):
        page.click("#forward")
    row = results.steps.row(by_predicate=_third_step(), named=True)
    pane = text(page, "#pane-a")
    assert f"3. Question {row['question_id']}" in pane
    assert ("✓ right" if row["response"] else "✗ wrong") in pane
    assert f"P(right) was {round(row['answer_prob'] * 100)}%" in pane
    assert f"→ {row['exam_score']:.2f}" in pane


def _third_step() -> Any:
    import polars as pl

    return (
        (pl.col("policy") == "random") & (pl.col("student_model") == "LDSim")
        & (pl.col("seed") == 0) & (pl.col("student") == 0) & (pl.col("step") == 3)
    )  # fmt: skip


def test_a_click_on_the_chart_or_on_an_answer_goes_there(open_page: Callable[..., Any]) -> None:
    page = open_page("phone")
    box = page.query_selector("#exam-box").bounding_box()
    page.click("#exam-box", position={"x": box["width"] / 2, "y": 20})
    assert text(page, "#where") == "question 4 of 8"
    page.click("#pane-b .strip button:nth-child(6)")
    assert text(page, "#where") == "question 6 of 8"


def test_without_scripts_every_figure_is_there(open_page: Callable[..., Any]) -> None:
    page = open_page(java_script_enabled=False)
    assert page.locator("#leaderboard .panel").count() == 2
    assert all(panel.is_visible() for panel in page.locator("#leaderboard .panel").all())
    assert page.locator("#curves path.line").count() > 0
