"""How the card shows the size of the effect of practice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldsim_env.figures import BLUE, GREY, INK, ORANGE
from ldsim_env.simulator.card.shown import Panel, Shown, ShownTable, panel, panel_axes

if TYPE_CHECKING:
    from ldsim_env.simulator.card.drift_size import Comparison, DriftSize

COLOURS = {0.0: GREY, 0.5: "#8fb3d9", 1.0: BLUE, 1.5: "#e6a27f", 2.0: ORANGE}
TITLE = "Is the effect of practice the right size?"
COURSE_READING = "From mid-history on, under the stop rule: the line among the dots has the right effect of practice."
RUN_READING = "Each run from the real student's state on; × 0 shows what the stop rule's selection does alone."
PRACTICE_READING = "The mean effect of one question on the mastery of its concepts, whatever the answer."


def show_drift_size(size: DriftSize) -> Shown:
    """Result, tables and pictures."""
    panels = [
        _curves("The course, under the stop rule", "number of the run", size.course, COURSE_READING),
        _curves("Within a run, under the stop rule", "opportunity in the run", size.run, RUN_READING),
        _practice_panel(size),
    ]
    tables = [_table("opportunity", size.run, "Share right by opportunity in a run; × 1 is the simulator as it is.")]
    return Shown(TITLE, _result(size), [*_fits_table(size), *tables], panels)


def _result(size: DriftSize) -> str:
    real, simulated = size.course.overall[0], size.course.overall[1][1.0]
    first = size.run.simulated[1.0][0] - size.run.real[0]
    text = (
        f"From mid-history on, under the tutor's stop rule, simulated students get {simulated:.1%} right and real ones "
        f"{real:.1%}. "
    )
    *_, before, at_stop = size.end_shares
    is_ruled = at_stop > before
    if not is_ruled:
        text += (
            f"But students of this log are not under that rule ({at_stop:.0%} of their runs end at three right in a "
            f"row, {before:.0%} at two), so the course says nothing of the size. "
        )
    if size.fits:
        of_course = f"{size.fits.course} fits that course best, by " if is_ruled else ""
        of_next = "the next answers" if is_ruled else "fits the next answers best"
        text += f"Practice weighed by {of_course}{size.fits.next_answer} {of_next}. "
    return text + (
        f"At the first question of a run simulated students differ from real ones by {first:+.1%}; to the second, real "
        f"students change by {size.run.real[1] - size.run.real[0]:+.1%} and simulated ones by "
        f"{size.run.simulated[1.0][1] - size.run.simulated[1.0][0]:+.1%}."
    )


def _fits_table(size: DriftSize) -> list[ShownTable]:
    if size.fits is None:
        return []
    rows = (
        ("share right over the course", str(size.fits.course)),
        ("log loss of the next answer, true answers shown", str(size.fits.next_answer)),
        ("growth within a run since its first question", str(size.fits.run)),
        ("growth within a run since its second question", str(size.fits.run_after_first)),
    )
    reading = "1 is the simulator as it is, 0 one that never learns; intervals of 95% over resampled students."
    return [ShownTable(("measure", "best factor on practice"), rows, reading)]


def _table(column: str, comparison: Comparison, reading: str) -> ShownTable:
    curves = comparison.simulated
    columns = (column, "real answers", "real", *(f"× {factor:g}" for factor in curves))
    rows = tuple(
        (str(i + 1), f"{n:,}", f"{real:.1%}", *(f"{curve[i]:.1%}" for curve in curves.values()))
        for i, (n, real) in enumerate(zip(comparison.answers, comparison.real, strict=True))
    )
    return ShownTable(columns, rows, reading)


def _curves(title: str, x: str, comparison: Comparison, reading: str) -> Panel:
    with panel_axes(title, x, "share right") as axes:
        at = range(1, len(comparison.real) + 1)
        for factor, curve in comparison.simulated.items():
            axes.plot(at, curve, color=COLOURS[factor], linewidth=1.2, label=f"simulated × {factor:g}")
        axes.plot(at, comparison.real, color=INK, marker="o", markersize=3.5, linewidth=0.6, label="real")
        axes.locator_params(axis="x", integer=True)
        axes.legend(loc="best", fontsize=6)
        return panel(axes, reading)


def _practice_panel(size: DriftSize) -> Panel:
    with panel_axes("What a repetition adds", "opportunity in the run", "logits of mastery") as axes:
        axes.plot(range(1, len(size.practice) + 1), size.practice, color=BLUE, marker="o", markersize=3.5)
        axes.set_ylim(bottom=min(0.0, *size.practice))
        return panel(axes, PRACTICE_READING)
