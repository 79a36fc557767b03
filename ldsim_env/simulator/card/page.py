"""The card as one HTML page: everything inline, so that it opens anywhere without a network."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ldsim_env.errors import missing_extra
from ldsim_env.figures import INK, PALE
from ldsim_env.simulator.card.shown import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEMPLATE = "templates/page.html.jinja"
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_CREATOR: dict[str, Any] = {"Date": None, "Creator": None, "Format": None, "Type": None}
_COLOURS = {INK: "currentColor", PALE: "var(--line)"}  # what must be seen on light and on dark paper


def render_page(card: dict[str, Any], parts: Sequence[Shown], json_name: str) -> str:
    """The page.

    Args:
        card: The card's head: ``simulator``, ``student_model``, ``source``, ``warnings`` and so on.
        parts: What to show, in order.
        json_name: Name of the JSON file beside the page.

    Raises:
        MissingExtraError: If jinja2 or matplotlib is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - an optional package
        from markupsafe import Markup  # noqa: PLC0415
    except ImportError as error:
        raise missing_extra("report", "Writing a fidelity card", error) from error
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8"))
    shown = [
        {
            "title": part.title,
            "result": part.result,
            "tables": part.tables,
            "panels": [{"svg": Markup(inline_svg(p.figure)), "reading": p.reading} for p in part.panels],
        }
        for part in parts
    ]
    return template.render(card=card, parts=shown, json_name=json_name)


def inline_svg(figure: Figure) -> str:
    """A figure as an ``<svg>`` element whose ink and lines follow the page's colours."""
    import matplotlib as mpl  # noqa: PLC0415 - an optional package; a figure is proof that it is there

    content = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "ldsim-env"}):
        figure.savefig(content, format="svg", transparent=True, metadata=_CREATOR)
    drawn = content.getvalue()
    drawn = _METADATA.sub("", drawn[drawn.index("<svg") :])
    for fixed, follows in _COLOURS.items():
        drawn = drawn.replace(fixed, follows)
    return drawn
