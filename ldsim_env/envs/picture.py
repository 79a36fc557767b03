"""An episode as a picture: exam score, targets, path of questions and the mastery of all concepts on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.canvas import Box, Canvas, import_pygame
from ldsim_env.envs.cards import LARGE, NORMAL, PAPER, SOFT_INK, TARGET
from ldsim_env.envs.concept_cards import draw_concepts, draw_targets
from ldsim_env.envs.path_cards import draw_last_questions, draw_progress
from ldsim_env.envs.rendering import Panel
from ldsim_env.envs.session import NOT_ASKED
from ldsim_env.figures import GREY, INK, ORANGE
from ldsim_env.logs.response_log import RIGHT

if TYPE_CHECKING:
    import pygame

WIDTH, HEIGHT = 1024, 640  # multiples of 16, as video codecs want

MARGIN, GAP = 20, 14
PROGRESS = Box(MARGIN, 76, 612, 340)
TARGETS = Box(PROGRESS.right + GAP, PROGRESS.y, WIDTH - MARGIN - PROGRESS.right - GAP, 174)
LAST_QUESTIONS = Box(TARGETS.x, TARGETS.bottom + GAP, TARGETS.width, PROGRESS.bottom - TARGETS.bottom - GAP)
CONCEPTS = Box(MARGIN, PROGRESS.bottom + GAP, WIDTH - 2 * MARGIN, HEIGHT - MARGIN - PROGRESS.bottom - GAP)


def picture(panel: Panel) -> NDArray[np.uint8]:
    """Draw the panel as pixels.

    Returns:
        ``(640, 1024, 3)`` uint8, RGB.

    Raises:
        MissingExtraError: If pygame is not installed.
    """
    pixels = import_pygame().image.tobytes(draw(panel), "RGB")
    return np.frombuffer(pixels, np.uint8).reshape(HEIGHT, WIDTH, 3).copy()


def draw(panel: Panel) -> pygame.Surface:
    """Draw the panel as pygame's surface of ``(1024, 640)``, for a window.

    Raises:
        MissingExtraError: If pygame is not installed.
    """
    canvas = Canvas(WIDTH, HEIGHT, PAPER)
    _draw_header(canvas, panel)
    draw_progress(canvas, PROGRESS, panel)
    draw_targets(canvas, TARGETS, panel)
    draw_last_questions(canvas, LAST_QUESTIONS, panel)
    draw_concepts(canvas, CONCEPTS, panel)
    return canvas.finish()


def _draw_header(canvas: Canvas, panel: Panel) -> None:
    canvas.text(f"Student {panel.student}", (MARGIN + 2, 29), LARGE, INK, room=520)
    n_targets = len(panel.targets)
    taught = "1 target concept" if n_targets == 1 else f"{n_targets} target concepts"
    canvas.text(f"question {len(panel.path)} of {panel.step_budget}, {taught}", (MARGIN + 2, 55), NORMAL, GREY)
    gain_colour = TARGET if panel.learning_gain >= 0 else ORANGE
    responses = [step.response for step in panel.path if step.response != NOT_ASKED]
    _draw_number(canvas, 700, "right answers", f"{responses.count(RIGHT)} of {len(responses)}", INK)
    _draw_number(canvas, 850, "exam score", f"{panel.exam_score:.2f}", TARGET)
    _draw_number(canvas, WIDTH - MARGIN - 2, "learning gain", f"{panel.learning_gain:+.2f}", gain_colour)


def _draw_number(canvas: Canvas, right: float, name: str, value: str, colour: str) -> None:
    canvas.text(value, (right, 29), LARGE, colour, align=1)
    canvas.text(name, (right, 55), NORMAL, SOFT_INK, align=1)
