"""The tables of a comparison on the console: the leaderboard, and how each gain was come by."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ldsim_env.compare.report.harm import ability_groups
from ldsim_env.compare.report.leaderboard import LeaderboardRow, leaderboard, reference_of
from ldsim_env.compare.report.paired_episodes import PairedEpisodes, pair_episodes
from ldsim_env.compare.report.report_settings import ReportSettings
from ldsim_env.compare.report.result_folder import ResultFolder
from ldsim_env.compare.report.run_settings import RunSettings
from ldsim_env.compare.statistics import Interval

SIMULATOR_MARK = "†"


def print_table(results: ResultFolder, console: Console | None = None, settings: ReportSettings | None = None) -> None:
    """Print two tables for each student model, the best policy first.

    Args:
        results: Of `compare`, or read from a folder.
        console: Where to; by default the terminal.
        settings: The reference policy, and how sure the intervals are.
    """
    console = console or Console()
    for model in results.settings.student_models:
        for table in comparison_tables(results, model, settings):
            console.print(table)


def comparison_tables(
    results: ResultFolder, student_model: str, settings: ReportSettings | None = None
) -> tuple[Table, Table]:
    """The leaderboard of one student model, and what is behind it; both fit a terminal of 80 columns."""
    settings = settings or ReportSettings()
    pairs = pair_episodes(results, student_model)
    rows = leaderboard(pairs, results.settings, settings)
    return _leaderboard(rows, pairs, results.settings, settings), _behind(rows, pairs)


def _leaderboard(
    rows: Sequence[LeaderboardRow], pairs: PairedEpisodes, run: RunSettings, settings: ReportSettings
) -> Table:
    percent = f"{settings.confidence:.0%}"
    headings = ("IQM", percent, "mean", "median", "worse", "diff.", percent)
    table = _table(_title(pairs.student_model, run), headings, _caption(rows, pairs, run, settings))
    for row in rows:
        table.add_row(*_gain_cells(row))
    return table


def _behind(rows: Sequence[LeaderboardRow], pairs: PairedEpisodes) -> Table:
    groups = ability_groups(pairs)
    headings = ("better", *(group.name for group in groups), "right", "repeats", "targets", "mastered")
    table = _table("How it was come by", headings, _explanation(bool(groups)))
    for row in rows:
        by_ability = [_number(float(pairs.of(row.policy.name)[:, group.members].mean())) for group in groups]
        table.add_row(row.policy.name, _share(row.improvement), *by_ability, _share(row.success_rate),
                      _share(row.repeat_rate), _share(row.concept_coverage), _mastered(row))  # fmt: skip
    return table


def _table(title: str, headings: Sequence[str], caption: str) -> Table:
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left", box=SIMPLE_HEAD,
                  padding=(0, 1, 0, 0), collapse_padding=True, pad_edge=False)  # fmt: skip
    table.add_column("policy", overflow="fold")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _title(student_model: str, run: RunSettings) -> str:
    several = len(run.student_models) > 1
    return f"Learning gain E_p on {run.env_id}" + (f", student model {student_model}" if several else "")


def _caption(rows: Sequence[LeaderboardRow], pairs: PairedEpisodes, run: RunSettings, settings: ReportSettings) -> str:
    seeds = "1 seed" if len(pairs.seeds) == 1 else f"{len(pairs.seeds)} seeds"
    lines = [
        f"{len(pairs.students)} students, {seeds}, the same students and response noise for every policy.",
        "IQM: mean of the middle half. worse: share of episodes with a gain below 0.",
        f"diff.: mean gain minus that of {reference_of(run, settings)}. Intervals: stratified bootstrap over students.",
    ]
    if any(row.policy.uses_simulator for row in rows):
        lines.append(f"{SIMULATOR_MARK} looks ahead on the simulator itself: an upper bound, not a rival.")
    if pairs.student_model in run.exploitable:
        lines.append(f"{pairs.student_model} pays for easy right answers: a gain on it may be flattery (ldsim probe).")
    return "\n".join(lines)


def _explanation(has_groups: bool) -> str:
    lines = ["better: probability of improvement, the share of pairs with more gain than the reference, ties half."]
    if has_groups:
        lines.append("low, middle, high: mean gain of the thirds by prior ability.")
    return "\n".join([*lines, "targets: share of the targets practised. mastered: episodes, and questions until then."])


def _gain_cells(row: LeaderboardRow) -> list[str]:
    return [
        row.policy.name + (f" {SIMULATOR_MARK}" if row.policy.uses_simulator else ""),
        _number(row.iqm),
        _range(row.iqm_interval),
        _number(row.mean),
        _number(row.median),
        f"{row.share_worse:.1%}",
        "" if row.difference is None else _number(row.difference, "+"),
        "" if row.difference_interval is None else _range(row.difference_interval, "+"),
    ]


def _mastered(row: LeaderboardRow) -> str:
    after = "" if row.questions_to_mastery is None else f", {row.questions_to_mastery:.0f}"
    return f"{row.share_mastered:.0%}{after}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _range(interval: Interval, sign: str = "") -> str:
    return f"{_number(interval.low, sign)}, {_number(interval.high, sign)}"


def _number(value: float, sign: str = "") -> str:
    # Without the zero before the point, as papers print correlations: it saves the columns that the table is short of.
    return f"{value:{sign}.3f}".replace("0.", ".", 1) if abs(value) < 0.9995 else f"{value:{sign}.3f}"
