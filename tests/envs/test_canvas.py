import numpy as np
import pytest
from numpy.typing import NDArray

from ldsim_env.envs.canvas import Box, Canvas, mix

pygame = pytest.importorskip("pygame")

WHITE, BLACK, BLUE = "#ffffff", "#000000", "#0000ff"


def pixels(canvas: Canvas) -> NDArray[np.uint8]:
    """``(height, width, 3)``."""
    return np.swapaxes(pygame.surfarray.array3d(canvas.finish()), 0, 1)


def inked(canvas: Canvas) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of all that isn't white."""
    rows, columns = np.nonzero((pixels(canvas) != 255).any(axis=-1))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.fixture
def canvas() -> Canvas:
    return Canvas(100, 60, WHITE)


def test_mix() -> None:
    assert mix("#204060", 1.0) == "#204060"
    assert mix("#204060", 0.0) == "#ffffff"
    assert mix("#204060", 0.5, ground=BLACK) == "#102030"


def test_box() -> None:
    box = Box(10, 20, 30, 40)
    assert (box.right, box.bottom) == (40, 60)
    assert box.inset(1, 2, 3, 4) == Box(11, 22, 26, 34)


def test_bar(canvas: Canvas) -> None:
    canvas.bar(Box(10, 20, 30, 15), BLUE)
    assert inked(canvas) == (10, 20, 40, 35)
    assert (pixels(canvas)[20:35, 10:40] == (0, 0, 255)).all()


def test_a_bar_of_half_a_pixel_is_paler(canvas: Canvas) -> None:
    canvas.bar(Box(10, 20, 0.5, 10), BLACK)
    assert pixels(canvas)[25, 10].tolist() == pytest.approx([128] * 3, abs=2)


@pytest.mark.parametrize("box", [Box(10, 20, 0, 10), Box(10, 20, 10, 0), Box(10, 20, -5, 10)])
def test_an_empty_bar_leaves_no_trace(canvas: Canvas, box: Box) -> None:
    canvas.bar(box, BLACK, radius=4)
    assert (pixels(canvas) == 255).all()


def test_a_long_text_is_cut_to_its_room(canvas: Canvas) -> None:
    text = "a text that is much longer than its room"
    assert canvas.text_width(text, 12) > 60
    canvas.text(text, (10, 30), 12, BLACK, room=60)
    left, _, right, _ = inked(canvas)
    assert 10 <= left < 14
    assert 60 < right <= 70


@pytest.mark.parametrize(("align", "anchor"), [(0.0, 20), (0.5, 50), (1.0, 80)])
def test_where_a_text_stands(canvas: Canvas, align: float, anchor: int) -> None:
    canvas.text("HHHH", (anchor, 30), 12, BLACK, align=align)
    left, top, right, bottom = inked(canvas)
    assert left + align * (right - left) == pytest.approx(anchor, abs=2)
    assert (top + bottom) / 2 == pytest.approx(30, abs=2)


def test_a_line_is_as_wide_as_wished_in_every_direction(canvas: Canvas) -> None:
    canvas.line([(20, 30), (80, 30)], BLACK, 4)
    level = int((255 - pixels(canvas)[:, 50, 0].astype(int)).sum())
    steep = Canvas(100, 60, WHITE)
    steep.line([(30, 0), (70, 60)], BLACK, 4)
    across = int((255 - pixels(steep)[30, :, 0].astype(int)).sum()) * 60 / np.hypot(40, 60)
    assert level == pytest.approx(4 * 255, rel=0.15)
    assert across == pytest.approx(4 * 255, rel=0.15)


def test_a_line_between_equal_points(canvas: Canvas) -> None:
    canvas.line([(50, 30), (50, 30)], BLACK, 4)
    canvas.line([(50, 30)], BLACK, 4)
    assert inked(canvas)[2] <= 54


def test_an_area_within_a_box(canvas: Canvas) -> None:
    canvas.area([(10, 10), (90, 10), (90, 50), (10, 50)], BLACK, within=Box(20, 0, 30, 30))
    assert inked(canvas) == (20, 10, 50, 30)
    canvas.dot((80, 50), 5, BLACK)
    assert inked(canvas)[2] > 80, "the box holds for the area alone"


@pytest.mark.parametrize("mark", ["dot", "ring", "cross"])
def test_marks_are_of_one_size(canvas: Canvas, mark: str) -> None:
    getattr(canvas, mark)((50, 30), 5, BLACK)
    left, top, right, bottom = inked(canvas)
    assert (right - left, bottom - top) == pytest.approx((11, 11), abs=2)
    assert (left + right, top + bottom) == pytest.approx((100, 60), abs=1)


def test_dashes(canvas: Canvas) -> None:
    canvas.dashes(10, 90, 30, BLACK)
    row = pixels(canvas)[29:31, :, 0].min(axis=0) < 255
    assert np.flatnonzero(row)[[0, -1]].tolist() == pytest.approx([10, 89], abs=4)
    assert 0.4 < row[10:90].mean() < 0.75
