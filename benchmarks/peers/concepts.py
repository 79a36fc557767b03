"""Concept sets as one concept id each, as pykt-toolkit's classes want them."""

from __future__ import annotations

import torch
from torch import Tensor

from ldsim_env.logs import QuestionBank


def concept_id_of_question(bank: QuestionBank) -> Tensor:
    """``(n_questions,)`` int64: which set of concepts a question asks for."""
    return torch.from_numpy(bank.kinds.of_question)


def n_concept_ids(bank: QuestionBank) -> int:
    """How many different sets of concepts the questions ask for."""
    return len(bank.kinds.share)
