"""``ldsim bench``: measurements that need a clone of the repository, started from anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import typer

from ldsim_env.errors import SettingsError

app = typer.Typer(no_args_is_help=True, help="Measurements whose code stands in a clone's benchmarks/ folder.")
ANY_OPTIONS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command(context_settings=ANY_OPTIONS)
def peers(context: typer.Context) -> None:
    """Train the field's student models on our data and protocol, and fill the table; --help lists its options."""
    path = os.pathsep.join(filter(None, [str(benchmarks_folder()), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "peers", *context.args]
    raise typer.Exit(subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, check=False).returncode)


def benchmarks_folder() -> Path:
    """The clone's ``benchmarks/``: of the folder at hand or one above it, or of the clone that this package lies in.

    Raises:
        SettingsError: If there is no clone; the wheel does not carry the benchmarks.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "benchmarks" / "peers" / "__main__.py").is_file():
            return folder / "benchmarks"
    raise SettingsError(
        f"bench: expected a clone of the repository at {here} or above it; an installed ldsim-env has no benchmarks/. "
        "Clone the repository and run the command there."
    )
