"""The bend: what keeps the expected mastery where it is although the sigmoid is curved."""

from __future__ import annotations

from torch import Tensor


def bend(mastery: Tensor, prob: Tensor, swing: Tensor) -> Tensor:
    """How far each concept's level is to move so that evidence leaves the expected mastery alone, to second order.

    A level that moves by +-d moves the mean of the sigmoid by half its second derivative times d^2; Ito's correction
    takes that back.

    Args:
        mastery: ``(n, K)`` in (0, 1).
        prob: ``(n,)`` P(right) of the question being asked.
        swing: ``(n, K)`` how far the level of each concept moves for an innovation of 1.

    Returns:
        ``(n, K)`` logits.
    """
    return swing.square() * (prob * (1 - prob)).unsqueeze(1) * (mastery - 0.5)
