"""Making and saving figures without a display and without pyplot's global state."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldsim_env.errors import SettingsError, missing_extra
from ldsim_env.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")
DOTS_PER_INCH = 200

INK = "#222222"
GREY = "#8a8f98"
PALE = "#d5d9df"
BLUE = "#2b6cb0"
ORANGE = "#d9622b"

_STYLE: dict[Any, Any] = {
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "svg.hashsalt": "ldsim-env",
}


@contextmanager
def new_figure(width: float, height: float, purpose: str) -> Iterator[Figure]:
    """A figure in the house style, to be drawn within the ``with`` block.

    Args:
        width: In inches.
        height: In inches.
        purpose: What is drawn, as the start of the sentence when matplotlib is absent.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415 - an optional package
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise missing_extra("report", purpose, error) from error
    with mpl.rc_context(_STYLE):
        yield Figure(figsize=(width, height), layout="constrained", facecolor="white")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure; the name's ending decides the format.

    Raises:
        SettingsError: If the ending is none of .png, .svg, .pdf.
    """
    if path.suffix not in FORMATS:
        raise SettingsError(f"path: expected a name that ends in {', '.join(FORMATS)}, got {path.name!r}.")
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix[1:], dpi=DOTS_PER_INCH)
    write_atomic(path, content.getvalue())
