"""Let your own students be the cohort: their logs go in, and every episode begins with one of their histories.

    python examples/own_logs.py path/to/answers.csv

Any table with a row an answer will do; `COLUMNS` says which column is what. Without a path, the answers of a few
invented pupils are written down first. Question ids are those of the bank; others are left out, with a warning.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any

import gymnasium as gym
import numpy as np
import typer

import ldsim_env  # noqa: F401 - registers the environments
from ldsim_env.compare import run_episode
from ldsim_env.logs import ColumnMapping, read_table
from ldsim_env.recommenders import make_recommender

COLUMNS = ColumnMapping(student="pupil", question="question", response="right", concept="skill")


def main(
    answers: Annotated[Path | None, typer.Argument(help="A table of answers; none invents one.")] = None,
    env_id: Annotated[str, typer.Option(help="Any environment of this package.")] = "LDSim-ASSIST09-v0",
    pupils: Annotated[int, typer.Option(min=1, help="Pupils to teach.")] = 5,
    out: Annotated[Path, typer.Option(help="Folder for the invented answers.")] = Path("out/own_logs"),
) -> None:
    """Teach pupils of the log by a rule, and print what each learned."""
    bank = gym.make(env_id).get_wrapper_attr("bank")
    log = read_table(answers or invent_answers(out / "answers.csv", bank), COLUMNS)
    env: Any = gym.make(env_id, students=log, cohort_split="all")
    n_students = env.get_wrapper_attr("n_students")
    print(f"{n_students} pupils with {log.n_interactions} answers")
    recommender = make_recommender("zpd-weakest")
    for student in range(min(pupils, n_students)):
        episode = run_episode(env, recommender, seed=0, student=student)
        print(f"pupil {student}: exam {episode.exam_start:.2f} -> {episode.exam_end:.2f}")


def invent_answers(path: Path, bank: Any, n_pupils: int = 8, n_answers: int = 40) -> Path:
    """Write a table of answers to questions of one skill each."""
    rng = np.random.default_rng(0)
    of_one_skill = np.flatnonzero(bank.concept_matrix.sum(axis=1) == 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["pupil", "question", "right", "skill"])
        for pupil in range(n_pupils):
            for question in rng.choice(of_one_skill, n_answers):
                skill = bank.concept_ids[bank.concepts_of(question)[0]]
                table.writerow([f"pupil-{pupil}", bank.question_ids[question], int(rng.random() < 0.6), skill])
    return path


if __name__ == "__main__":
    typer.run(main)
