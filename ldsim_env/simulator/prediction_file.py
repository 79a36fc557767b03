"""Predictions as a CSV file, one row for each scored position."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ldsim_env.files import write_atomic
from ldsim_env.logs import MatchedLog
from ldsim_env.simulator.tasks import Predictions

COLUMNS = ("student", "window", "position", "question", "response", "prob")


def write_predictions(path: Path, predictions: Predictions, matched: MatchedLog) -> None:
    """Write ``student,window,position,question,response,prob``, students and questions named as the log names them.

    Args:
        path: The CSV file; written whole or not at all.
        predictions: Of a model over ``matched.log``'s bank.
        matched: The log that was predicted.
    """
    original = matched.original
    students = [original.student_ids[i] for i in predictions.student]
    questions = [original.bank.question_ids[q] for q in original.questions[predictions.interaction]]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(
        zip(
            students,
            predictions.window.tolist(),
            predictions.position.tolist(),
            questions,
            predictions.response.astype(int).tolist(),
            (f"{prob:.6f}" for prob in predictions.prob),
            strict=True,
        )
    )
    write_atomic(path, text.getvalue().encode())
