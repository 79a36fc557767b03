"""Questions as the user names them: by index or by id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError, unknown_name
from ldsim_env.logs.bank import QuestionBank

NO_QUESTION = -1
"""Stands for the index of a question where there is none to ask."""


def question_index(bank: QuestionBank, question: Any) -> int:
    """The index of a question given by index (int) or id (str).

    Raises:
        SettingsError: If the bank has no such question.
    """
    if isinstance(question, str):
        if question not in bank.question_index:
            raise SettingsError(f"bank {bank.name!r}: {unknown_name('question id', question, bank.question_ids)}")
        return bank.question_index[question]
    if isinstance(question, bool) or not isinstance(question, int | np.integer):
        raise SettingsError(f"expected a question index (int) or question id (str), got {question!r}.")
    if not 0 <= question < bank.n_questions:
        raise SettingsError(f"expected question indices from 0 to {bank.n_questions - 1}, got {question}.")
    return int(question)


def question_indices(bank: QuestionBank, questions: Iterable[int] | NDArray[np.integer]) -> NDArray[np.int64]:
    """Check question indices, ``(m,)``.

    Raises:
        SettingsError: Names all indices that are outside the bank.
    """
    indices = np.asarray(questions)
    if indices.ndim != 1 or not (indices.size == 0 or np.issubdtype(indices.dtype, np.integer)):
        raise SettingsError(f"questions: expected a list of question indices, got {questions!r}.")
    outside = indices[(indices < 0) | (indices >= bank.n_questions)]
    if len(outside):
        raise SettingsError(
            f"questions: expected question indices from 0 to {bank.n_questions - 1}, got {outside.tolist()}."
        )
    return indices.astype(np.int64)
