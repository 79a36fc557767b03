"""Let two recommenders teach the same student and keep the last picture of each episode, and one as text.

The pictures in docs/pictures come from:

    python examples/render_episode.py --folder docs/pictures
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import gymnasium as gym
import numpy as np
import pygame
import typer
from numpy.typing import NDArray

import ldsim_env  # noqa: F401 - registers the environments
from ldsim_env.compare import run_episode
from ldsim_env.files import write_atomic
from ldsim_env.recommenders import make_recommender

RECOMMENDERS = ("random", "zpd-weakest")


def main(
    folder: Annotated[Path, typer.Option(help="Where the pictures go.")] = Path("out/pictures"),
    env_id: Annotated[str, typer.Option(help="Any environment of this package.")] = "LDSim-ASSIST09-v0",
    student: Annotated[int, typer.Option(min=0, help="Index of the student in the cohort.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Decides the targets and the response noise.")] = 0,
) -> None:
    """Teach the student, write the pictures and print what came of it."""
    for name in RECOMMENDERS:
        picture = teach(name, env_id, "rgb_array", student, seed)
        save_png(picture, folder / f"episode_{name}.png")
    page = teach(RECOMMENDERS[-1], env_id, "ansi", student, seed)
    write_atomic(folder / "episode.txt", str(page).encode())
    print(page)


def teach(name: str, env_id: str, render_mode: str, student: int, seed: int) -> NDArray[np.uint8] | str:
    """Run an episode; give what the environment shows at its end."""
    env = gym.make(env_id, render_mode=render_mode)
    run_episode(env, make_recommender(name), seed, student)
    shown: NDArray[np.uint8] | str = env.render()  # type: ignore[assignment]
    env.close()
    return shown


def save_png(picture: NDArray[np.uint8] | str, path: Path) -> None:
    """Write pixels ``(height, width, 3)``; pygame wants the columns first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pygame.image.save(pygame.surfarray.make_surface(np.swapaxes(picture, 0, 1)), path)


if __name__ == "__main__":
    typer.run(main)
