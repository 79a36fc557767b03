"""What recommenders may read of a student model beyond its four verbs: question vectors and the latent state.

A student model may offer either itself, as ``question_vectors`` and ``latent(state)``. For one that doesn't, vectors
are made of the bank, and the latent state is whatever its knowledge state holds in floating-point numbers.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ldsim_env.errors import SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.simulator.network import LDSimNetwork
from ldsim_env.simulator.protocol import State, StudentModel

MIDDLE = 0.5


def question_vectors(model: StudentModel) -> NDArray[np.float32]:
    """A vector for each question: alike questions are near one another.

    The model's own ``question_vectors`` where it has them; of `LDSimNetwork` the mean concept vector and the
    difficulty; else the concepts (1 divided by their number, or 0) and the bank's difficulty.

    Returns:
        ``(n_questions, size)`` float32.

    Raises:
        SettingsError: If the model's own vectors have another shape or aren't finite.
    """
    own = getattr(model, "question_vectors", None)
    if own is not None:
        return _checked(np.asarray(own, np.float32), model.bank.n_questions)
    share = model.bank.concept_matrix / np.maximum(model.bank.concept_matrix.sum(axis=1, keepdims=True), 1)
    if not isinstance(model, LDSimNetwork):
        return np.column_stack([share, quantiles(bank_difficulty(model.bank))]).astype(np.float32)
    vectors, difficulty = (tensor.detach().cpu().numpy() for tensor in (model.tables.vectors, model.difficulty()))
    return np.column_stack([share @ vectors, quantiles(difficulty)]).astype(np.float32)


def _checked(vectors: NDArray[np.float32], n_questions: int) -> NDArray[np.float32]:
    n_bad = int((~np.isfinite(vectors)).sum())
    if vectors.ndim != 2 or len(vectors) != n_questions or n_bad:
        raise SettingsError(
            f"question_vectors: expected ({n_questions}, size) finite numbers of the student model, "
            f"got the shape {vectors.shape}, of which {n_bad} aren't finite."
        )
    return vectors


def bank_difficulty(bank: QuestionBank) -> NDArray[np.float32]:
    """``(n_questions,)``: the bank's difficulties, equal for all where it has none."""
    return bank.difficulty if len(bank.difficulty) else np.zeros(bank.n_questions, np.float32)


def quantiles(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The share of values that are less, ties counted half: in (0, 1), evenly spread whatever the outliers."""
    ordered = np.sort(values)
    below, up_to = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return ((below + up_to) * MIDDLE / max(len(values), 1)).astype(np.float32)


def latent(model: StudentModel, state: State) -> Tensor:
    """The knowledge state of n students as one vector each, ``(n, size)`` float32.

    The model's own ``latent(state)`` where it has one; of `LDSimNetwork` the abilities, the shared factors, how much
    each concept was practised (log(1 + n) / 3, as its gains read it) and the summary of the past; else all
    floating-point tensors of the state in the order of their names.
    """
    own = getattr(model, "latent", None)
    if own is not None:
        vectors: Tensor = own(state)
        return vectors
    if isinstance(model, LDSimNetwork):
        practised = torch.log1p(state["practised"]) / 3
        return torch.cat([state["ability"], state["factors"], practised, state["past"]], dim=1)
    floats = (state[name].flatten(1) for name in sorted(state) if state[name].is_floating_point())
    return torch.cat([*floats], dim=1).float()


def latent_size(model: StudentModel) -> int:
    """Length of the latent vector."""
    return int(latent(model, model.start(1)).shape[1])
