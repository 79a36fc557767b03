import torch
from torch import nn

from ldsim_env.simulator.layers import draw_layer, gru_cell, tanh


def test_the_hyperbolic_tangent_is_torchs() -> None:
    values = torch.linspace(-20, 20, 1001)
    torch.testing.assert_close(tanh(values), torch.tanh(values), rtol=0, atol=3e-7)


@torch.no_grad()
def test_the_cell_is_torchs() -> None:
    cell, torchs = gru_cell(3, 4), nn.GRUCell(3, 4)
    draw_layer(cell, torch.Generator().manual_seed(0))
    torchs.load_state_dict(cell.state_dict())
    inputs, hidden = torch.linspace(-2, 2, 18).view(6, 3), torch.linspace(1, -1, 24).view(6, 4)
    torch.testing.assert_close(cell(inputs, hidden), torchs(inputs, hidden), rtol=0, atol=1e-6)
