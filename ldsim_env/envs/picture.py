"""An episode as pixels: mastery of all concepts as bars, the targets marked, and the path of responses below."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.rendering import Panel
from ldsim_env.envs.session import NOT_ASKED
from ldsim_env.logs.response_log import RIGHT, WRONG

WIDTH, HEIGHT = 640, 400  # multiples of 16, as video codecs want
MARGIN = 16
BARS_BOTTOM = 336  # mastery 0; mastery 1 is at MARGIN
PATH_TOP, PATH_BOTTOM = 352, 384

BACKGROUND, EMPTY, INK = (255, 255, 255), (232, 232, 232), (40, 40, 40)
OTHER_CONCEPT, TARGET_CONCEPT = (176, 184, 196), (0, 114, 178)
# Told apart by the colour-blind (Okabe and Ito's palette).
RESPONSE_COLOURS = {RIGHT: (0, 158, 115), WRONG: (213, 94, 0), NOT_ASKED: (150, 150, 150)}

Picture = NDArray[np.uint8]


def picture(panel: Panel) -> Picture:
    """Draw the panel.

    Returns:
        ``(400, 640, 3)`` uint8, RGB. From left to right one bar a concept, targets in blue with a dark line where they
        began; below one cell a step: green right, orange wrong, grey not asked, light still to come.
    """
    canvas = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    canvas[:] = BACKGROUND
    _draw_mastery(canvas, panel)
    _draw_path(canvas, panel)
    return canvas


def _draw_mastery(canvas: Picture, panel: Panel) -> None:
    columns = _columns(len(panel.mastery))
    targets = set(panel.targets.tolist())
    for concept, (left, right) in enumerate(columns):
        colour = TARGET_CONCEPT if concept in targets else OTHER_CONCEPT
        canvas[_height(panel.mastery[concept]) : BARS_BOTTOM, left:right] = colour
        if concept in targets:
            began = _height(panel.start_mastery[concept])
            canvas[began : began + 2, left:right] = INK
    canvas[BARS_BOTTOM : BARS_BOTTOM + 1, MARGIN : WIDTH - MARGIN] = INK


def _draw_path(canvas: Picture, panel: Panel) -> None:
    columns = _columns(max(panel.step_budget, len(panel.path)))
    for left, right in columns[len(panel.path) :]:
        canvas[PATH_TOP:PATH_BOTTOM, left:right] = EMPTY
    for step, (left, right) in zip(panel.path, columns, strict=False):
        canvas[PATH_TOP:PATH_BOTTOM, left:right] = RESPONSE_COLOURS[step.response]


def _columns(n: int) -> list[tuple[int, int]]:
    """Left and right edges of n columns side by side, a pixel apart where there is room."""
    edges = np.linspace(MARGIN, WIDTH - MARGIN, n + 1).round().astype(int).tolist()
    return [(left, max(right - 1, left + 1)) for left, right in pairwise(edges)]


def _height(mastery: float) -> int:
    return BARS_BOTTOM - round(float(mastery) * (BARS_BOTTOM - MARGIN))
