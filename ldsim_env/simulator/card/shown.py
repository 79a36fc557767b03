"""What every part of a fidelity card gives the page: a title, one sentence of result, tables and pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ldsim_env.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_SIZE = (3.7, 2.8)  # inches: small enough for a telephone, and two or three stand side by side on a screen


class Panel(NamedTuple):
    """A picture and the sentence that says how to read it."""

    figure: Figure
    reading: str


class ShownTable(NamedTuple):
    """A table of ready-made cells; the first column names the rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    reading: str


@dataclass(frozen=True)
class Shown:
    """One part of the card, ready for the page.

    Args:
        title: Heading.
        result: One sentence with the part's main figures.
        tables: Tables, in order.
        panels: Pictures, in order.
    """

    title: str
    result: str
    tables: Sequence[ShownTable] = ()
    panels: Sequence[Panel] = ()


@contextmanager
def panel_axes(title: str, x: str, y: str) -> Iterator[Axes]:
    """The axes of one picture of the card; its figure is ``axes.figure``."""
    with new_figure(*PANEL_SIZE, "Drawing a fidelity card") as figure:
        axes = figure.subplots()
        axes.set(title=title, xlabel=x, ylabel=y)
        yield axes


def panel(axes: Axes, reading: str) -> Panel:
    """The picture whose axes were drawn within `panel_axes`."""
    figure = axes.get_figure(root=True)
    assert figure is not None  # axes of a subplot have one
    return Panel(figure, reading)
