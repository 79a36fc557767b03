"""Gains and drift: how far an answer moves each part of the knowledge state; read from the past and from P(right)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ldsim_env.simulator.asked import Asked

N_GAIN_FEATURES = 7
N_GAINS = 3  # own gain, related gain, drift; the factors' and the trace's gains come after them


class Gains(NamedTuple):
    """What an innovation of 1 moves, and what practice adds whatever the answer. None of it knows the answer."""

    own: Tensor  # (n, 1) >= 0, abilities of the concepts asked for
    related: Tensor  # (n, 1) in (0, 1), abilities that evidence flows to
    drift: Tensor  # (n, 1) >= 0, what practice adds to the abilities of the concepts asked for
    factors: Tensor  # (n, F)
    trace: Tensor  # (n, 1) the trace of the question at hand; (n, 0) where there is none


def gain_features(asked: Asked, mastery: Tensor, prob: Tensor) -> Tensor:
    """(n, N_GAIN_FEATURES): what gains are read from beside the past.

    Args:
        asked: What n students are asked.
        mastery: ``(n, K)``.
        prob: ``(n,)`` P(right).
    """
    practised, any_practised, length = torch.unbind(asked.experience, dim=1)
    return torch.stack(
        [
            length,
            practised,
            prob,
            4 * prob * (1 - prob),
            any_practised,
            (asked.prerequisites * mastery).sum(1),  # mean mastery of the prerequisites
            asked.prerequisites.sum(1),  # how much of what is asked has any
        ],
        dim=1,
    )


def gains_of(output: Tensor, n_factors: int, scale: float) -> Gains:
    """Bring a layer's output ``(n, N_GAINS + F)``, or one wider for the trace, into the gains' ranges.

    Args:
        output: Of the layer.
        n_factors: How many factors F there are.
        scale: Weight of what an answer moves abilities and factors by.
    """
    own, related, drift = torch.split(output[:, :N_GAINS], 1, dim=1)
    return Gains(
        own=scale * functional.softplus(own),
        related=scale * torch.sigmoid(related - 2),
        drift=functional.softplus(drift - 3),
        factors=scale * output[:, N_GAINS : N_GAINS + n_factors],
        trace=output[:, N_GAINS + n_factors :],
    )
