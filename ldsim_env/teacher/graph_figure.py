"""The drawn concept graph: prerequisites flow from left to right."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldsim_env.errors import missing_extra
from ldsim_env.figures import save_figure
from ldsim_env.teacher.cycles import load_networkx
from ldsim_env.teacher.graph import ConceptGraph, Relation
from ldsim_env.teacher.graph_layout import Layout, layered_layout
from ldsim_env.teacher.prompts import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMN, _ROW = 2.45, 0.72  # inches from one column or row to the next
_BOX_WIDTH, _BOX_HEIGHT = 1.6, 0.52  # inches
_LINE_LENGTH, _LINES = 21, 3  # letters in a line of a box, lines in a box
_INK, _GREY, _PAPER = "#1f2933", "#8a94a3", "#ffffff"
_TONES = ("#2f6db3", "#c8642a", "#2e8b6f", "#8a5aa8", "#b3403f", "#8c7a1f", "#3d8fa6", "#b0578d", "#5c6f82", "#6a8f2f")


def save_graph_figure(graph: ConceptGraph, path: Path, title: str = "") -> None:
    """Draw a graph and write it; the name's ending decides the format.

    Args:
        graph: The graph.
        path: A name that ends in .png, .svg or .pdf.
        title: A title; empty writes the teacher's name.

    Raises:
        SettingsError: If the ending is none of these.
        MissingExtraError: If matplotlib or networkx is not installed.
    """
    save_figure(draw_graph(graph, title), path)


def draw_graph(graph: ConceptGraph, title: str = "") -> Figure:
    """Draw a graph: a column for each prerequisite depth, a colour for each group of densely connected concepts.

    A line's strength is its confidence; a prerequisite that follows from two others is drawn faintly, related
    concepts are joined by dashes. Concepts without relations stand below.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("teacher", "Drawing a concept graph", error) from error
    layout = layered_layout(graph)
    figure = Figure(facecolor=_PAPER)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    colours = {concept: _TONES[group % len(_TONES)] for concept, group in layout.group.items()}
    _draw_prerequisites(axes, graph, layout, colours)
    _draw_related(axes, graph.related, layout)
    for concept in layout.concepts:
        _draw_box(axes, graph.concept_names[concept], _place(layout, concept), colours[concept])
    _frame(figure, axes, graph, layout, title)
    return figure


def _place(layout: Layout, concept: int) -> tuple[float, float]:
    """Middle of a concept's box in inches."""
    return layout.column[concept] * _COLUMN, -layout.height[concept] * _ROW


def _draw_prerequisites(axes: Axes, graph: ConceptGraph, layout: Layout, colours: dict[int, str]) -> None:
    direct = _direct(graph.prerequisites)
    for one in graph.prerequisites:
        shown = (one.source, one.target) in direct
        style = {
            "edgecolor": colours[one.source],
            "facecolor": colours[one.source] if shown else "none",
            "alpha": (0.25 + 0.55 * one.confidence) if shown else 0.12,
            "linewidth": (0.5 + 1.3 * one.confidence) if shown else 0.6,
        }
        (x, y), (to_x, to_y) = _place(layout, one.source), _place(layout, one.target)
        _draw_curve(axes, (x + _BOX_WIDTH / 2, y), (to_x - _BOX_WIDTH / 2, to_y), style, arrow=shown)


def _direct(prerequisites: Sequence[Relation]) -> set[tuple[int, int]]:
    """Edges that don't follow from two or more others (the transitive reduction)."""
    nx = load_networkx("Drawing a concept graph")
    return set(nx.transitive_reduction(nx.DiGraph([(one.source, one.target) for one in prerequisites])).edges)


def _draw_curve(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], style: dict[str, Any], arrow: bool
) -> None:
    from matplotlib.patches import FancyArrowPatch  # noqa: PLC0415 - an optional package
    from matplotlib.path import Path as Outline  # noqa: PLC0415

    bend = 0.5 * min(end[0] - start[0], 1.6 * (_COLUMN - _BOX_WIDTH))
    outline = Outline(
        [start, (start[0] + bend, start[1]), (end[0] - bend, end[1]), end],
        [Outline.MOVETO, Outline.CURVE4, Outline.CURVE4, Outline.CURVE4],
    )
    arrow_style = "-|>,head_length=3.4,head_width=1.5" if arrow else "-"
    axes.add_patch(FancyArrowPatch(path=outline, arrowstyle=arrow_style, shrinkA=0, shrinkB=0, zorder=1, **style))


