"""Train on several student models at once (domain randomisation), and see whether the policy travels better.

    python examples/robust_training.py

Every student model is wrong in its own way, and a policy may learn to use the faults of the one it was trained on. Here
one policy is trained on LDSim alone, another on students who are LDSim's, IRT's or KSS's, drawn anew for each episode.
Both see every student through LDSim as the observer, as a tutor with one knowledge-tracing model would. They are
examined on those student models and on another one that neither was trained on.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))  # `agents` is not installed; it lies beside this folder

from agents import training
from agents.ppo import AGENT, PPOSettings, make_model
from ldsim_env.compare import CompareSettings, compare, matrix_of, print_matrix

OBSERVER = "ldsim"
MIXED = "ldsim,irt,kss"
EXAMINED = ("ldsim", "irt", "kss", "bkt")
RULES = ("random-target", "zpd-weakest")


def main(
    *,
    timesteps: Annotated[int, typer.Option(min=1, help="Questions asked in each training.")] = 40_000,
    students: Annotated[int, typer.Option(min=2, help="Held-out students of each student model.")] = 50,
    env_id: Annotated[str, typer.Option(help="Any environment of this package.")] = "LDSim-ASSIST09-v0",
    mixed: Annotated[str, typer.Option(help="Student models to draw from, with commas between.")] = MIXED,
    examined: Annotated[str, typer.Option(help="Student models to examine on.")] = ",".join(EXAMINED),
    out: Annotated[Path, typer.Option(help="Folder for the trained recommenders.")] = Path("out/robust"),
) -> None:
    """Train both, and print what each teaches the students of every model."""
    torch.set_num_threads(1)
    console = Console()
    alone = PPOSettings(env_id=env_id, total_timesteps=timesteps, n_curve_points=0, out=out / "alone")
    robust = PPOSettings(
        env_id=env_id, total_timesteps=timesteps, n_curve_points=0, out=out / "robust",
        student_model=mixed, member="random", observer=OBSERVER,
    )  # fmt: skip
    for settings in (alone, robust):
        model, curve = training.train(AGENT, settings, make_model, console)
        training.save(model, settings, curve, AGENT)

    trained = [f"{name}={out / name / training.MODEL_FILE}" for name in ("alone", "robust")]
    comparison = CompareSettings(
        env_id=env_id, student_models=tuple(examined.split(",")), observer=OBSERVER, n_students=students
    )
    results = compare([*RULES, *trained], comparison, console)
    print_matrix(matrix_of(results), results.settings, console)


if __name__ == "__main__":
    typer.run(main)
