"""A folder of results as `ldsim compare` writes it, with made-up students."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

CONCEPTS = ("Unit Rate", "Area of a Circle", 'Fractions <of> a "Whole" & Parts', "Ordering Integers", "Venn Diagram",
            "Scatter Plot", "Percent Of", "Slope", "Square Root", "Box and Whisker", "Surface Area",
            "Mean")  # fmt: skip
SKILLS = {"random": 0.05, "zpd": 0.12, "ppo": 0.16, "greedy": 0.2}
STUDENT_MODELS = ("LDSim", "DKT")


class Size(NamedTuple):
    n_students: int = 12
    seeds: tuple[int, ...] = (0, 1)
    n_steps: int = 8
    n_recorded: int = 3
    student_models: tuple[str, ...] = STUDENT_MODELS
    concepts: tuple[str, ...] = CONCEPTS


def settings_of(size: Size) -> dict[str, Any]:
    kinds = {"random": "baseline", "zpd": "heuristic", "ppo": "learned", "greedy": "simulator"}
    return {
        "format_version": 1,
        "env_id": "LDSim-MadeUp-v0",
        "env_options": {"cohort_split": "eval"},
        "policies": [
            {
                "name": name,
                "label": "PPO <5 seeds>" if name == "ppo" else name,
                "kind": kinds[name],
                "uses_simulator": name == "greedy",
                "trained_on": size.student_models[0] if name == "ppo" else None,
                "source": "ppo.zip" if name == "ppo" else name,
            }
            for name in SKILLS
        ],
        "student_models": list(size.student_models),
        "exploitable_student_models": {"DKT": "easy right answers raise its mastery"},
        "observer": None,
        "seeds": list(size.seeds),
        "n_students": size.n_students,
        "n_steps": size.n_steps,
        "versions": {"ldsim-env": "0.1", "python": "3.11"},
        "machine": {"cpu": "made up", "cores": 2},
        "created": "2026-01-02T03:04:05+00:00",
        "question_bank": {"name": "MadeUp", "fingerprint": "abc123", "concept_names": list(size.concepts)},
    }


def write_results(folder: Path, size: Size | None = None) -> Path:
    size = size or Size()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(settings_of(size)))
    episodes, steps = [], []
    for policy in SKILLS:
        for model in size.student_models:
            for seed in size.seeds:
                for student in range(size.n_students):
                    episode, walk = _episode(size, policy, model, seed, student)
                    episodes.append(episode)
                    steps.extend(walk if student < size.n_recorded else [])
    pl.DataFrame(episodes).write_parquet(folder / "episodes.parquet")
    pl.DataFrame(steps, infer_schema_length=None).write_parquet(folder / "steps.parquet")
    curves_of("ppo").write_parquet(folder / "curves.parquet")
    return folder


def curves_of(agent: str, n_seeds: int = 3) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    rows = [
        {"agent": agent, "seed": seed, "steps": k * 1000, "seconds": k * 7.5 + seed,
         "gain": 0.35 * (1 - np.exp(-k / 5)) + rng.normal(0, 0.01)}
        for seed in range(n_seeds) for k in range(20)
    ]  # fmt: skip
    return pl.DataFrame(rows)


def _episode(
    size: Size, policy: str, model: str, seed: int, student: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    key = [seed, student, size.student_models.index(model)]
    n = len(size.concepts)
    start = np.random.default_rng([student, key[2]])
    logits = start.normal(0.4, 0.5) + start.normal(0, 0.8, n)
    targets = np.sort(np.random.default_rng([seed, student]).choice(n, 3, replace=False))
    rng = np.random.default_rng([*key, list(SKILLS).index(policy)])
    walk = [_row(logits, targets, _Answer())]
    # On the second student model the order of the policies turns round, so that the matrix has something to say.
    skill = SKILLS[policy] if key[2] == 0 else 0.25 - SKILLS[policy]
    for _ in range(size.n_steps):
        concept = int(rng.choice(targets) if rng.random() < 0.8 else rng.integers(n))
        prob = 1 / (1 + np.exp(-logits[concept] + 0.3))
        response = int(rng.random() < prob)
        logits = logits + (response - prob) * 0.3 * np.exp(-np.abs(np.arange(n) - concept)) + rng.normal(0, 0.004, n)
        logits[concept] += skill + rng.normal(0, 0.1)
        question = 100 * concept + len(walk)
        walk.append(_row(logits, targets, _Answer(question, [concept], response, float(prob))))
    cell = {"policy": policy, "student_model": model, "seed": seed, "student": student}
    return _outcome(cell, walk, targets), [{**cell, "step": k, **row} for k, row in enumerate(walk)]


class _Answer(NamedTuple):
    question: int | None = None
    concepts: list[int] | tuple[()] = ()
    response: int | None = None
    answer_prob: float | None = None


def _row(logits: Any, targets: Any, answer: _Answer) -> dict[str, Any]:
    mastery = 1 / (1 + np.exp(-logits))
    return {
        **answer._asdict(),
        "question_id": None if answer.question is None else f"q{answer.question}",
        "exam_score": float(mastery[targets].mean()),
        "mastery": mastery.astype(np.float32).tolist(),
    }


def _outcome(cell: dict[str, Any], walk: list[dict[str, Any]], targets: Any) -> dict[str, Any]:
    start, end = walk[0]["exam_score"], walk[-1]["exam_score"]
    gain = (end - start) / (1 - start)
    reached = [k for k, row in enumerate(walk) if row["exam_score"] > 0.75]
    questions = [row["question"] for row in walk[1:]]
    return {
        **cell,
        "exam_start": start,
        "exam_end": end,
        "gain": gain,
        "clipped_gain": max(gain, -1.0),
        "prior_ability": float(np.mean(walk[0]["mastery"])),
        "success_rate": float(np.mean([row["response"] for row in walk[1:]])),
        "repeat_rate": 1 - len(set(questions)) / len(questions),
        "concept_coverage": len({row["concepts"][0] for row in walk[1:]}) / 12,
        "questions_to_mastery": float(reached[0]) if reached else None,
        "n_steps": len(walk) - 1,
        "terminated": False,
        "targets": targets.tolist(),
    }
