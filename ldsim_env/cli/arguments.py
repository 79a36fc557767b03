"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

console = Console()
complaints = Console(stderr=True)

Logs = Annotated[
    list[Path], typer.Argument(help="Log files of one format, or folders that hold them.", show_default=False)
]
Simulator = Annotated[str, typer.Option(help="Name of a bundled bank (ASSIST09), or a folder that `ldsim fit` wrote.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.", min=0)]
LogFormat = Annotated[str, typer.Option("--format", help="four-line, assistments, pykt; auto looks at the files.")]
