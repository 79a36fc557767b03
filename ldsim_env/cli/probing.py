"""``ldsim probe``: what a student model pays for, and whether that can be exploited."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldsim_env.cli.arguments import LogFormat, Seed, Simulator, console, say
from ldsim_env.cli.simulators import read_simulator

if TYPE_CHECKING:
    from ldsim_env.simulator import ProbeReport, ProbeSettings


def probe(
    simulator: Simulator,
    logs: Annotated[
        list[Path] | None,
        typer.Argument(help="Logs of real students; without any, those of the simulator's synthetic cohort."),
    ] = None,
    students: Annotated[int, typer.Option(help="Students to teach, as many as there are at most.", min=2)] = 400,
    seed: Seed = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here as JSON.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a picture of the gains here (.png, .svg, .pdf).")] = None,
    keep: Annotated[
        bool, typer.Option(help="Keep the verdict beside the simulator's weights, where gymnasium.make reads it.")
    ] = False,
    log_format: LogFormat = "auto",
) -> None:
    """Say what a simulator pays scripted recommenders: only practice of the targets should pay."""
    from ldsim_env.figures import save_figure
    from ldsim_env.files import write_json
    from ldsim_env.simulator import ProbeSettings, keep_verdict, probe_plot, probe_table, simulator_folder

    report = _run(simulator, logs, students, log_format, ProbeSettings(seed=seed))
    console.print(probe_table(report))
    if json_file:
        write_json(json_file, report.to_json())
    if plot:
        save_figure(probe_plot(report), plot)
    if keep:
        of_whom = ", ".join(path.name for path in logs) if logs else "the synthetic cohort"
        keep_verdict(simulator_folder(simulator), report, f"{report.n_students} of {of_whom}")
        say(f"Verdict kept in {simulator_folder(simulator)}")


def _run(
    simulator: str, logs: list[Path] | None, students: int, log_format: str, settings: ProbeSettings
) -> ProbeReport:
    from ldsim_env.simulator import probe_cohort, probe_real_students

    if logs:
        network, matched = read_simulator(simulator, logs, log_format, allow_leaks=True)
        return probe_real_students(network, matched.log, students, settings)
    from ldsim_env.envs import Cohort
    from ldsim_env.simulator import load_simulator, simulator_folder
    from ldsim_env.simulator.checkpoint import bank_folder

    model = load_simulator(simulator)
    cohort = Cohort.load(bank_folder(simulator_folder(simulator)), model.bank)
    return probe_cohort(model, cohort.histories, students, settings)
