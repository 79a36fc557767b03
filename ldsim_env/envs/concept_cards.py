"""The cards that show mastery: the targets by name, and every concept of the bank side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.canvas import Box, Canvas
from ldsim_env.envs.cards import (
    FAINT,
    GAINED,
    LOST,
    NORMAL,
    SMALL,
    SOFT_INK,
    TARGET,
    draw_badge,
    draw_card,
)
from ldsim_env.envs.rendering import Panel
from ldsim_env.envs.session import NOT_ASKED
from ldsim_env.figures import GREY, INK, PALE

MOST_TARGETS = 4
TALLEST_ROW = 44
BAR_HEIGHT = 9
AXIS_WIDTH = 34
ASKED_RADIUS = 2.5
WIDEST_COLUMN = 40
BADGE_ROOM = 17  # from one badge's middle to the next
FOOT_HEIGHT = 20  # for the badges and dots below the bars


def draw_targets(canvas: Canvas, box: Box, panel: Panel) -> None:
    """Each target's mastery as a bar with a tick where it began; of many targets those that began weakest."""
    numbered = _numbered_targets(panel)
    shown = numbered[:MOST_TARGETS]
    note = "" if len(shown) == len(numbered) else f"{len(shown)} of {len(numbered)}, the weakest at the start"
    inside = draw_card(canvas, box, "Targets", note)
    row_height = min(TALLEST_ROW, (inside.height + 8) / len(shown))
    for row, concept in enumerate(shown):
        place = Box(inside.x, inside.y + row * row_height, inside.width, row_height)
        _draw_target(canvas, place, row + 1, concept, panel)


def draw_concepts(canvas: Canvas, box: Box, panel: Panel) -> None:
    """Mastery of every concept as a bar: what it was, what was gained or lost, which ones are targets or were asked."""
    n = len(panel.mastery)
    inside = draw_card(canvas, box, f"Mastery of all {n} concepts", "from the strongest at the start to the weakest")
    field = inside.inset(AXIS_WIDTH, 0, 0, FOOT_HEIGHT - 6)
    _draw_legend(canvas, field.right, box.y + 24)
    _draw_field_scale(canvas, field)
    targets, asked = _numbered_targets(panel), _asked_concepts(panel)
    columns = _columns(field, panel.start_mastery)
    for concept, column in columns.items():
        _draw_concept(canvas, column, panel.start_mastery[concept], panel.mastery[concept], concept in targets)
        if panel.concept_names[concept] in asked and concept not in targets:
            canvas.dot((column.x + column.width / 2, column.bottom + 9), ASKED_RADIUS, SOFT_INK)
    numbered = targets[:MOST_TARGETS]
    middles = np.array([columns[concept].x + columns[concept].width / 2 for concept in numbered])
    for number, middle in enumerate(_side_by_side(middles, field.x, field.right), start=1):
        draw_badge(canvas, number, (middle, field.bottom + 12))


def _draw_target(canvas: Canvas, place: Box, number: int, concept: int, panel: Panel) -> None:
    start, now = float(panel.start_mastery[concept]), float(panel.mastery[concept])
    left, middle = place.x + 24, place.y + 7
    draw_badge(canvas, number, (place.x + 7.5, middle))
    values = f"{start:.2f} to {now:.2f}"
    canvas.text(panel.concept_names[concept], (left, middle), NORMAL, INK, room=place.right - left - 84)
    canvas.text(values, (place.right, middle), NORMAL, SOFT_INK, align=1)
    track = Box(left, middle + 12, place.right - left, BAR_HEIGHT)
    canvas.bar(track, FAINT, radius=BAR_HEIGHT / 2)
    canvas.bar(track._replace(width=max(track.width * now, BAR_HEIGHT)), TARGET, radius=BAR_HEIGHT / 2)
    canvas.bar(Box(left + track.width * start - 1, track.y - 3, 2, BAR_HEIGHT + 6), INK)


def _draw_concept(canvas: Canvas, column: Box, start: float, now: float, is_target: bool) -> None:
    gap = min(2.0, column.width / 4)
    bar = column.inset(gap / 2, 0, gap / 2, 0)
    kept, tip = min(start, now), max(start, now)
    canvas.bar(_slice(bar, 0, kept), TARGET if is_target else PALE)
    canvas.bar(_slice(bar, kept, tip), GAINED if now > start else LOST)
    if is_target:
        canvas.bar(Box(column.x - 1, bar.bottom - bar.height * start - 1, column.width + 2, 2), INK)


def _slice(bar: Box, low: float, high: float) -> Box:
    return Box(bar.x, bar.bottom - bar.height * high, bar.width, bar.height * (high - low))


def _draw_field_scale(canvas: Canvas, field: Box) -> None:
    for level in (0.0, 0.5, 1.0):
        y = field.bottom - field.height * level
        canvas.bar(Box(field.x, y - 0.5, field.width, 1), FAINT)
        canvas.text(f"{level:.1f}", (field.x - 10, y), SMALL, GREY, align=1)


def _draw_legend(canvas: Canvas, right: float, y: float) -> None:
    x = right
    for colour, name in ((LOST, "lost"), (GAINED, "gained"), (PALE, "other concepts"), (TARGET, "targets")):
        x -= canvas.text_width(name, SMALL)
        canvas.text(name, (x, y), SMALL, SOFT_INK)
        canvas.bar(Box(x - 15, y - 5, 10, 10), colour, radius=2)
        x -= 30
    canvas.text("asked", (x - canvas.text_width("asked", SMALL), y), SMALL, SOFT_INK)
    canvas.dot((x - canvas.text_width("asked", SMALL) - 8, y), ASKED_RADIUS, SOFT_INK)


def _numbered_targets(panel: Panel) -> list[int]:
    """The targets in the order of their numbers: from the weakest at the start to the strongest."""
    order = np.argsort(panel.start_mastery[panel.targets], kind="stable")
    targets: list[int] = panel.targets[order].tolist()
    return targets


def _side_by_side(middles: NDArray[np.float64], left: float, right: float) -> list[float]:
    """Where badges stand that should be at ``middles``: as near as they can, within the field, none over another."""
    order = np.argsort(middles, kind="stable")
    room = BADGE_ROOM * np.arange(len(middles))
    loose = middles[order] - room
    pushed_right, pushed_left = np.maximum.accumulate(loose), np.minimum.accumulate(loose[::-1])[::-1]
    places = np.empty_like(middles)
    places[order] = np.clip((pushed_right + pushed_left) / 2, left, right - room[-1]) + room
    return [float(place) for place in places]


def _asked_concepts(panel: Panel) -> set[str]:
    return {name for step in panel.path if step.response != NOT_ASKED for name in step.concept_names}


def _columns(field: Box, start_mastery: NDArray[np.float32]) -> dict[int, Box]:
    """Each concept's column, in an order that stays the same throughout an episode: from the strongest at its start."""
    width = min(field.width / len(start_mastery), WIDEST_COLUMN)
    order: list[int] = np.argsort(-start_mastery, kind="stable").tolist()
    return {concept: field._replace(x=field.x + width * place, width=width) for place, concept in enumerate(order)}
