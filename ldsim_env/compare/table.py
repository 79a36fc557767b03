"""The table of a comparison on the console."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ldsim_env.compare.results import Comparison
from ldsim_env.compare.statistics import Interval, PolicySummary, summarise

SIMULATOR_MARK = "†"


def print_table(comparison: Comparison, console: Console | None = None) -> None:
    """Print the policies, the best first.

    Args:
        comparison: The outcome.
        console: Where to; by default the terminal.
    """
    console = console or Console()
    console.print(comparison_table(comparison))


def comparison_table(comparison: Comparison) -> Table:
    """The table, the best policy first; it fits a terminal of 80 columns."""
    settings = comparison.settings
    percent = f"{settings.confidence:.0%}"
    table = Table(
        title=f"Learning gain E_p on {settings.env_id}",
        title_justify="left",
        caption=_caption(comparison),
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        collapse_padding=True,
        pad_edge=False,
    )
    table.add_column("policy", overflow="fold")
    for heading in ("IQM", percent, "mean", "median", "worse", f"vs {settings.reference}", percent):
        table.add_column(heading, justify="right", no_wrap=True)
    for summary in sorted(summarise(comparison), key=lambda s: s.iqm, reverse=True):
        table.add_row(*_cells(summary, settings.reference))
    return table


def _caption(comparison: Comparison) -> str:
    settings = comparison.settings
    seeds = "1 seed" if len(settings.seeds) == 1 else f"{len(settings.seeds)} seeds"
    lines = [
        f"{settings.n_students} students, {seeds}, the same students and response noise for every policy.",
        "IQM: mean of the middle half. worse: share of episodes with a gain below 0.",
        "Intervals: stratified bootstrap over students.",
    ]
    if any(comparison.uses_simulator):
        lines.append(f"{SIMULATOR_MARK} looks ahead on the simulator itself: an upper bound, not a rival.")
    return "\n".join(lines)


def _cells(summary: PolicySummary, reference: str) -> list[str]:
    mark = f" {SIMULATOR_MARK}" if summary.uses_simulator else ""
    is_reference = summary.policy == reference
    return [
        summary.policy + mark,
        _number(summary.iqm),
        _range(summary.iqm_interval),
        _number(summary.mean),
        _number(summary.median),
        f"{summary.share_negative:.1%}",
        "" if is_reference else _number(summary.difference, "+"),
        "" if is_reference else _range(summary.difference_interval, "+"),
    ]


def _range(interval: Interval, sign: str = "") -> str:
    return f"{_number(interval.low, sign)}, {_number(interval.high, sign)}"


def _number(value: float, sign: str = "") -> str:
    # Without the zero before the point, as papers print correlations: it saves the columns that the table is short of.
    return f"{value:{sign}.3f}".replace("0.", ".", 1) if abs(value) < 0.9995 else f"{value:{sign}.3f}"
