"""Does learning show? Train an agent under several seeds, and compare all of them with rules and look-ahead.

    python benchmarks/learning.py --agent ppo --seeds 5 --total-timesteps 400000
    python benchmarks/learning.py --agent ppo --seeds 0 --replot

Runs that are there are not repeated, so that a run that was cut off goes on. It writes

- ``OUT/AGENT-seedN``: the trained models, as ``python -m agents.AGENT`` does;
- ``benchmarks/results/learning.json``: expected E_p of every policy on held-out students (`parts.expected_gains`), and
  whether the two aims are reached: the mean over seeds beats the best rule that doesn't use the simulator, and has 90%
  of beam's mean E_p;
- ``benchmarks/results/learning-curves.parquet`` and ``docs/pictures/learning_curves.png``.
"""

from __future__ import annotations

import importlib
import io
import sys
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import numpy as np
import polars as pl
import torch
import typer
from numpy.typing import NDArray
from parts.expected_gains import expected_gains
from parts.machine import machine
from rich.console import Console
from rich.progress import track

sys.path.insert(0, str(Path(__file__).parents[1]))  # `agents` is not installed; it lies beside this folder

from agents import training
from agents.settings import settings_of
from ldsim_env.compare.report.curves import learning_curves
from ldsim_env.compare.statistics import bootstrap_interval
from ldsim_env.figures import new_figure, save_figure
from ldsim_env.files import write_atomic, write_json
from ldsim_env.recommenders import load_recommender

Gains: TypeAlias = dict[str, NDArray[np.float64]]

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "benchmarks/results"
PICTURE = REPOSITORY / "docs/pictures/learning_curves.png"
RULES = ("random", "random-target", "fixed", "curriculum", "leitner", "bkt", "weakest", "zpd", "zpd-weakest", "linucb")
LOOK_AHEAD = ("greedy", "beam")
WANTED_SHARE = 0.9
SHOWN = ("random-target", "zpd", "greedy", "beam")  # as lines in the picture


def main(  # noqa: PLR0917 - arguments are options of the command line
    agent: Annotated[str, typer.Option(help="A module of agents/.")] = "ppo",
    seeds: Annotated[int, typer.Option(min=1, help="Training runs.")] = 5,
    total_timesteps: Annotated[int, typer.Option(min=1, help="Questions asked in each.")] = 400_000,
    max_minutes: Annotated[float, typer.Option(min=0, help="The most minutes of each.")] = 30.0,
    students: Annotated[int, typer.Option(min=2, help="Held-out students of the examination.")] = 200,
    env_id: Annotated[str, typer.Option(help="Any environment of this package.")] = "LDSim-ASSIST09-v0",
    out: Annotated[Path, typer.Option(help="Folder for models and episodes.")] = Path("out/learning"),
    results: Annotated[Path, typer.Option(help="Folder for the results.")] = RESULTS,
    picture: Annotated[Path, typer.Option(help="The plot of the learning curves.")] = PICTURE,
) -> None:
    """Train, compare, write."""
    torch.set_num_threads(1)
    console = Console()
    folders = [out / f"{agent}-seed{seed}" for seed in range(seeds)]
    for seed, folder in enumerate(folders):
        train_once(
            agent, seed, folder, console, env_id=env_id, total_timesteps=total_timesteps, max_minutes=max_minutes
        )
    trained = {folder.name: str(folder / training.MODEL_FILE) for folder in folders}
    specs = {name: name for name in (*RULES, *LOOK_AHEAD)} | trained
    gains = {
        name: expected_gains(load_recommender(spec), env_id, range(students))
        for name, spec in track(specs.items(), "Examining", console=console)
    }
    report = outcome(gains, list(trained))
    console.print_json(data=report)
    write_json(results / "learning.json", report | {"machine": machine()})
    curves = pl.concat([pl.read_parquet(folder / training.CURVES_FILE) for folder in folders])
    content = io.BytesIO()
    curves.write_parquet(content)
    write_atomic(results / "learning-curves.parquet", content.getvalue())
    save_figure(curve_figure(curves, gains), picture)


def train_once(
    agent: str, seed: int, folder: Path, console: Console, *, env_id: str, total_timesteps: int, max_minutes: float
) -> None:
    """Train under one seed, unless that was done."""
    module = importlib.import_module(f"agents.{agent}")
    settings = settings_of(module)(
        env_id=env_id, seed=seed, total_timesteps=total_timesteps, max_minutes=max_minutes, n_curve_points=8,
        n_curve_students=60, out=folder,
    )  # fmt: skip
    training.train_once(agent, settings, module.make_model, console)


def outcome(gains: Gains, learned: list[str]) -> dict[str, Any]:
    """Mean expected E_p of every policy, the learned ones' with intervals, and what became of the two aims."""
    means = {name: float(values.mean()) for name, values in gains.items()}
    best_rule = max((name for name in means if name in RULES), key=lambda name: means[name])
    of_seeds = np.array([means[name] for name in learned])
    together = np.mean([gains[name] for name in learned], axis=0)
    rng = np.random.default_rng(0)
    interval = bootstrap_interval(together[None], np.mean, rng)
    ahead = together - gains[best_rule]
    lead = bootstrap_interval(ahead[None], np.mean, rng)
    return {
        "mean_gain": {name: round(mean, 4) for name, mean in sorted(means.items(), key=lambda item: item[1])},
        "learned": {"mean": float(of_seeds.mean()), "low": interval.low, "high": interval.high,
                    "least_seed": float(of_seeds.min()), "highest_seed": float(of_seeds.max())},
        "best_rule": best_rule,
        "lead_over_best_rule": {"mean": float(ahead.mean()), "low": lead.low, "high": lead.high},
        "share_of_beam": float(of_seeds.mean() / means["beam"]),
        "aims": {"beats_best_rule": bool(lead.low > 0), "has_90_percent_of_beam":
                 bool(of_seeds.mean() >= WANTED_SHARE * means["beam"])},
    }  # fmt: skip


def curve_figure(curves: pl.DataFrame, gains: Gains) -> Any:
    """The curves against steps and against seconds, with lines for those that need no training."""
    with new_figure(9.0, 3.6, "Plotting learning curves") as figure:
        for axes, against in zip(figure.subplots(1, 2, sharey=True), ("steps", "seconds"), strict=True):
            for curve in learning_curves(curves, against):
                axes.plot(curve.x, curve.mean, label=f"{curve.agent}, {curve.n_seeds} seeds", color="C0")
                axes.fill_between(curve.x, curve.low, curve.high, alpha=0.25, color="C0", linewidth=0)
            for number, name in enumerate(SHOWN, start=1):
                axes.axhline(float(gains[name].mean()), label=name, color=f"C{number}", linestyle="--", lw=1)
            axes.set_xlabel({"steps": "questions asked in training", "seconds": "seconds of training"}[against])
        figure.axes[0].set_ylabel("mean E_p on held-out students")
        figure.axes[1].legend(fontsize=8, loc="lower right")
    return figure


if __name__ == "__main__":
    typer.run(main)
