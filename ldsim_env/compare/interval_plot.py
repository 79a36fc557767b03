"""The plot of a comparison: each policy's learning gain with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldsim_env.compare.report.leaderboard import LeaderboardRow, leaderboard, reference_of
from ldsim_env.compare.report.paired_episodes import PairedEpisodes, pair_episodes
from ldsim_env.compare.report.report_settings import ReportSettings
from ldsim_env.compare.report.result_folder import ResultFolder
from ldsim_env.figures import BLUE, GREY, INK, ORANGE, PALE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def interval_plot(
    results: ResultFolder, student_model: str | None = None, settings: ReportSettings | None = None
) -> Figure:
    """Draw the interquartile mean of each policy's learning gain with its bootstrap interval, the best on top.

    Behind it lies the range of the middle 80% of the episodes; a dashed line stands at the reference policy. Policies
    that look ahead on the simulator have another colour and an open marker.

    Args:
        results: Of `compare`, or read from a folder.
        student_model: Which one; None is the first.
        settings: The reference policy, and how sure the intervals are.

    Raises:
        MissingExtraError: If matplotlib or scipy is not installed.
    """
    settings = settings or ReportSettings()
    pairs = pair_episodes(results, student_model or results.settings.student_models[0])
    rows = leaderboard(pairs, results.settings, settings)[::-1]
    reference = reference_of(results.settings, settings)
    with new_figure(7.0, 1.5 + 0.36 * len(rows), "Plotting a comparison") as figure:
        axes = figure.add_subplot()
        _draw_reference(axes, rows, reference)
        for y, row in enumerate(rows):
            _draw_policy(axes, y, row)
        _label(axes, rows, settings)
        axes.set_title(_title(results, pairs))
        _explain(figure, rows, reference, settings)
    return figure


def _draw_reference(axes: Axes, rows: tuple[LeaderboardRow, ...], reference: str) -> None:
    iqm = next(row.iqm for row in rows if row.policy.name == reference)
    axes.axvline(iqm, color=GREY, linestyle=(0, (4, 3)), linewidth=1, zorder=0)


def _draw_policy(axes: Axes, y: int, row: LeaderboardRow) -> None:
    looks_ahead, interval = row.policy.uses_simulator, row.iqm_interval
    colour = ORANGE if looks_ahead else BLUE
    axes.plot([row.spread.low, row.spread.high], [y, y], color=PALE, linewidth=6, solid_capstyle="butt", zorder=1)
    axes.plot([interval.low, interval.high], [y, y], color=colour, linewidth=2.4, solid_capstyle="butt", zorder=2)
    axes.plot(
        row.iqm, y, "D" if looks_ahead else "o", markersize=5.5, markeredgewidth=1.5,
        color=colour, markerfacecolor="white" if looks_ahead else colour, zorder=3,
    )  # fmt: skip
    text = f"{row.iqm:.3f}  [{interval.low:.3f}, {interval.high:.3f}]"
    axes.text(1.02, y, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8, family="monospace")


def _label(axes: Axes, rows: tuple[LeaderboardRow, ...], settings: ReportSettings) -> None:
    axes.set_yticks(range(len(rows)), [row.policy.label for row in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=PALE, linewidth=0.6, alpha=0.7, zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel(r"normalised learning gain $E_p$")
    axes.text(
        1.02, len(rows) - 0.45, f"IQM  [{settings.confidence:.0%} interval]",
        transform=axes.get_yaxis_transform(), va="bottom", fontsize=8, family="monospace", color=GREY,
    )  # fmt: skip


def _title(results: ResultFolder, pairs: PairedEpisodes) -> str:
    run = results.settings
    model = f", {pairs.student_model}" if len(run.student_models) > 1 else ""
    seeds = "1 seed" if len(pairs.seeds) == 1 else f"{len(pairs.seeds)} seeds"
    return f"{run.env_id}{model}: {len(pairs.students)} students, {seeds}, paired"


def _explain(figure: Figure, rows: tuple[LeaderboardRow, ...], reference: str, settings: ReportSettings) -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415 - an optional package

    handles = [
        Line2D([], [], color=BLUE, marker="o", linewidth=2.4, label=f"IQM, {settings.confidence:.0%} bootstrap"),
        Line2D([], [], color=PALE, linewidth=6, label="middle 80% of episodes"),
        Line2D([], [], color=GREY, linestyle=(0, (4, 3)), linewidth=1, label=f"{reference} (reference)"),
    ]
    if any(row.policy.uses_simulator for row in rows):
        label = "looks ahead on the simulator"
        handles.insert(1, Line2D([], [], color=ORANGE, marker="D", markerfacecolor="white", linewidth=2.4, label=label))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), fontsize=7.5, labelcolor=INK,
        handlelength=1.8, columnspacing=1.4,
    )  # fmt: skip
