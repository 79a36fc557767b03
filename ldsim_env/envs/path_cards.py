"""The cards that follow the path of an episode: the exam score over time, and the questions that were asked."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ldsim_env.envs.canvas import Box, Canvas, Point, mix
from ldsim_env.envs.cards import (
    CARD,
    FAINT,
    GAINED,
    LOST,
    MARK_RADIUS,
    NORMAL,
    SMALL,
    SOFT_INK,
    TARGET,
    draw_card,
    draw_mark,
)
from ldsim_env.envs.rendering import Panel, PathStep
from ldsim_env.envs.session import NOT_ASKED
from ldsim_env.figures import GREY, INK
from ldsim_env.logs.response_log import RIGHT, WRONG

AXIS_WIDTH = 34  # for the numbers at the left
END_WIDTH = 62  # for the score at the right end of the curve
PATH_HEIGHT = 84
STEP_LABELS_HEIGHT = 18
ROOM_BELOW = 0.05
SMALLEST_MARK = 2.0
ROW_HEIGHT = 20
LINE_HEIGHT = 14


def draw_progress(canvas: Canvas, box: Box, panel: Panel) -> None:
    """The exam score after each step, and below it, over the same steps, P(right) and response of each question."""
    inside = draw_card(canvas, box, "Exam score", "mean mastery of the targets, after each question")
    curve = inside.inset(AXIS_WIDTH, 4, END_WIDTH, PATH_HEIGHT + STEP_LABELS_HEIGHT + 40)
    path = Box(curve.x, inside.bottom - STEP_LABELS_HEIGHT - PATH_HEIGHT, curve.width, PATH_HEIGHT)
    _draw_curve(canvas, curve, panel)
    canvas.text("Path of questions", (inside.x, path.y - 21), NORMAL, INK)
    _draw_legend(canvas, path.right, path.y - 21)
    _draw_path(canvas, path, panel)
    _draw_step_labels(canvas, path, panel)


def draw_last_questions(canvas: Canvas, box: Box, panel: Panel) -> None:
    """The last questions, the latest on top: step, response, concepts, P(right)."""
    inside = draw_card(canvas, box, "Last questions")
    canvas.text("P(right)", (inside.right, box.y + 24), SMALL, GREY, align=1)
    n_rows = min(len(panel.path), int((inside.height + 8) / ROW_HEIGHT))
    for row in range(n_rows):
        step = len(panel.path) - row
        y = inside.y + ROW_HEIGHT * row + 8
        _draw_question(canvas, inside, y, step, panel.path[step - 1])


def _draw_question(canvas: Canvas, inside: Box, y: float, number: int, step: PathStep) -> None:
    canvas.text(str(number), (inside.x + 18, y), NORMAL, GREY, align=1)
    draw_mark(canvas, step.response, (inside.x + 34, y))
    asked = step.response != NOT_ASKED
    text = ", ".join(step.concept_names) if asked else f"passed: {step.question_id} was asked before"
    canvas.text(text, (inside.x + 50, y), NORMAL, SOFT_INK if asked else GREY, room=inside.width - 50 - 42)
    if asked:
        canvas.text(f"{step.prob:.2f}", (inside.right, y), NORMAL, SOFT_INK, align=1)


# ---- the exam score --------------------------------------------------------------------------------------------------


def _draw_curve(canvas: Canvas, box: Box, panel: Panel) -> None:
    scores = [panel.exam_start, *(step.exam_score for step in panel.path)]
    low = max(0.0, math.floor((min(scores) - ROOM_BELOW) * 10) / 10)
    _draw_scale(canvas, box, _levels(low), low)
    points = [(x, _height(box, score, low)) for x, score in zip(_step_places(box, panel), scores, strict=False)]
    start = points[0][1]
    between = [(points[0][0], start), *points, (points[-1][0], start)]
    canvas.area(between, mix(GAINED, 0.3), within=box._replace(height=start - box.y))
    canvas.area(between, mix(LOST, 0.3), within=box._replace(y=start, height=box.bottom - start))
    canvas.dashes(box.x, box.right, start, GREY)
    canvas.line(points, TARGET, 2.5)
    _draw_scores(canvas, box, panel, start, points[-1])


def _draw_scores(canvas: Canvas, box: Box, panel: Panel, start: float, tip: Point) -> None:
    """The tip of the curve with its value beside it, and the value at the start."""
    canvas.dot(tip, 6, CARD)
    canvas.dot(tip, 4.5, TARGET)
    canvas.text(f"{panel.exam_score:.2f}", (tip[0] + 10, tip[1]), NORMAL, TARGET)
    if tip[0] + 40 > box.right and abs(start - tip[1]) < LINE_HEIGHT:
        start = tip[1] + (LINE_HEIGHT if start >= tip[1] else -LINE_HEIGHT)
    canvas.text(f"start {panel.exam_start:.2f}", (box.right + 10, start), SMALL, GREY)


def _draw_scale(canvas: Canvas, box: Box, levels: Sequence[float], low: float = 0.0) -> None:
    for level in levels:
        y = _height(box, level, low)
        canvas.bar(Box(box.x, y - 0.5, box.width, 1), FAINT)
        canvas.text(f"{level:.1f}", (box.x - 10, y), SMALL, GREY, align=1)


def _levels(low: float) -> list[float]:
    """Round numbers from ``low`` to 1 for the grid, seven at most."""
    tenths = round(low * 10)
    stride = 1 if tenths >= 4 else 2
    return [level / 10 for level in range(10, tenths - 1, -stride)]


# ---- the path of questions -------------------------------------------------------------------------------------------


def _draw_path(canvas: Canvas, box: Box, panel: Panel) -> None:
    _draw_scale(canvas, box, (0.0, 0.5, 1.0))
    places = _step_places(box, panel)[1:]
    points = [(x, _height(box, step.prob, 0.0)) for x, step in zip(places, panel.path, strict=False)]
    canvas.line(points, FAINT, 1.5)
    # Many questions on one axis are told apart by smaller marks.
    radius = min(MARK_RADIUS, max(SMALLEST_MARK, 0.3 * box.width / len(places)))
    for point, step in zip(points, panel.path, strict=True):
        draw_mark(canvas, step.response, point, radius)


def _draw_step_labels(canvas: Canvas, box: Box, panel: Panel) -> None:
    places = _step_places(box, panel)
    stride = next(stride for stride in (5, 10, 20, 50, 100, 10 ** len(str(len(places)))) if len(places) <= 8 * stride)
    for step in range(0, len(places), stride):
        canvas.text(str(step), (places[step], box.bottom + 14), SMALL, GREY, align=0.5)
    canvas.text("question", (box.right + END_WIDTH, box.bottom + 14), SMALL, GREY, align=1)


def _draw_legend(canvas: Canvas, right: float, y: float) -> None:
    canvas.text("height: P(right) before the answer", (right, y), SMALL, GREY, align=1)
    x = right - canvas.text_width("height: P(right) before the answer", SMALL) - 20
    for response, name in ((WRONG, "wrong"), (RIGHT, "right")):
        x -= canvas.text_width(name, SMALL)
        canvas.text(name, (x, y), SMALL, SOFT_INK)
        draw_mark(canvas, response, (x - 10, y))
        x -= 34


def _step_places(box: Box, panel: Panel) -> list[float]:
    """Where each step stands from left to right, the state before the first question included."""
    n_steps = max(panel.step_budget, len(panel.path))
    return [box.x + box.width * step / n_steps for step in range(n_steps + 1)]


def _height(box: Box, level: float, low: float) -> float:
    return box.bottom - box.height * (level - low) / (1 - low)
