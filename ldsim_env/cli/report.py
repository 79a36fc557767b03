"""``ldsim report``: a folder of results as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ldsim_env.cli.arguments import say


def report(
    results: Annotated[Path, typer.Argument(help="Folder that `ldsim compare` wrote.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The page to write (.html).")] = Path("report.html"),
    curves: Annotated[
        list[Path] | None,
        typer.Option(help="Learning curves: a curves.parquet or a folder of a training; may be repeated."),
    ] = None,
    reference: Annotated[
        str | None, typer.Option(help="Policy that the others are measured against; random, where it was compared.")
    ] = None,
    episodes: Annotated[
        int, typer.Option(help="Most episodes to carry step by step; they decide the size of the page.", min=0)
    ] = 240,
) -> None:
    """Write one self-contained page about a comparison: leaderboard, harm, single students, learning curves."""
    from ldsim_env.compare.report import ReportSettings, write_report

    write_report(results, out, ReportSettings(reference=reference, n_player_episodes=episodes), curves or ())
    say(f"{out}: {out.stat().st_size / 1e6:.1f} MB, one file; open it in a browser.")
