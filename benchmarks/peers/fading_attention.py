"""AKT's attention (Ghosh et al. 2020, section 3.2), whose weights fall with distance, without what is masked."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

BAND = 64  # rows at once, with no more columns than the last of them sees: half of the whole square is masked
HIDDEN = -1e30  # added to a score that does not count; finite, for a gradient of 0 times infinity is none
LEAST = 1e-5  # no score fades to less


class FadingAttention(nn.Module):
    """Stands where pykt-toolkit's `AKT` has a `MultiHeadAttention`, with its weights under their names.

    Args:
        head: The class's own.
    """

    def __init__(self, head: Any):
        super().__init__()
        self.k_linear, self.v_linear, self.out_proj = head.k_linear, head.v_linear, head.out_proj
        self.gammas, self.dropout, self.heads = head.gammas, head.dropout, head.h

    def forward(self, query: Tensor, key: Tensor, values: Tensor, *, zero_pad: bool, **_: Any) -> Tensor:
        """The class's call, ``(n, length, width)`` each: a row sees those before it, itself too if not `zero_pad`."""
        queries, values = self.k_linear(query), self.v_linear(values)
        keys = queries if key is query else self.k_linear(key)
        if zero_pad:
            drawn = self._in_bands(queries[:, 1:], keys[:, :-1], values[:, :-1], nearest=1)
            drawn = functional.pad(drawn, (0, 0, 1, 0))  # the first sees nothing
        else:
            drawn = self._in_bands(queries, keys, values, nearest=0)
        projected: Tensor = self.out_proj(drawn)
        return projected

    def _in_bands(self, queries: Tensor, keys: Tensor, values: Tensor, nearest: int) -> Tensor:
        bands, end = [], 0
        for rows in torch.split(queries, BAND, 1):
            end += rows.shape[1]
            bands.append(self.draw(rows, keys[:, :end], values[:, :end], nearest))
        return torch.cat(bands, 1)

    def draw(self, queries: Tensor, keys: Tensor, values: Tensor, nearest: int) -> Tensor:
        """What the last positions draw from those before them, ``(n, rows, width)``, not projected yet.

        Args:
            queries: ``(n, rows, width)``, projected.
            keys: ``(n, length, width)``, projected, in order of time; the last row sees them all.
            values: ``(n, length, width)``, projected.
            nearest: How far the last that a row sees is from it.
        """
        n_rows, length = queries.shape[1], keys.shape[1]
        queries, keys, values = (self._of_heads(part) for part in (queries, keys, values))
        distance = torch.arange(n_rows)[:, None] - torch.arange(length) + length - n_rows + nearest
        hidden = torch.where(distance < nearest, HIDDEN, 0.0)
        scores = torch.baddbmm(hidden, queries, keys.transpose(1, 2), alpha=queries.shape[2] ** -0.5)
        gammas = -functional.softplus(self.gammas).repeat(len(queries) // self.heads, 1, 1)
        faded: Tensor = Faded.apply(scores, _spread(scores, distance), gammas)  # type: ignore[no-untyped-call]
        drawn: Tensor = self.dropout(faded.softmax(-1)) @ values
        return drawn.view(-1, self.heads, n_rows, drawn.shape[2]).transpose(1, 2).flatten(2)

    def _of_heads(self, part: Tensor) -> Tensor:
        """``(n, length, width)`` to ``(n * heads, length, width / heads)``."""
        n, length, width = part.shape
        return part.view(n, length, self.heads, width // self.heads).transpose(1, 2).flatten(0, 1)


@torch.no_grad()
def _spread(scores: Tensor, distance: Tensor) -> Tensor:
    """How far each column is: the root of its distance times what weight lies nearer than it."""
    reached = scores.softmax(-1).cumsum(-1)
    return torch.sub(reached[..., -1:], reached).mul_(distance).clamp_(min=0).sqrt_()


class Faded(torch.autograd.Function):
    """``scores * max(exp(spread * gammas), LEAST)``, with fewer passes over its memory than autograd takes."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, spread: Tensor, gammas: Tensor) -> Tensor:
        """Scores and spread ``(n, rows, length)``, gammas ``(n, 1, 1)``."""
        fading = (spread * gammas).exp_().clamp_(min=LEAST)
        ctx.save_for_backward(scores, spread, fading)
        return scores * fading

    @staticmethod
    def backward(ctx: Any, *of_faded: Tensor) -> tuple[Tensor, None, Tensor]:
        """Of the scores and the gammas; the class takes the spread as given."""
        scores, spread, fading = ctx.saved_tensors
        of_scores = of_faded[0] * fading
        of_fading = (of_scores * scores).mul_(spread).mul_(fading > LEAST)
        return of_scores, None, of_fading.sum((1, 2), keepdim=True)
