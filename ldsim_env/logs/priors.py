"""How hard questions and concepts are in a log: shrunk log-odds of a right answer, where a student model starts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError
from ldsim_env.logs.response_log import ResponseLog


class LogOdds(NamedTuple):
    """Log-odds of a right answer in logits."""

    question: NDArray[np.float32]  # (n_questions,)
    concept: NDArray[np.float32]  # (n_concepts,)


def shrunk_log_odds(log: ResponseLog, concept_strength: float, question_strength: float) -> LogOdds:
    """Log-odds of a right answer on each question and on each concept, shrunk where there are few interactions.

    With ``n`` interactions of which ``k`` are right, ``rate = (k + s * m) / (n + s)``: for a concept, ``m`` is the
    rate of the whole log; for a question, ``m`` is the mean rate of its concepts (the whole log's if it has none).
    What the log doesn't have takes ``m``. Give the training log only, or the numbers know the answers of others.

    Args:
        log: The training log.
        concept_strength: ``s`` for concepts, in interactions, above 0.
        question_strength: ``s`` for questions, in interactions, above 0.

    Raises:
        SettingsError: If a strength is not above 0 (a question always answered right would be infinitely easy).
    """
    for name, value in (("concept_strength", concept_strength), ("question_strength", question_strength)):
        if not 0 < value < np.inf:
            raise SettingsError(f"{name}: expected a number of interactions above 0, got {value}.")
    asked = np.bincount(log.questions, minlength=log.bank.n_questions)
    right = np.bincount(log.questions, weights=log.responses, minlength=log.bank.n_questions)
    matrix = log.bank.concept_matrix.astype(np.float64)
    # half a right and half a wrong answer more keep the whole log's rate off 0 and 1
    overall = (right.sum() + 0.5) / (asked.sum() + 1)
    concept_rate = (right @ matrix + concept_strength * overall) / (asked @ matrix + concept_strength)
    n_concepts = matrix.sum(axis=1)
    mean_rate = np.where(n_concepts > 0, matrix @ concept_rate / np.maximum(n_concepts, 1), overall)
    question_rate = (right + question_strength * mean_rate) / (asked + question_strength)
    return LogOdds(_logit(question_rate), _logit(concept_rate))


def _logit(rate: NDArray[np.float64]) -> NDArray[np.float32]:
    return (np.log(rate) - np.log1p(-rate)).astype(np.float32)
