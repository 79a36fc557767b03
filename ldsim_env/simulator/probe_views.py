"""A table and a picture of a student model's probes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from ldsim_env.figures import BLUE, GREY, ORANGE, PALE, new_figure
from ldsim_env.simulator.probe_verdict import MOST_UNRELATED, judge
from ldsim_env.simulator.probes import ProbeReport

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KIND_COLOURS = {"unrelated": ORANGE, "any": GREY, "practice": BLUE}
KIND_NAMES = {"unrelated": "unrelated to the targets", "any": "any question", "practice": "practice of the targets"}


def probe_table(report: ProbeReport) -> Table:
    """A console table of the gains, with the leak, what was searched, and the verdict below."""
    title = f"E_p of {report.settings.steps} questions over {report.n_students} students, ± two standard errors"
    table = Table(title=title, title_justify="left", caption=_caption(report), caption_justify="left")
    table.add_column("script", no_wrap=True)
    for name in ("expected", "as it came", "right"):
        table.add_column(name, justify="right", no_wrap=True)
    last_of_kind = {probe.kind: probe.name for probe in report.probes}.values()
    for probe in report.probes:
        gains = ((probe.expected_gain, probe.expected_error), (probe.mean_gain, probe.standard_error))
        figures = [f"{gain:+.4f} ±{2 * error:.3f}" for gain, error in gains]
        table.add_row(probe.name, *figures, f"{probe.success_rate:.2f}", end_section=probe.name in last_of_kind)
    return table


def _caption(report: ProbeReport) -> str:
    settings = report.settings
    return (
        f"leak on unrelated concepts: {report.leak:.5f} a step\n"
        f"searched: the best of {settings.n_constants} constant questions on {settings.search_students} students; "
        f"greedy among {settings.n_greedy} questions a student and step\n"
        f"{judge(report).in_words()}"
    )


def probe_plot(report: ProbeReport) -> Figure:
    """The expected gain of each script with twice its standard error, and the band that unrelated ones must stay in."""
    with new_figure(7, 0.6 + 0.26 * len(report.probes), "Drawing the probes") as figure:
        axes = figure.subplots()
        axes.axvspan(-MOST_UNRELATED, MOST_UNRELATED, color=PALE, zorder=0, linewidth=0)
        for kind, name in KIND_NAMES.items():
            rows = [(row, probe) for row, probe in enumerate(report.probes) if probe.kind == kind]
            gain, error = [p.expected_gain for _, p in rows], [2 * p.expected_error for _, p in rows]
            axes.barh([row for row, _ in rows], gain, xerr=error, color=KIND_COLOURS[kind], label=name, height=0.65)
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_yticks(range(len(report.probes)), [probe.name for probe in report.probes])
        axes.invert_yaxis()
        axes.set(xlabel=f"expected E_p of {report.settings.steps} questions", title="What each script is paid")
        figure.legend(loc="outside lower center", ncols=len(KIND_NAMES), fontsize=8)
        return figure
