"""Train Stable-Baselines3's own PPO as it comes, and compare it with rules; nothing but the package is needed.

    python examples/train_and_compare.py

Actions are candidates: 32 proposed questions with their features. `agents/ppo.py` has a policy made for the whole bank.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from stable_baselines3 import PPO

from ldsim_env.compare import CompareSettings, compare, print_table
from ldsim_env.envs import to_sb3

RULES = ("random", "leitner", "zpd-weakest")


def main(
    timesteps: Annotated[int, typer.Option(min=1, help="Questions asked in training.")] = 100_000,
    students: Annotated[int, typer.Option(min=2, help="Held-out students that every policy teaches.")] = 100,
    env_id: Annotated[str, typer.Option(help="Any environment of this package.")] = "LDSim-ASSIST09-v0",
    out: Annotated[Path, typer.Option(help="Folder for the trained model.")] = Path("out/train_and_compare"),
) -> None:
    """Train, save, compare on the same students."""
    torch.set_num_threads(1)
    # The reward is E_p's expectation step by step: the same best policy as by default, far less noise.
    env = to_sb3(env_id, num_envs=32, action="candidates", reward={"expected_gain": 10.0})
    model = PPO("MlpPolicy", env, n_steps=30, batch_size=240, n_epochs=4, gamma=1.0, learning_rate=1e-3, seed=0)
    model.learn(timesteps)
    out.mkdir(parents=True, exist_ok=True)
    model.save(out / "plain_ppo.zip")

    settings = CompareSettings(
        env_id=env_id, env_options={"cohort_split": "eval", "action": "candidates"}, n_students=students
    )
    console = Console()
    print_table(compare([*RULES, str(out / "plain_ppo.zip")], settings, console), console)


if __name__ == "__main__":
    typer.run(main)
