"""``ldsim compare`` and ``ldsim matrix``: recommenders on the same students, on one or several student models."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from ldsim_env.cli.arguments import console, say
from ldsim_env.errors import SettingsError

Policies = Annotated[
    list[str],
    typer.Argument(help="NAME, FILE.zip (Stable-Baselines3) or module:attribute; NAME=... gives a name.",
                   show_default=False),
]  # fmt: skip
Env = Annotated[str, typer.Option(help="Id of the environment.")]
EnvOptions = Annotated[
    list[str] | None,
    typer.Option("--env-option", help="KEY=VALUE for gymnasium.make, such as action=concept; may be repeated.",
                 show_default=False),
]  # fmt: skip
StudentModels = Annotated[
    list[str] | None,
    typer.Option("--student-model", help="ldsim, bkt, ..., or a folder; NAME=FOLDER gives a name; may be repeated.",
                 show_default="ldsim"),
]  # fmt: skip
Observer = Annotated[
    str | None, typer.Option(help="Student model that says what a tutor knows.", show_default="the one that is taught")
]
TrainedOn = Annotated[
    list[str] | None,
    typer.Option(help="POLICY=STUDENT_MODEL, where no file says it; may be repeated.", show_default=False),
]
Students = Annotated[int, typer.Option(help="Held-out students that every policy teaches.", min=2)]
Seeds = Annotated[int, typer.Option(help="Seeds of targets and response noise, from 0.", min=1)]
Steps = Annotated[
    int | None, typer.Option(help="Questions of an episode.", min=1, show_default="the environment's limit")
]
Recorded = Annotated[int, typer.Option(help="Students of each cell whose steps are kept.", min=0)]
Reference = Annotated[str, typer.Option(help="Policy that the others are measured against.")]
Jobs = Annotated[int | None, typer.Option(help="Processes.", min=1, show_default="one a core")]
Out = Annotated[
    Path | None, typer.Option(help="Folder for the results; a run that was cut off goes on there.", show_default=False)
]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the statistics here.", show_default=False)]
Plot = Annotated[Path | None, typer.Option(help="Write the plot here (.png, .svg, .pdf).", show_default=False)]


def compare(
    policies: Policies,
    env: Env = "LDSim-ASSIST09-v0",
    env_option: EnvOptions = None,
    student_model: StudentModels = None,
    observer: Observer = None,
    trained_on: TrainedOn = None,
    students: Students = 200,
    seeds: Seeds = 1,
    steps: Steps = None,
    recorded: Recorded = 12,
    reference: Reference = "random",
    jobs: Jobs = None,
    out: Out = None,
    json_file: JsonFile = None,
    plot: Plot = None,
) -> None:
    """Compare recommenders on the same held-out students with the same response noise."""
    from ldsim_env.compare import CompareSettings, interval_plot, print_table, save_figure, save_summary
    from ldsim_env.compare import compare as run_comparison
    from ldsim_env.compare.report.report_settings import ReportSettings

    settings = CompareSettings(
        env_id=env,
        env_options={"cohort_split": "eval"} | _read_options(env_option or []),
        student_models=_read_models(student_model) if student_model else ("ldsim",),
        observer=observer,
        n_students=students,
        seeds=tuple(range(seeds)),
        n_steps=steps,
        n_recorded=recorded,
        reference=reference,
    )
    pairs = dict(_pair("trained-on", text) for text in trained_on or [])
    results = run_comparison(policies, settings, console, out=out, n_jobs=jobs or os.cpu_count() or 1, trained_on=pairs)
    shown = ReportSettings(reference=reference)
    print_table(results, console, shown)
    if json_file:
        save_summary(results, json_file, shown)
    if plot:
        save_figure(interval_plot(results, settings=shown), plot)
    if out:
        say(f"{out}: the results; `ldsim report {out}` makes a page of them.")


def matrix(
    results: Annotated[Path, typer.Argument(help="Folder that `ldsim compare --out` wrote.", show_default=False)],
    json_file: JsonFile = None,
    plot: Plot = None,
) -> None:
    """Do the student models agree on which recommender is best, and what does choosing by one of them cost?"""
    from ldsim_env.compare import matrix_of, matrix_plot, print_matrix, read_result_folder, save_figure, save_matrix

    folder = read_result_folder(results)
    found = matrix_of(folder)
    print_matrix(found, folder.settings, console)
    if json_file:
        save_matrix(found, json_file)
    if plot:
        save_figure(matrix_plot(found, folder.settings), plot)


def _read_options(texts: list[str]) -> dict[str, Any]:
    """KEY=VALUE, the value as JSON where it is that, else as text."""
    options = {}
    for name, value in (_pair("env-option", text) for text in texts):
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options


def _read_models(texts: list[str]) -> dict[str, str]:
    """Names, folders (called as themselves) and NAME=FOLDER."""
    models = {}
    for text in texts:
        name, model = _pair("student-model", text) if "=" in text else (Path(text).name, text)
        if name in models:
            raise SettingsError(f"student-model: {name!r} comes twice; call one of them NAME=FOLDER.")
        models[name] = model
    return models


def _pair(option: str, text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise SettingsError(f"--{option}: expected NAME=VALUE, got {text!r}.")
    return name, value
