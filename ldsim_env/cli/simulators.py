"""``ldsim fit``, ``evaluate``, ``predict`` and ``cohort``: make a simulator and examine it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ldsim_env.cli.arguments import AllowLeaks, LogFormat, Logs, Seed, Simulator, console, say
from ldsim_env.errors import LogWarning

if TYPE_CHECKING:
    from ldsim_env.logs import MatchedLog
    from ldsim_env.simulator import Ensemble, LDSimNetwork, StudentNetwork


def fit(
    logs: Logs,
    out: Annotated[Path, typer.Option(help="Folder for the simulator; a killed run goes on from what is there.")],
    valid: Annotated[
        list[Path] | None,
        typer.Option(
            help="Log of other students to stop by (students of LOGS are refused); repeat it for several files."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the bank; by default the folder's or file's name.")] = None,
    seed: Seed = 0,
    epochs: Annotated[int | None, typer.Option(help="The most epochs.", min=1)] = None,
    student_model: Annotated[
        str, typer.Option(help="ldsim, or another kind: attention, bkt, dkt, irt, kss.")
    ] = "ldsim",
    seeds: Annotated[
        int | None, typer.Option(help="Fit so many, with the seeds from SEED on, as one ensemble.", min=2)
    ] = None,
    relations: Annotated[
        Path | None, typer.Option(help="A teacher's concept relations (.json of `ldsim distill relations`, or .csv).")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="A teacher's mastery labels (.json of `ldsim distill mastery`, or .jsonl).")
    ] = None,
    allow_leaks: AllowLeaks = False,
    log_format: LogFormat = "auto",
) -> None:
    """Fit a simulator on response logs and save it, with its training history and plot."""
    from ldsim_env.logs import read_logs
    from ldsim_env.simulator import (
        FitSettings,
        Teaching,
        TrainingSettings,
        fit_ensemble,
        fit_simulator,
        fit_student_model,
    )
    from ldsim_env.teacher import read_labels, read_relations

    log = read_logs(logs, format=log_format, name=name)
    stopping = read_logs(valid, format=log_format) if valid else None
    say(f"{log.source}: {log.n_students:,} students, {log.n_interactions:,} interactions")
    graph = read_relations(relations, log.bank) if relations else None
    teaching = Teaching(graph, read_labels(labels, log, graph) if labels else None)

    def fit_one(seed: int, folder: Path) -> None:
        if student_model == "ldsim":
            training = TrainingSettings(seed=seed, epochs=epochs or TrainingSettings.epochs)
            fit_simulator(log, folder, valid=stopping, training=training, teaching=teaching, allow_leaks=allow_leaks)
            return
        fitting = FitSettings(seed=seed, epochs=epochs or FitSettings.epochs)
        fit_student_model(
            student_model, log, folder, valid=stopping, fitting=fitting, graph=graph, allow_leaks=allow_leaks
        )

    if seeds:
        fit_ensemble(fit_one, out, range(seed, seed + seeds))
        say(f"Ensemble of {seeds} saved in {out}; the training history of each is in its folder")
    else:
        fit_one(seed, out)
        say(f"Simulator saved in {out}; training history in {out / 'history.json'} and {out / 'history.png'}")


def evaluate(
    logs: Logs,
    simulator: Simulator,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the scores here as JSON.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a reliability diagram here (.png, .svg, .pdf).")] = None,
    allow_leaks: AllowLeaks = False,
    log_format: LogFormat = "auto",
) -> None:
    """Score a simulator on both tasks: knowledge tracing, and simulation on its own answers."""
    from ldsim_env.figures import save_figure
    from ldsim_env.simulator import evaluate as score_tasks
    from ldsim_env.simulator import evaluation_table, predict_tasks
    from ldsim_env.simulator.plots import reliability_plot

    network, matched = read_simulator(simulator, logs, log_format, allow_leaks)
    predictions = predict_tasks(network, matched.log)
    evaluation = score_tasks(matched.log, predictions)
    console.print(evaluation_table(evaluation))
    if json_file:
        evaluation.save(json_file)
    if plot:
        save_figure(reliability_plot({name: runs[0] for name, runs in predictions.items()}), plot)


def predict(
    logs: Logs,
    simulator: Simulator,
    out: Annotated[Path, typer.Option(help="CSV file: student,window,position,question,response,prob.")],
    task: Annotated[Literal["kt", "simulation"], typer.Option(help="What the model is shown.")] = "kt",
    rollout: Annotated[
        Literal["sampled", "expected", "hard"], typer.Option(help="What the simulation task feeds back as its answers.")
    ] = "sampled",
    seed: Seed = 0,
    allow_leaks: AllowLeaks = False,
    log_format: LogFormat = "auto",
) -> None:
    """Write P(right) at every scored position of a task, one row each."""
    from ldsim_env.simulator import predict_kt, predict_simulation
    from ldsim_env.simulator.prediction_file import write_predictions

    network, matched = read_simulator(simulator, logs, log_format, allow_leaks)
    if task == "kt":
        predictions = predict_kt(network, matched.log)
    else:
        predictions = predict_simulation(network, matched.log, rollout, seed)
    write_predictions(out, predictions, matched)
    say(f"{len(predictions):,} predictions written to {out}")


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
    say(f"Cohort saved in {simulator}")


def read_simulator(
    simulator: str, logs: list[Path], log_format: str, allow_leaks: bool
) -> tuple[LDSimNetwork | StudentNetwork | Ensemble, MatchedLog]:
    """A simulator and logs over one bank; says how many of the logs' questions the simulator never saw."""
    from ldsim_env.logs import read_logs, refuse_leaks
    from ldsim_env.simulator import for_log, load_simulator

    network, matched = for_log(load_simulator(simulator), read_logs(logs, format=log_format))
    if matched.unknown_questions:
        warnings.warn(
            f"{matched.unknown_questions:,} of the log's questions ({matched.unknown_interactions:,} interactions) are "
            "unknown to the simulator and answered from their concepts.",
            LogWarning,
            stacklevel=2,
        )
    if not allow_leaks:
        refuse_leaks(matched.original)
    return network, matched
