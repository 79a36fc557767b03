"""``ldsim compare``: recommenders on the same students."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ldsim_env.cli.arguments import console


def compare(
    policies: Annotated[
        list[str], typer.Argument(help="NAME, FILE.zip (Stable-Baselines3) or module:attribute.", show_default=False)
    ],
    env: Annotated[str, typer.Option(help="Id of the environment.")] = "LDSim-ASSIST09-v0",
    students: Annotated[int, typer.Option(help="Held-out students that every policy teaches.", min=2)] = 200,
    seeds: Annotated[int, typer.Option(help="Seeds of targets and response noise, from 0.", min=1)] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every episode's outcome here.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the interval plot here (.png, .svg, .pdf).")] = None,
) -> None:
    """Compare recommenders on the same held-out students with the same response noise."""
    from ldsim_env.compare import CompareSettings, print_table, save_json, save_plot
    from ldsim_env.compare import compare as run_comparison

    settings = CompareSettings(env_id=env, n_students=students, seeds=tuple(range(seeds)))
    comparison = run_comparison(policies, settings, console)
    print_table(comparison, console)
    if json_file:
        save_json(comparison, json_file)
    if plot:
        save_plot(comparison, plot)
