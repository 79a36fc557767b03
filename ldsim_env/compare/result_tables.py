"""Episodes as tables: the columns of ``episodes.parquet`` and ``steps.parquet``, and writing them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ldsim_env.compare.episodes import NO_QUESTION, NO_RESPONSE, Episode
from ldsim_env.errors import missing_extra
from ldsim_env.files import write_atomic
from ldsim_env.logs.bank import QuestionBank

if TYPE_CHECKING:
    import polars as pl

GAIN_BOUNDS = (-1.0, 1.0)
"""Of ``clipped_gain``: a student who starts near the top can lose many times what there was to win."""


def episode_table(
    episodes: Sequence[Episode], student_model: str, bank: QuestionBank, threshold: float | None
) -> pl.DataFrame:
    """One row an episode.

    Args:
        episodes: Of one policy, student model and seed.
        student_model: Its name.
        bank: The environment's bank.
        threshold: Mastery from which on a target counts as mastered; None where the environment has none.
    """
    rows = [_outcome(episode, student_model, bank, threshold) for episode in episodes]
    return polars().DataFrame(rows, schema=_episode_schema())  # type: ignore[no-any-return]


def step_table(episodes: Iterable[Episode], student_model: str, bank: QuestionBank) -> pl.DataFrame:
    """One row a step, the start of each episode included, which has no question."""
    rows = [row for episode in episodes for row in _steps(episode, student_model, bank)]
    return polars().DataFrame(rows, schema=_step_schema())  # type: ignore[no-any-return]


def write_table(table: pl.DataFrame, path: Path) -> None:
    """Write a table as Parquet, whole or not at all."""
    content = io.BytesIO()
    table.write_parquet(content)
    write_atomic(path, content.getvalue())


def read_tables(paths: Iterable[Path]) -> pl.DataFrame:
    """Several tables of the same columns as one."""
    return polars().concat([polars().read_parquet(path) for path in paths])  # type: ignore[no-any-return]


def polars() -> Any:
    """Polars, which keeps the tables of results.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        import polars as package  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("report", "Keeping the results of a comparison", error) from error
    return package


def _outcome(episode: Episode, student_model: str, bank: QuestionBank, threshold: float | None) -> dict[str, Any]:
    return {
        **_who(episode, student_model),
        "exam_start": episode.exam_start,
        "exam_end": episode.exam_end,
        "gain": episode.learning_gain,
        "clipped_gain": float(np.clip(episode.learning_gain, *GAIN_BOUNDS)),
        "prior_ability": episode.prior_ability,
        "success_rate": episode.success_rate,
        "repeat_rate": episode.repeat_rate,
        "concept_coverage": episode.concept_coverage(bank),
        "questions_to_mastery": None if threshold is None else episode.questions_to_mastery(threshold),
        "n_steps": episode.n_steps,
        "terminated": episode.terminated,
        "targets": episode.targets.tolist(),
    }


def _steps(episode: Episode, student_model: str, bank: QuestionBank) -> list[dict[str, Any]]:
    who = _who(episode, student_model)
    start: dict[str, Any] = {
        "question": None,
        "question_id": None,
        "concepts": [],
        "response": None,
        "answer_prob": None,
    }
    asked = [start, *(_asked(episode, step, bank) for step in range(episode.n_steps))]
    return [
        {**who, "step": step, **row, "exam_score": exam_score, "mastery": mastery}
        for step, (row, exam_score, mastery) in enumerate(
            zip(asked, episode.exam_scores.tolist(), episode.mastery.tolist(), strict=True)
        )
    ]


def _asked(episode: Episode, step: int, bank: QuestionBank) -> dict[str, Any]:
    """What was asked and answered; where nothing was, the response is -1 and nothing else may be known."""
    question, response = int(episode.questions[step]), int(episode.responses[step])
    there = question != NO_QUESTION
    return {
        "question": question if there else None,
        "question_id": bank.question_ids[question] if there else None,
        "concepts": bank.concepts_of(question).tolist() if there else [],
        "response": response,
        "answer_prob": None if response == NO_RESPONSE else float(episode.answer_probs[step]),
    }


def _who(episode: Episode, student_model: str) -> dict[str, Any]:
    return {
        "policy": episode.policy,
        "student_model": student_model,
        "seed": episode.seed,
        "student": episode.student,
    }


def _key_schema() -> dict[str, Any]:
    pl = polars()
    return {"policy": pl.String, "student_model": pl.String, "seed": pl.Int64, "student": pl.Int64}


def _episode_schema() -> dict[str, Any]:
    pl = polars()
    numbers = ("exam_start", "exam_end", "gain", "clipped_gain", "prior_ability", "success_rate", "repeat_rate",
               "concept_coverage")  # fmt: skip
    return {
        **_key_schema(),
        **dict.fromkeys(numbers, pl.Float64),
        "questions_to_mastery": pl.Int64,
        "n_steps": pl.Int64,
        "terminated": pl.Boolean,
        "targets": pl.List(pl.Int64),
    }


def _step_schema() -> dict[str, Any]:
    pl = polars()
    return {
        **_key_schema(),
        "step": pl.Int64,
        "question": pl.Int64,
        "question_id": pl.String,
        "concepts": pl.List(pl.Int64),
        "response": pl.Int8,
        "answer_prob": pl.Float64,
        "exam_score": pl.Float64,
        "mastery": pl.List(pl.Float32),
    }
