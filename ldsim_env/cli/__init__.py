"""The ``ldsim`` command: fit, examine and use simulators, and compare recommenders. Thin: it calls the rooms."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated, Any

import typer

from ldsim_env._version import __version__
from ldsim_env.cli import benching, card, comparing, distilling, probing, report, simulators
from ldsim_env.cli.arguments import complain, console
from ldsim_env.errors import LDSimError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Simulated students for educational recommenders: fit them on logs, examine them, compare recommenders.",
)
for command in (
    simulators.fit,
    simulators.evaluate,
    simulators.predict,
    probing.probe,
    simulators.cohort,
    comparing.compare,
    report.report,
    card.card,
    comparing.matrix,
):
    app.command()(command)
app.add_typer(distilling.app, name="distill")
app.add_typer(benching.app, name="bench")


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    complain(category.__name__, message, "yellow")


def _print_version(wanted: bool) -> None:
    if wanted:
        console.print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command; a mistake of the user's ends with one message, not with a traceback."""
    warnings.showwarning = _show_warning
    try:
        app()
    except (LDSimError, OSError) as error:  # OSError: a file that can't be written
        complain("Error", error, "red")
        sys.exit(1)
