"""How experienced a student is with what is asked, as the layers read it."""

from __future__ import annotations

import torch
from torch import Tensor

N_EXPERIENCE = 3


def experience(practised: Tensor, step: Tensor) -> Tensor:
    """Practice of the concepts, whether there was any, and the length of the history.

    Args:
        practised: ``(n,)`` or ``(n, m)``, interactions on the concepts asked for, on average over them.
        step: ``(n,)`` int64, length of the history.

    Returns:
        ``(n, N_EXPERIENCE)`` or ``(n, m, N_EXPERIENCE)``.
    """
    length = torch.log1p(step.to(practised.dtype)) / 4
    if practised.dim() > 1:
        length = length.unsqueeze(1).expand_as(practised)
    return torch.stack([torch.log1p(practised) / 3, (practised > 0).to(practised.dtype), length], dim=-1)
