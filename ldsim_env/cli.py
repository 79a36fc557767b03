"""The ``ldsim`` command: fit, examine and use simulators, and compare recommenders. Thin: it calls the rooms."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from ldsim_env._version import __version__
from ldsim_env.errors import LDSimError, LogWarning

if TYPE_CHECKING:
    from ldsim_env.logs import MatchedLog
    from ldsim_env.simulator import LDSimNetwork

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Simulated students for educational recommenders: fit them on logs, examine them, compare recommenders.",
)
console = Console()
complaints = Console(stderr=True)

Logs = Annotated[
    list[Path], typer.Argument(help="Log files of one format, or folders that hold them.", show_default=False)
]
Simulator = Annotated[str, typer.Option(help="Name of a bundled bank (ASSIST09), or a folder that `ldsim fit` wrote.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.", min=0)]
LogFormat = Annotated[str, typer.Option("--format", help="four-line, assistments, pykt; auto looks at the files.")]


@app.command()
def fit(
    logs: Logs,
    out: Annotated[Path, typer.Option(help="Folder for the simulator; a killed run goes on from what is there.")],
    valid: Annotated[
        list[Path] | None, typer.Option(help="Log of other students to stop by; repeat the option for several files.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the bank; by default the folder's or file's name.")] = None,
    seed: Seed = 0,
    epochs: Annotated[int | None, typer.Option(help="The most epochs.", min=1)] = None,
    allow_leaks: Annotated[bool, typer.Option(help="Train although rows give away their own answers.")] = False,
    log_format: LogFormat = "auto",
) -> None:
    """Fit a simulator on response logs and save it, with its training history and plot."""
    from ldsim_env.logs import read_logs
    from ldsim_env.simulator import TrainingSettings, fit_simulator

    log = read_logs(logs, format=log_format, name=name)
    stopping = read_logs(valid, format=log_format) if valid else None
    training = TrainingSettings(seed=seed, **({"epochs": epochs} if epochs else {}))
    console.print(f"{log.source}: {log.n_students:,} students, {log.n_interactions:,} interactions")
    fit_simulator(log, out, valid=stopping, training=training, allow_leaks=allow_leaks)
    console.print(f"Simulator saved in {out}; training history in {out / 'history.json'} and {out / 'history.png'}")


@app.command()
def evaluate(
    logs: Logs,
    simulator: Simulator,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the scores here as JSON.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a reliability diagram here (.png, .svg, .pdf).")] = None,
    log_format: LogFormat = "auto",
) -> None:
    """Score a simulator on both tasks: knowledge tracing, and simulation on its own answers."""
    from ldsim_env.figures import save_figure
    from ldsim_env.simulator import evaluate as score_tasks
    from ldsim_env.simulator import evaluation_table, predict_tasks
    from ldsim_env.simulator.plots import reliability_plot

    network, matched = _read(simulator, logs, log_format)
    predictions = predict_tasks(network, matched.log)
    evaluation = score_tasks(matched.log, predictions)
    console.print(evaluation_table(evaluation))
    if json_file:
        evaluation.save(json_file)
    if plot:
        save_figure(reliability_plot({name: runs[0] for name, runs in predictions.items()}), plot)


@app.command()
def predict(
    logs: Logs,
    simulator: Simulator,
    out: Annotated[Path, typer.Option(help="CSV file: student,window,position,question,response,prob.")],
    task: Annotated[Literal["kt", "simulation"], typer.Option(help="What the model is shown.")] = "kt",
    rollout: Annotated[
        Literal["sampled", "expected", "hard"], typer.Option(help="What the simulation task feeds back as its answers.")
    ] = "sampled",
    seed: Seed = 0,
    log_format: LogFormat = "auto",
) -> None:
    """Write P(right) at every scored position of a task, one row each."""
    from ldsim_env.simulator import predict_kt, predict_simulation
    from ldsim_env.simulator.prediction_file import write_predictions

    network, matched = _read(simulator, logs, log_format)
    if task == "kt":
        predictions = predict_kt(network, matched.log)
    else:
        predictions = predict_simulation(network, matched.log, rollout, seed)
    write_predictions(out, predictions, matched)
    console.print(f"{len(predictions):,} predictions written to {out}")


@app.command()
def probe(
    logs: Logs,
    simulator: Simulator,
    students: Annotated[int, typer.Option(help="Students, after the first half of their histories.", min=2)] = 400,
    seed: Seed = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here as JSON.")] = None,
    log_format: LogFormat = "auto",
) -> None:
    """Say what a simulator pays scripted recommenders: only practice of the targets should pay."""
    from ldsim_env.files import write_atomic
    from ldsim_env.simulator import ProbeSettings, probe_real_students, probe_table

    network, matched = _read(simulator, logs, log_format)
    report = probe_real_students(network, matched.log, students, ProbeSettings(seed=seed))
    console.print(probe_table(report))
    if json_file:
        write_atomic(json_file, json.dumps(report.to_json(), indent=2).encode())


@app.command()
def cohort(
    logs: Logs,
    simulator: Annotated[Path, typer.Option(help="Folder of the simulator; the cohort is saved in it.")],
    compare_with: Annotated[
        list[Path] | None, typer.Option(help="Logs of real students to hold the cohort against; by default LOGS.")
    ] = None,
    students: Annotated[int, typer.Option(help="Synthetic students to draw.", min=10)] = 2_000,
    seed: Seed = 0,
    log_format: LogFormat = "auto",
) -> None:
    """Draw a synthetic cohort for a simulator's environment: no real student's record is kept in it."""
    from ldsim_env.envs.synthetic_cohort import profile_table, synthetic_cohort
    from ldsim_env.logs import read_logs
    from ldsim_env.simulator import load_simulator

    log = read_logs(logs, format=log_format)
    real = read_logs(compare_with, format=log_format) if compare_with else log
    drawn, profiles = synthetic_cohort(load_simulator(simulator), log, real, students, seed)
    drawn.save(simulator)
    console.print(profile_table(profiles))
    console.print(f"Cohort saved in {simulator}")


@app.command()
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


def _read(simulator: str, logs: list[Path], log_format: str) -> tuple[LDSimNetwork, MatchedLog]:
    """A simulator and logs over one bank; says how many of the logs' questions the simulator never saw."""
    from ldsim_env.logs import read_logs
    from ldsim_env.simulator import for_log, load_simulator

    network, matched = for_log(load_simulator(simulator), read_logs(logs, format=log_format))
    if matched.unknown_questions:
        warnings.warn(
            f"{matched.unknown_questions:,} of the log's questions ({matched.unknown_interactions:,} interactions) are "
            "unknown to the simulator and answered from their concepts.",
            LogWarning,
            stacklevel=2,
        )
    return network, matched


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    complaints.print(f"[yellow]{category.__name__}:[/] {message}", highlight=False)


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
    except LDSimError as error:
        complaints.print(f"[red]Error:[/] {error}", highlight=False)
        sys.exit(1)
