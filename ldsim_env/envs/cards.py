"""What the cards of an episode's picture share: frame, colours, sizes of letters, and the marks of responses."""

from __future__ import annotations

from ldsim_env.envs.canvas import Box, Canvas, Point, mix
from ldsim_env.envs.session import NOT_ASKED
from ldsim_env.figures import BLUE, GREY, INK, ORANGE
from ldsim_env.logs.response_log import RIGHT

PAPER = "#f3f4f7"
CARD = "#ffffff"
SOFT_INK = "#4a4f57"
FAINT = "#e9ebef"  # grid lines and empty tracks

# Blue and orange are told apart by the colour-blind, and right and wrong differ in shape as well.
TARGET, GAINED, LOST = BLUE, mix(BLUE, 0.45), mix(ORANGE, 0.55)
RIGHT_COLOUR, WRONG_COLOUR, PASSED_COLOUR = BLUE, ORANGE, GREY

SMALL, NORMAL, TITLE, LARGE = 10, 11, 13, 21

MARK_RADIUS = 4.5
PADDING = 16
TITLE_HEIGHT = 42


def draw_card(canvas: Canvas, box: Box, title: str, note: str = "") -> Box:
    """Draw an empty card with its title, and a note beside it in small letters.

    Returns:
        The room inside.
    """
    canvas.bar(box, CARD, radius=10)
    left, middle = box.x + PADDING, box.y + 23
    canvas.text(title, (left, middle), TITLE, INK)
    canvas.text(note, (left + canvas.text_width(title, TITLE) + 10, middle + 1), SMALL, GREY)
    return box.inset(PADDING, TITLE_HEIGHT, PADDING, PADDING)


def draw_mark(canvas: Canvas, response: int, at: Point, radius: float = MARK_RADIUS) -> None:
    """Draw a response: a dot for right, a cross for wrong, a ring where nothing was asked."""
    if response == NOT_ASKED:
        canvas.ring(at, radius, PASSED_COLOUR)
    elif response == RIGHT:
        canvas.dot(at, radius, RIGHT_COLOUR)
    else:
        canvas.cross(at, radius, WRONG_COLOUR)


def draw_badge(canvas: Canvas, number: int, at: Point) -> None:
    """Draw the number of a target on a round badge: the same one wherever the target is shown."""
    canvas.dot(at, 9, CARD)  # keeps what lies below apart from the badge
    canvas.dot(at, 7.5, TARGET)
    canvas.text(str(number), at, SMALL, CARD, align=0.5)
