"""``ldsim card``: the fidelity card of a simulator, one HTML page and one JSON file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldsim_env.cli.arguments import AllowLeaks, LogFormat, Seed, complaints, say
from ldsim_env.cli.simulators import read_simulator

if TYPE_CHECKING:
    from ldsim_env.logs import ResponseLog
    from ldsim_env.logs.bank import QuestionBank


def card(
    simulator: Annotated[
        str,
        typer.Argument(
            help="Name of a bundled bank (ASSIST09), or a folder that `ldsim fit` wrote.", show_default=False
        ),
    ],
    logs: Annotated[
        list[Path], typer.Argument(help="Logs of students that the simulator was not trained on.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder for NAME.html and NAME.json; made when absent.")],
    name: Annotated[str | None, typer.Option(help="Name on the card; by default the simulator's.")] = None,
    trained_on: Annotated[
        list[Path] | None,
        typer.Option(help="The simulator's training logs, to count students of LOGS among them; repeat for several."),
    ] = None,
    probe_students: Annotated[int, typer.Option(help="Students of the probes.", min=2)] = 100,
    seed: Seed = 0,
    allow_leaks: AllowLeaks = False,
    log_format: LogFormat = "auto",
) -> None:
    """Hold a simulator against real students and write its fidelity card: where it is like them and where it is not."""
    from ldsim_env.simulator import read_provenance
    from ldsim_env.simulator.card import CardSettings, make_card

    model, matched = read_simulator(simulator, logs, log_format, allow_leaks)
    made = make_card(
        model,
        matched,
        name=name or Path(simulator).name,
        provenance=read_provenance(simulator),
        training=_training(trained_on, matched.log.bank, log_format),
        settings=CardSettings(probe_students=probe_students, seed=seed),
        track=_progress,
    )
    page, data = made.save(out)
    for warning in made.warnings:
        say(f"Note: {warning}")
    for part in made.parts.values():
        shown = part.show()
        say(f"{shown.title}: {shown.result}")
    say(f"written: {page}, {data}")


def _training(paths: list[Path] | None, bank: QuestionBank, log_format: str) -> ResponseLog | None:
    from ldsim_env.logs import match_bank, read_logs

    return match_bank(read_logs(paths, format=log_format), bank).log if paths else None


def _progress(steps: Sequence[str]) -> Iterator[str]:
    """The steps behind a bar with the time left."""
    from rich.progress import Progress

    with Progress(console=complaints) as progress:
        task = progress.add_task("Measuring", total=len(steps))
        for step in steps:
            progress.update(task, description=f"Measuring {step}")
            yield step
            progress.advance(task)
