"""A pygame surface to draw on with smooth edges: text, bars, lines and marks. Needs no window and no display."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from ldsim_env.errors import missing_extra

if TYPE_CHECKING:
    import pygame

# Everything is drawn this much larger and then scaled down: pygame's own shapes have ragged edges.
OVERSAMPLING = 2
DASH, DASH_GAP = 5.0, 4.0
CUT_MARK = "…"

Point = tuple[float, float]


class Box(NamedTuple):
    """A rectangle, in pixels of the picture."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    def inset(self, left: float, top: float, right: float, bottom: float) -> Box:
        """The box without these margins."""
        return Box(self.x + left, self.y + top, self.width - left - right, self.height - top - bottom)


def import_pygame() -> ModuleType:
    """The package pygame, imported when a picture is wanted.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        import pygame  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("render", "Drawing an environment", error) from error
    return pygame


def mix(colour: str, share: float, ground: str = "#ffffff") -> str:
    """The opaque colour that ``colour`` makes on ``ground`` where it covers ``share``, in [0, 1], of it."""
    pairs = [(int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(over * share + under * (1 - share)):02x}" for over, under in pairs)


class Canvas:
    """An empty picture.

    Places are in pixels of the finished picture from its upper left corner, fractions included; colours are
    ``"#rrggbb"``.

    Args:
        width: In pixels.
        height: In pixels.
        colour: Of the empty picture.

    Raises:
        MissingExtraError: If pygame is not installed.
    """

    def __init__(self, width: int, height: int, colour: str):
        self._pygame = import_pygame()
        # Made anew for every picture (0.1 ms a size): fonts die with pygame.quit(), which other environments call.
        self._pygame.font.init()
        self._fonts: dict[int, pygame.font.Font] = {}
        self._size = (width, height)
        self._surface = self._pygame.Surface((width * OVERSAMPLING, height * OVERSAMPLING), depth=32)
        self._surface.fill(colour)

    def finish(self) -> pygame.Surface:
        """The finished picture."""
        surface: pygame.Surface = self._pygame.transform.smoothscale(self._surface, self._size)
        return surface

    # ---- text -----------------------------------------------------------------------------------------------------

    def text(
        self, text: str, at: Point, size: int, colour: str, *, align: float = 0.0, room: float | None = None
    ) -> None:
        """Write one line.

        Args:
            text: What to write.
            at: The line's anchor and vertical middle.
            size: Of the letters.
            colour: Of the letters.
            align: Where the anchor lies in the line: 0 at its left end, 0.5 in its middle, 1 at its right end.
            room: Greatest width; a longer text is cut and ends in "…".
        """
        shown = text if room is None else self._cut(text, size, room)
        line = self._font(size).render(shown, True, colour)
        x = at[0] * OVERSAMPLING - line.get_width() * align
        self._surface.blit(line, (round(x), round(at[1] * OVERSAMPLING - line.get_height() / 2)))

    def text_width(self, text: str, size: int) -> float:
        """Width of a line in pixels."""
        return float(self._font(size).size(text)[0] / OVERSAMPLING)

    def _cut(self, text: str, size: int, room: float) -> str:
        if self.text_width(text, size) <= room:
            return text
        kept = len(text)
        while kept and self.text_width(text[:kept].rstrip() + CUT_MARK, size) > room:
            kept -= 1
        return text[:kept].rstrip() + CUT_MARK

    def _font(self, size: int) -> pygame.font.Font:
        if size not in self._fonts:
            # The font that pygame brings, by its path: the same letters on every machine.
            path = Path(str(self._pygame.__file__)).with_name(self._pygame.font.get_default_font())
            self._fonts[size] = self._pygame.font.Font(path, size * OVERSAMPLING)
        return self._fonts[size]

    # ---- shapes ---------------------------------------------------------------------------------------------------

    def bar(self, box: Box, colour: str, radius: float = 0.0) -> None:
        """Fill a rectangle, with round corners if wished; one without width or height leaves no trace."""
        left, top, width, height = self._pixels(box)
        if width > 0 and height > 0:
            corner = round(radius * OVERSAMPLING)
            self._pygame.draw.rect(self._surface, colour, (left, top, width, height), border_radius=corner)

    def area(self, corners: Sequence[Point], colour: str, within: Box | None = None) -> None:
        """Fill a polygon of three corners or more, or the part of it that lies within a rectangle."""
        self._surface.set_clip(None if within is None else self._pixels(within))
        self._pygame.draw.polygon(self._surface, colour, [self._grow(corner) for corner in corners])
        self._surface.set_clip(None)

    def line(self, points: Sequence[Point], colour: str, width: float = 1.0) -> None:
        """Draw a line through the points, with round bends."""
        for (x0, y0), (x1, y1) in pairwise(points):
            length = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-9)
            across, down = width / 2 * (y0 - y1) / length, width / 2 * (x1 - x0) / length
            self.area(
                [
                    (x0 + across, y0 + down),
                    (x1 + across, y1 + down),
                    (x1 - across, y1 - down),
                    (x0 - across, y0 - down),
                ],
                colour,
            )
        for point in points[1:-1]:
            self.dot(point, width / 2, colour)

    def dashes(self, left: float, right: float, y: float, colour: str) -> None:
        """Draw a dashed level line."""
        x = left
        while x < right:
            self.bar(Box(x, y - 0.5, min(DASH, right - x), 1), colour)
            x += DASH + DASH_GAP

    def dot(self, at: Point, radius: float, colour: str) -> None:
        """Fill a circle."""
        self._pygame.draw.circle(self._surface, colour, self._grow(at), radius * OVERSAMPLING)

    def ring(self, at: Point, radius: float, colour: str) -> None:
        """Draw a circle's edge."""
        self._pygame.draw.circle(self._surface, colour, self._grow(at), radius * OVERSAMPLING, 2 * OVERSAMPLING)

    def cross(self, at: Point, radius: float, colour: str) -> None:
        """Draw an oblique cross."""
        (x, y), reach, width = at, 0.8 * radius, 0.65 * radius
        self.line([(x - reach, y - reach), (x + reach, y + reach)], colour, width)
        self.line([(x - reach, y + reach), (x + reach, y - reach)], colour, width)

    @staticmethod
    def _pixels(box: Box) -> tuple[int, int, int, int]:
        """Left, top, width and height on the surface; boxes that touch stay side by side."""
        left, top, right, bottom = (round(edge * OVERSAMPLING) for edge in (box.x, box.y, box.right, box.bottom))
        return left, top, right - left, bottom - top

    @staticmethod
    def _grow(point: Point) -> Point:
        return point[0] * OVERSAMPLING, point[1] * OVERSAMPLING
