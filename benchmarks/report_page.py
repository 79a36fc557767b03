"""The report page: seconds to write it, bytes, and seconds until a headless Chromium has opened it.

    python benchmarks/report_page.py [--results FOLDER] [--curves FOLDER ...] [--opens 5] [--pictures FOLDER]

Without a folder of results, four simple policies are compared on 50 students first: 200 episodes, all of them in the
player. Seconds of opening run from the start of the navigation to the end of the page's load event; seconds of the main
thread are what the page itself needs, however busy the machine is. Needs Chromium and the package playwright.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from parts.machine import machine
from parts.timing import spread

from ldsim_env.compare.report import ReportSettings, read_result_folder, write_report
from ldsim_env.files import write_json

RESULTS = Path(__file__).parent / "results"
COMPARED = Path("out/report-benchmark")
POLICIES = ("random", "random-target", "zpd", "zpd-weakest")
N_QUESTIONS_SHOWN = 10
LOAD_EVENT = "performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"


def main() -> None:
    """Measure, print and write the figures."""
    options = _options()
    folder = options.results or _compare()
    page = COMPARED.with_suffix(".html")
    start = time.perf_counter()
    write_report(folder, page, ReportSettings(n_player_episodes=200), options.curves)
    report = {
        "machine": machine(),
        "episodes": read_result_folder(folder).episodes.height,
        "seconds_to_write": time.perf_counter() - start,
        "bytes": page.stat().st_size,
        **_open(page, options.opens, options.pictures),
    }
    print(json.dumps(report, indent=2))
    write_json(options.out, report)


def _compare() -> Path:
    command = [sys.executable, "-m", "ldsim_env", "compare", *POLICIES, "--students", "50", "--recorded", "50"]
    subprocess.run([*command, "--out", str(COMPARED)], check=True)
    return COMPARED


def _open(page: Path, n_opens: int, pictures: Path | None) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - the size is known without it

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        opened = [_open_once(browser, page) for _ in range(n_opens)]
        if pictures:
            _photograph(browser, page, pictures)
        browser.close()
    return {name: spread([one[name] for one in opened]) for name in opened[0]}


def _open_once(browser: Any, page: Path) -> dict[str, float]:
    context = browser.new_context(offline=True)
    tab = context.new_page()
    meter = context.new_cdp_session(tab)
    meter.send("Performance.enable", {"timeDomain": "threadTicks"})
    tab.goto(page.absolute().as_uri())
    metrics = {one["name"]: one["value"] for one in meter.send("Performance.getMetrics")["metrics"]}
    seconds = tab.evaluate(LOAD_EVENT)
    context.close()
    return {"seconds_to_open": seconds, "seconds_of_main_thread": metrics["TaskDuration"]}


def _photograph(browser: Any, page: Path, pictures: Path) -> None:
    """The page's top, the player after ten questions, the student models in dark mode, and the player on a phone."""
    _look(browser, page, {"viewport": {"width": 1280, "height": 1400}}).screenshot(path=pictures / "report_top.png")
    wide = {"viewport": {"width": 1280, "height": 900}}
    phone = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
    _section(_look(browser, page, wide), "students").screenshot(path=pictures / "report_player.png")
    dark = _look(browser, page, {**wide, "color_scheme": "dark"})
    _section(dark, "matrix").screenshot(path=pictures / "report_dark.png")
    _section(_look(browser, page, phone), "students").screenshot(path=pictures / "report_phone.png")


def _look(browser: Any, page: Path, window: dict[str, Any]) -> Any:
    tab = browser.new_context(offline=True, **window).new_page()
    tab.goto(page.absolute().as_uri())
    return tab


def _section(tab: Any, name: str) -> Any:
    tab.add_style_tag(content="nav { position: static !important } .bar i { transition: none !important }")
    for _ in range(N_QUESTIONS_SHOWN):
        tab.click("#forward")
    return tab.locator(f"#{name}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, help="a folder that `ldsim compare --out` wrote")
    parser.add_argument("--curves", type=Path, nargs="*", default=[], help="folders of trainings")
    parser.add_argument("--pictures", type=Path, help="leave pictures of the page in this folder")
    parser.add_argument("--opens", type=int, default=5, help="times to open the page")
    parser.add_argument("--out", type=Path, default=RESULTS / "report-page.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
