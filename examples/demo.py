"""Train a recommender on simulated students and compare it with simple ones: what `make demo` runs.

    python examples/demo.py --out out/demo

It needs a few minutes on two cores and no network. The recommender is trained by PPO (`agents/ppo.py`) on the students
of the embedded bank's training split; then it and the simple recommenders teach the same students held back from it.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import gymnasium as gym
import torch
import typer
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))  # `agents` is not installed; it lies beside this folder

from agents.ppo import PPOSettings, train
from agents.training import save_model
from ldsim_env.compare import (
    CompareSettings,
    ResultFolder,
    compare,
    episode_picture,
    interval_plot,
    print_table,
    run_episode,
    save_figure,
)
from ldsim_env.recommenders import SB3Recommender

SIMPLE = ("random", "fixed", "random-target", "weakest", "zpd", "zpd-weakest", "greedy")


def main(
    *,
    timesteps: Annotated[int, typer.Option(min=1, help="Questions asked in training.")] = 100_000,
    minutes: Annotated[float, typer.Option(min=0, help="The most minutes of training.")] = 2.0,
    students: Annotated[int, typer.Option(min=2, help="Held-out students that every recommender teaches.")] = 200,
    env_id: Annotated[str, typer.Option(help="Any environment of this package.")] = "LDSim-ASSIST09-v0",
    seed: Annotated[int, typer.Option(min=0, help="Seed of training and comparison.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the table, the plots and the trained recommender.")] = Path(
        "out/demo"
    ),
) -> None:
    """Train a recommender by PPO, compare it with simple ones, and say where the results are."""
    torch.set_num_threads(1)  # batches are small: threads would wait for each other, the more so on a busy machine
    console = Console()
    training = PPOSettings(env_id=env_id, total_timesteps=timesteps, max_minutes=minutes, seed=seed, n_curve_points=0)
    model = train(training, console=console)
    save_model(model, out / "ppo.zip")
    learned = SB3Recommender(model, "ppo")
    settings = CompareSettings(env_id=env_id, n_students=students, seeds=(seed,))
    shutil.rmtree(out / "comparison", ignore_errors=True)  # of an earlier demo, maybe with other students
    results = compare([*SIMPLE, learned], settings, console, out=out / "comparison")
    print_table(results, console)
    save_figure(interval_plot(results), out / "comparison.png")
    draw_middling_episode(learned, results, out / "episode.png")
    say_where(out, console)


def draw_middling_episode(recommender: SB3Recommender, results: ResultFolder, path: Path) -> None:
    """Draw the episode of the student whose gain is the middle one of all that the recommender taught."""
    run = results.settings
    taught = results.episodes.filter(policy=recommender.name).sort("gain")
    student, seed = taught.select("student", "seed").row(taught.height // 2)
    env = gym.make(run.env_id, **run.env_options)
    episode = run_episode(env, recommender, seed, student)
    save_figure(episode_picture(episode, env.get_wrapper_attr("bank")), path)


def say_where(out: Path, console: Console) -> None:
    """Name the files and what to do next."""
    console.print(
        f"{out / 'comparison.png'}: the table as a plot\n"
        f"{out / 'episode.png'}: one student's way with the trained recommender\n"
        f"{out / 'comparison'}: every episode's outcome; try `ldsim report {out / 'comparison'}`\n"
        f"{out / 'ppo.zip'}: the recommender; try `ldsim compare zpd-weakest {out / 'ppo.zip'}`",
        soft_wrap=True,  # paths are to be copied
    )


if __name__ == "__main__":
    typer.run(main)
