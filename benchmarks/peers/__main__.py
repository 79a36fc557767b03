"""Run the grid of peers and write its table: ``cd benchmarks && python -m peers --help``, or ``ldsim bench peers``."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from parts.machine import machine
from rich.console import Console
from rich.markup import escape

from ldsim_env.errors import LDSimError
from ldsim_env.files import write_json
from peers import canary as coin_flips
from peers import grid as grids
from peers import ours, page
from peers.catalogue import KINDS, kinds_named
from peers.report import report, with_costs, with_earlier
from peers.scoring import ALARM
from peers.split import read_split

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / "benchmarks" / "results"
console = Console()


def main(  # noqa: PLR0917 - options of the command line
    bank: Annotated[str, typer.Option(help="Folder of the logs: assist09, assist17.")] = "assist09",
    logs: Annotated[Path, typer.Option(envvar="LDSIM_DATA", help="Where the banks' folders are.")] = REPOSITORY
    / ".."
    / "shared"
    / "data",
    peers: Annotated[str, typer.Option(help="Names with commas between them, LDSim among them; all by default.")] = "",
    seeds: Annotated[int, typer.Option(help="Seeds, from 0; settings are searched under seed 0.", min=1)] = 3,
    tries: Annotated[int, typer.Option(help="How many of each peer's settings are searched.", min=1)] = 3,
    canary: Annotated[bool, typer.Option(help="Only train and score on coin flips: every AUC must be 0.5.")] = False,
    table_only: Annotated[bool, typer.Option(help="Run nothing; write the table of what is there.")] = False,
    measure_only: Annotated[bool, typer.Option(help="Only time and weigh again, all in one run.")] = False,
    alarm: Annotated[float, typer.Option(help="An AUC above this stops everything.", min=0.5, max=1)] = ALARM,
    folder: Annotated[Path | None, typer.Option(help="Where fits and scores are kept and taken up again.")] = None,
) -> None:
    """Train the field's student models on our data and protocol, score both tasks, time them, and fill the table."""
    names = [name.strip() for name in peers.split(",") if name.strip()]
    with_ours = not names or ours.NAME in names
    kinds = kinds_named([name for name in names if name != ours.NAME]) if names else KINDS
    split_of = functools.cache(lambda seed: read_split(logs / bank, seed))
    if canary:
        for score in coin_flips.canary(kinds, split_of(0)):
            console.print(f"{score.peer}, {score.task}: {score.auc:.4f}, within 0.5 ± {score.band:.4f}")
        return
    kept = folder or RESULTS / "runs" / f"peers-{bank}"
    grid = grids.Grid(kinds, seeds, kept, split_of, tries, with_ours, alarm)
    measured = grids.measure(grid, console) if measure_only else {}
    if not (measure_only or table_only):
        grids.run(grid, console)
    _write(grid, bank, measured, drawn_again=table_only)


def _write(grid: grids.Grid, bank: str, measured: dict[str, dict[str, Any]], drawn_again: bool) -> None:
    """JSON, the page's tables, and the plot; peers whose scores are not in the folder keep their rows."""
    results = RESULTS / f"peers-{bank}.json"
    earlier: dict[str, Any] = grids.read(results) if results.exists() else {"machine": machine(), "peers": []}
    entries = with_costs(with_earlier(report(grid), earlier["peers"]), measured)
    where = earlier["machine"] if drawn_again else machine()  # where the costs were measured
    write_json(results, {"bank": bank, "machine": where, "peers": entries})
    page.write_page(REPOSITORY / "docs" / "peers.md", entries, bank, f"ldsim bench peers --bank {bank}")
    page.plot(REPOSITORY / "docs" / "pictures" / f"peers_{bank}.png", entries)
    console.print(page.tables(entries), markup=False, soft_wrap=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    try:
        typer.run(main)
    except (LDSimError, OSError) as error:
        Console(stderr=True).print(f"[red]Error:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(1)