def _draw_related(axes: Axes, related: Sequence[Relation], layout: Layout) -> None:
    """Dashes: a bow at the left edge within a column, else from edge to edge."""
    for one in related:
        left, right = sorted((one.source, one.target), key=lambda concept: layout.column[concept])
        (x, y), (to_x, to_y) = _place(layout, left), _place(layout, right)
        alpha = 0.35 + 0.5 * one.confidence
        style = {"edgecolor": _GREY, "alpha": alpha, "linewidth": 1.1, "linestyle": (0, (3, 2))}
        if layout.column[left] == layout.column[right]:
            _draw_bow(axes, x - _BOX_WIDTH / 2, y, to_y, style)
        else:
            _draw_curve(axes, (x + _BOX_WIDTH / 2, y), (to_x - _BOX_WIDTH / 2, to_y), style, arrow=False)


def _draw_bow(axes: Axes, x: float, y: float, to_y: float, style: dict[str, Any]) -> None:
    from matplotlib.patches import PathPatch  # noqa: PLC0415 - an optional package
    from matplotlib.path import Path as Outline  # noqa: PLC0415

    out = x - min(0.25 + 0.12 * abs(to_y - y), 0.9)
    outline = Outline(
        [(x, y), (out, y), (out, to_y), (x, to_y)],
        [Outline.MOVETO, Outline.CURVE4, Outline.CURVE4, Outline.CURVE4],
    )
    axes.add_patch(PathPatch(outline, facecolor="none", zorder=1, **style))


def _draw_box(axes: Axes, name: str, place: tuple[float, float], colour: str) -> None:
    from matplotlib.patches import FancyBboxPatch  # noqa: PLC0415 - an optional package

    x, y = place
    corner = (x - _BOX_WIDTH / 2, y - _BOX_HEIGHT / 2)
    rounding = "round,pad=0,rounding_size=0.07"
    outline: dict[str, Any] = {"facecolor": _PAPER, "edgecolor": colour, "linewidth": 1.1, "zorder": 2}
    axes.add_patch(FancyBboxPatch(corner, _BOX_WIDTH, _BOX_HEIGHT, boxstyle=rounding, **outline))
    lines = "\n".join(textwrap.wrap(readable(name), _LINE_LENGTH, max_lines=_LINES, placeholder=" …"))
    axes.text(x, y, lines, ha="center", va="center", fontsize=8.5, color=_INK, linespacing=1.0, zorder=3)


def _frame(figure: Figure, axes: Axes, graph: ConceptGraph, layout: Layout, title: str) -> None:
    """Size the figure so that one unit is one inch, and write title, legend and isolated concepts around it."""
    places = [_place(layout, concept) for concept in layout.concepts] or [(0.0, 0.0)]
    left, right = min(x for x, _ in places) - 1.6, max(x for x, _ in places) + 1.4
    top, bottom = max(y for _, y in places) + 0.45, min(y for _, y in places) - 0.5
    right = max(right, left + 9.5)  # room for the title
    stats = graph.stats()
    summary = f"{stats.concepts} concepts · {stats.prerequisites} prerequisites · {stats.related} related pairs"
    axes.text(left + 0.5, top + 0.75, title or graph.provenance.teacher, fontsize=17, weight="bold", color=_INK)
    axes.text(left + 0.5, top + 0.42, summary, fontsize=11, color=_INK)
    axes.text(left + 0.5, top + 0.14, _LEGEND, fontsize=10, color=_GREY)
    note = _isolated_note(graph, int((right - left - 1) * 14))
    axes.text(left + 0.5, bottom, note, fontsize=9, color=_GREY, va="top")
    bottom -= 0.18 * len(note.splitlines()) + 0.15
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top + 1.2)
    figure.set_size_inches(right - left, top + 1.2 - bottom)


_LEGEND = (
    "Arrow: learnt before, strength = confidence; faint where it follows from others.  Dashes: related.  "
    "Colour: group of closely connected concepts."
)


def _isolated_note(graph: ConceptGraph, width: int) -> str:
    names = ", ".join(readable(graph.concept_names[concept]) for concept in graph.isolated)
    return textwrap.fill(f"Without relations: {names}", width) if names else ""
