"""Layers whose start weights come from a generator handed in, so that the global one is never moved."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init


def linear(n_inputs: int, n_outputs: int, bias: bool = True) -> nn.Linear:
    """A linear layer with undefined weights, to be drawn by `draw_layer` or loaded."""
    layer: nn.Linear = skip_init(nn.Linear, n_inputs, n_outputs, bias=bias)  # type: ignore[no-untyped-call]
    return layer


def gru_cell(n_inputs: int, size: int) -> GRUCell:
    """A GRU cell with undefined weights, to be drawn by `draw_layer` or loaded."""
    cell: GRUCell = skip_init(GRUCell, n_inputs, size)  # type: ignore[no-untyped-call]
    return cell


class GRUCell(nn.GRUCell):
    """Torch's own with its weights, in fewer passes over the batch; see `tanh`."""

    def forward(self, inputs: Tensor, hidden: Tensor) -> Tensor:  # type: ignore[override]
        """The next hidden state ``(n, size)`` from inputs ``(n, n_inputs)`` and the present one."""
        size = 2 * self.hidden_size
        of_inputs = functional.linear(inputs, self.weight_ih, self.bias_ih)
        of_hidden = functional.linear(hidden, self.weight_hh, self.bias_hh)
        gates = torch.sigmoid(of_inputs[:, :size] + of_hidden[:, :size])
        reset, update = torch.split(gates, self.hidden_size, dim=1)
        return torch.lerp(tanh(torch.addcmul(of_inputs[:, size:], reset, of_hidden[:, size:])), hidden, update)


def tanh(values: Tensor) -> Tensor:
    """The hyperbolic tangent by the logistic function.

    ``torch.tanh`` is that of Intel's library, which takes ten times as long on processors of other makers.
    """
    return 2 * torch.sigmoid(2 * values) - 1


@torch.no_grad()
def draw_layer(layer: nn.Linear | nn.GRUCell, generator: torch.Generator) -> None:
    """Draw a layer's weights by torch's own rule: evenly within 1 / sqrt(inputs), of a GRU cell its size."""
    bound = 1 / math.sqrt(layer.hidden_size if isinstance(layer, nn.GRUCell) else layer.in_features)
    for weight in layer.parameters():
        weight.uniform_(-bound, bound, generator=generator)
