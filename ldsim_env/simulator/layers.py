"""Layers whose start weights come from a generator handed in, so that the global one is never moved."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn.utils import skip_init


def linear(n_inputs: int, n_outputs: int, bias: bool = True) -> nn.Linear:
    """A linear layer with undefined weights, to be drawn by `draw_layer` or loaded."""
    layer: nn.Linear = skip_init(nn.Linear, n_inputs, n_outputs, bias=bias)  # type: ignore[no-untyped-call]
    return layer


def gru_cell(n_inputs: int, size: int) -> nn.GRUCell:
    """A GRU cell with undefined weights, to be drawn by `draw_layer` or loaded."""
    cell: nn.GRUCell = skip_init(nn.GRUCell, n_inputs, size)  # type: ignore[no-untyped-call]
    return cell


@torch.no_grad()
def draw_layer(layer: nn.Linear | nn.GRUCell, generator: torch.Generator) -> None:
    """Draw a layer's weights by torch's own rule: evenly within 1 / sqrt(inputs), of a GRU cell its size."""
    bound = 1 / math.sqrt(layer.hidden_size if isinstance(layer, nn.GRUCell) else layer.in_features)
    for weight in layer.parameters():
        weight.uniform_(-bound, bound, generator=generator)
