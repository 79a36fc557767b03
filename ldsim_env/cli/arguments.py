"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

console = Console()
complaints = Console(stderr=True)


def say(text: str) -> None:
    """Print a line as it is: brackets in a path are no mark-up, and its end stays on the line."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def complain(kind: str, message: object, style: str) -> None:
    """Print a message to standard error as it is: the brackets in ``ldsim-env[train]`` are no mark-up."""
    complaints.print(f"[{style}]{kind}:[/] {escape(str(message))}", highlight=False, soft_wrap=True)


Logs = Annotated[
    list[Path], typer.Argument(help="Log files of one format, or folders that hold them.", show_default=False)
]
Simulator = Annotated[str, typer.Option(help="Name of a bundled bank (ASSIST09), or a folder that `ldsim fit` wrote.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.", min=0)]
AllowLeaks = Annotated[
    bool,
    typer.Option(
        "--allow-leaks",
        help="Go on with a log whose rows give away their own answers (a row for each concept of a question), which is "
        "refused otherwise: scores on it say nothing of a simulator.",
    ),
]
LogFormat = Annotated[str, typer.Option("--format", help="four-line, assistments, pykt; auto looks at the files.")]
