"""A first session: random questions for one student, and what came of them. The README has the same.

python examples/first_session.py
"""

from __future__ import annotations

from typing import Annotated

import gymnasium as gym
import typer

import ldsim_env  # noqa: F401 - registers the environments


def main(
    env_id: Annotated[str, typer.Option(help="Any environment of this package.")] = "LDSim-ASSIST09-v0",
    seed: Annotated[int, typer.Option(min=0, help="Decides student, targets, responses and questions.")] = 0,
) -> None:
    """Teach one student at random."""
    env = gym.make(env_id)
    env.action_space.seed(seed)
    _, info = env.reset(seed=seed)
    concepts = env.get_wrapper_attr("bank").concept_names
    print("targets:", ", ".join(concepts[k] for k in info["targets"]))
    print(f"exam score before: {info['exam_score']:.2f}")

    terminated = truncated = False
    while not (terminated or truncated):
        question = int(env.action_space.sample(info["action_mask"].view("int8")))
        _, _, terminated, truncated, info = env.step(question)
    print("last question:", info["question_id"], info["concept_names"], "right" if info["response"] else "wrong")
    print(f"exam score after: {info['exam_score']:.2f}, learning gain {info['learning_gain']:+.2f}")


if __name__ == "__main__":
    typer.run(main)
