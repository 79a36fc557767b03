"""Plan with saved states: branch one student into several futures, and compare them with the same luck.

    python examples/planning.py

`save_state` gives the whole episode as a value, `load_state` goes on from it as often as wanted; the branches meet the
same response noise. This rollout planner tries a question, plays on by a rule, goes back, and keeps the best: the
recommender ``beam`` does more of it in less time, on the student model itself. Both know what no tutor can know.
"""

from __future__ import annotations

from typing import Annotated, Any

import gymnasium as gym
import numpy as np
import typer

import ldsim_env  # noqa: F401 - registers the environments
from ldsim_env.recommenders import Recommender, make_recommender


def main(
    env_id: Annotated[str, typer.Option(help="Any environment of this package.")] = "LDSim-ASSIST09-v0",
    steps: Annotated[int, typer.Option(min=1, help="Questions to plan.")] = 10,
    branches: Annotated[int, typer.Option(min=1, help="Questions tried at each step.")] = 6,
    horizon: Annotated[int, typer.Option(min=1, help="Questions that the rule asks in each branch.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Decides student, targets and luck.")] = 0,
) -> None:
    """Teach one student by plan and by the rule alone, from the same start."""
    env: Any = gym.make(env_id, full_info=False).unwrapped  # planning takes no notice of the time limit
    _, info = env.reset(seed=seed)
    start, rng = env.save_state(), np.random.default_rng(seed)
    print(f"exam score before: {info['exam_score']:.3f}")

    for _ in range(steps):
        question = best_of(env, tried(env, info, branches, rng), horizon)
        *_, info = env.step(question)
    print(f"planned:           {info['exam_score']:.3f}")

    _, info = env.load_state(start)
    *_, info = follow(env, info, make_recommender("zpd-weakest"), steps)
    print(f"by the rule alone: {info['exam_score']:.3f}")


def tried(env: Any, info: dict[str, Any], n: int, rng: np.random.Generator) -> list[int]:
    """The rule's own question, and others of the targets at random."""
    rule = make_recommender("random-target")
    rule.start(env, rng)
    first = make_recommender("zpd-weakest")
    first.start(env, rng)
    return [int(recommender.recommend(None, info)) for recommender in [first, *[rule] * (n - 1)]]


def best_of(env: Any, questions: list[int], horizon: int) -> int:
    """The question whose branch ends with the best exam score; the environment is left as it was."""
    here, scores = env.save_state(), []
    for question in questions:
        env.load_state(here)
        *_, terminated, _, info = env.step(question)
        if not terminated:
            *_, info = follow(env, info, make_recommender("zpd-weakest"), horizon)
        scores.append(info["exam_score"])
    env.load_state(here)
    return questions[int(np.argmax(scores))]


def follow(env: Any, info: dict[str, Any], recommender: Recommender, steps: int) -> tuple[Any, ...]:
    """Let a rule ask so many questions."""
    recommender.start(env, np.random.default_rng(0))
    result: tuple[Any, ...] = (info,)
    for _ in range(steps):
        result = env.step(recommender.recommend(None, result[-1]))
        if result[2]:
            break
    return result


if __name__ == "__main__":
    typer.run(main)
