"""The plot of a comparison: each policy's learning gain with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ldsim_env.compare.results import Comparison
from ldsim_env.compare.statistics import PolicySummary, summarise
from ldsim_env.figures import BLUE, GREY, INK, ORANGE, PALE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MIDDLE_OF_STUDENTS = (10, 90)


def interval_plot(comparison: Comparison) -> Figure:
    """Draw the interquartile mean of each policy's learning gain with its bootstrap interval, the best on top.

    Behind it lies the range of the middle 80% of the students; a dashed line stands at the reference policy. Policies
    that look ahead on the simulator have another colour and an open marker.

    Raises:
        MissingExtraError: If matplotlib or scipy is not installed.
    """
    summaries = sorted(summarise(comparison), key=lambda summary: summary.iqm)
    height = 1.5 + 0.36 * len(summaries)
    with new_figure(7.0, height, "Plotting a comparison") as figure:
        axes = figure.add_subplot()
        _draw_reference(axes, comparison, summaries)
        for y, summary in enumerate(summaries):
            _draw_policy(axes, y, summary, comparison)
        _label(axes, comparison, summaries)
        _explain(figure, axes, comparison)
    return figure


def _draw_reference(axes: Axes, comparison: Comparison, summaries: list[PolicySummary]) -> None:
    reference = next(s for s in summaries if s.policy == comparison.settings.reference)
    axes.axvline(reference.iqm, color=GREY, linestyle=(0, (4, 3)), linewidth=1, zorder=0)


def _draw_policy(axes: Axes, y: int, summary: PolicySummary, comparison: Comparison) -> None:
    colour = ORANGE if summary.uses_simulator else BLUE
    low, high = np.percentile(comparison.gains_of(summary.policy), MIDDLE_OF_STUDENTS)
    axes.plot([low, high], [y, y], color=PALE, linewidth=6, solid_capstyle="butt", zorder=1)
    interval = summary.iqm_interval
    axes.plot([interval.low, interval.high], [y, y], color=colour, linewidth=2.4, solid_capstyle="butt", zorder=2)
    axes.plot(
        summary.iqm, y, "D" if summary.uses_simulator else "o", markersize=5.5, markeredgewidth=1.5,
        color=colour, markerfacecolor="white" if summary.uses_simulator else colour, zorder=3,
    )  # fmt: skip
    text = f"{summary.iqm:.3f}  [{interval.low:.3f}, {interval.high:.3f}]"
    axes.text(1.02, y, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8, family="monospace")


def _label(axes: Axes, comparison: Comparison, summaries: list[PolicySummary]) -> None:
    settings = comparison.settings
    axes.set_yticks(range(len(summaries)), [summary.policy for summary in summaries])
    axes.set_ylim(-0.6, len(summaries) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=PALE, linewidth=0.6, alpha=0.7, zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel(r"normalised learning gain $E_p$")
    n_seeds = len(settings.seeds)
    seeds = "1 seed" if n_seeds == 1 else f"{n_seeds} seeds"
    axes.set_title(f"{settings.env_id}: {settings.n_students} students, {seeds}, paired")
    axes.text(
        1.02, len(summaries) - 0.45, f"IQM  [{settings.confidence:.0%} interval]",
        transform=axes.get_yaxis_transform(), va="bottom", fontsize=8, family="monospace", color=GREY,
    )  # fmt: skip


def _explain(figure: Figure, axes: Axes, comparison: Comparison) -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415 - an optional package

    percent = f"{comparison.settings.confidence:.0%}"
    handles = [
        Line2D([], [], color=BLUE, marker="o", linewidth=2.4, label=f"IQM, {percent} bootstrap"),
        Line2D([], [], color=PALE, linewidth=6, label="middle 80% of students"),
        Line2D(
            [], [], color=GREY, linestyle=(0, (4, 3)), linewidth=1, label=f"{comparison.settings.reference} (reference)"
        ),
    ]
    if any(comparison.uses_simulator):
        label = "looks ahead on the simulator"
        handles.insert(1, Line2D([], [], color=ORANGE, marker="D", markerfacecolor="white", linewidth=2.4, label=label))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), fontsize=7.5, labelcolor=INK,
        handlelength=1.8, columnspacing=1.4,
    )  # fmt: skip
