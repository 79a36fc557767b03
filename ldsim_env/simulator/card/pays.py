"""What the simulator pays scripted recommenders for, and how much mastery leaks: the probes, as the card shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ldsim_env.figures import BLUE, GREY, ORANGE
from ldsim_env.simulator.card.shown import Panel, Shown, ShownTable, panel, panel_axes
from ldsim_env.simulator.probes import ProbeReport


@dataclass(frozen=True)
class Pays:
    """A report of the probes."""

    report: ProbeReport

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(self.report.to_json())

    def show(self) -> Shown:
        """A table and a picture."""
        idle = [p for p in self.report.probes if not p.practises_targets]
        worst = max(idle, key=lambda probe: abs(probe.mean_gain))
        return Shown(
            "What it pays for",
            f"Of the scripts that don't practise the targets, {worst.name!r} is paid most: {worst.mean_gain:+.3f} "
            f"(standard error {worst.standard_error:.3f}); a step leaks {self.report.leak:.5f} to unrelated concepts. "
            f"{self.report.n_students} students.",
            [self._table()],
            [self._panel()],
        )

    def _table(self) -> ShownTable:
        rows = tuple(
            (
                p.name,
                "yes" if p.practises_targets else "no",
                f"{p.mean_gain:+.3f}",
                f"{p.standard_error:.3f}",
                f"{p.success_rate:.0%}",
            )
            for p in self.report.probes
        )
        columns = ("script", "practises targets", "mean E_p", "standard error", "right")
        return ShownTable(columns, rows, "E_p: the share of what was missing on the targets that was gained.")

    def _panel(self) -> Panel:
        with panel_axes("Gain of each script", "mean E_p", "") as axes:
            probes = self.report.probes[::-1]
            colours = [BLUE if p.practises_targets else ORANGE for p in probes]
            at = range(len(probes))
            axes.barh(
                at,
                [p.mean_gain for p in probes],
                xerr=[1.96 * p.standard_error for p in probes],
                color=colours,
                error_kw={"ecolor": GREY},
            )
            axes.set_yticks(at, [p.name for p in probes], fontsize=6)
            axes.axvline(0, color=GREY, linewidth=0.8)
            return panel(axes, "Orange scripts don't practise the targets: their bars should be nothing.")
