"""The report page: seconds to write it, bytes, and seconds until a headless Chromium has opened it.

    python benchmarks/report_page.py [--results FOLDER] [--opens 5]

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
LOAD_EVENT = "performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"


def main() -> None:
    """Measure, print and write the figures."""
    options = _options()
    folder = options.results or _compare()
    page = COMPARED.with_suffix(".html")
    start = time.perf_counter()
    write_report(folder, page, ReportSettings(n_player_episodes=200))
    report = {
        "machine": machine(),
        "episodes": read_result_folder(folder).episodes.height,
        "seconds_to_write": time.perf_counter() - start,
        "bytes": page.stat().st_size,
        **_open(page, options.opens),
    }
    print(json.dumps(report, indent=2))
    write_json(options.out, report)


def _compare() -> Path:
    command = [sys.executable, "-m", "ldsim_env", "compare", *POLICIES, "--students", "50", "--recorded", "50"]
    subprocess.run([*command, "--out", str(COMPARED)], check=True)
    return COMPARED


def _open(page: Path, n_opens: int) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - the size is known without it

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        opened = [_open_once(browser, page) for _ in range(n_opens)]
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


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, help="a folder that `ldsim compare --out` wrote")
    parser.add_argument("--opens", type=int, default=5, help="times to open the page")
    parser.add_argument("--out", type=Path, default=RESULTS / "report-page.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
