"""Reading many prompts that begin alike: what they share is computed once, the rest in right-padded batches."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

KEPT_PREFIXES = 8


class PrefixedModel:
    """A causal language model that keeps the keys and values of shared beginnings.

    Args:
        model: A causal model of `transformers`.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._caches: dict[tuple[int, ...], Any] = {}

    @torch.inference_mode()
    def next_token_log_probs(
        self,
        prefix: Sequence[int],
        rows: Sequence[Sequence[int]],
        places: Sequence[Sequence[int]],
        tokens: Sequence[int],
    ) -> list[Tensor]:
        """Log-probabilities of some tokens after some places of each row.

        Args:
            prefix: Token ids that every row begins with, left out of the rows; may be empty.
            rows: n rows of token ids, none empty.
            places: For each row, the indices of the tokens after which the next token is asked for.
            tokens: The token ids whose probability is asked for.

        Returns:
            For each row ``(len(places), len(tokens))`` float32 on the CPU.
        """
        row = torch.tensor([i for i, some in enumerate(places) for _ in some])
        place = torch.tensor([place for some in places for place in some])
        wanted = self._on_device(torch.tensor(tokens))
        logits = self._logits(prefix, rows, (self._on_device(row), self._on_device(place)), wanted)
        log_probs = logits.log_softmax(-1)[:, wanted].cpu()
        pieces: tuple[Tensor, ...] = torch.split(log_probs, [len(some) for some in places])
        return list(pieces)

    def _logits(
        self, prefix: Sequence[int], rows: Sequence[Sequence[int]], at: tuple[Tensor, Tensor], exact: Tensor
    ) -> Tensor:
        """``(len(places), n_tokens)`` float32: the logits at some rows and places."""
        tokens, mask = _right_padded(rows)
        mask = torch.cat([mask.new_ones(len(rows), len(prefix)), mask], dim=1)
        inputs = {"input_ids": self._on_device(tokens), "attention_mask": self._on_device(mask)}
        if prefix:
            inputs["past_key_values"] = self._cache_for(prefix, len(rows))
        with _only_at(self._model, at, exact) as picked:
            logits: Tensor = self._model(**inputs, use_cache=bool(prefix)).logits
        return logits[0].float() if picked else logits[at].float()

    def _cache_for(self, prefix: Sequence[int], n_rows: int) -> Any:
        """Keys and values of the prefix, once a row; a copy, since the model writes on."""
        cache = self._copy(tuple(prefix))
        cache.batch_repeat_interleave(n_rows)
        return cache

    @torch.inference_mode()
    def keep(self, prefix: Sequence[int]) -> None:
        """Read a prefix unless it is kept; the prefixes used last are, and others that begin with it go on from it."""
        key = tuple(prefix)
        if not key:
            return
        kept = self._caches.pop(key) if key in self._caches else self._read(key)
        while len(self._caches) >= KEPT_PREFIXES:
            self._caches.pop(next(iter(self._caches)))
        self._caches[key] = kept

    def _copy(self, prefix: tuple[int, ...]) -> Any:
        """Keys and values of a prefix."""
        self.keep(prefix)
        return copy.deepcopy(self._caches[prefix])

    def _read(self, prefix: tuple[int, ...]) -> Any:
        """Keys and values of a prefix, from the longest one kept that it begins with."""
        begun = max((key for key in self._caches if key == prefix[: len(key)]), key=len, default=())
        inputs = {"input_ids": self._on_device(torch.tensor([prefix[len(begun) :]]))}
        if begun:
            inputs["past_key_values"] = self._copy(begun)
        nowhere = torch.zeros(0, dtype=torch.int64, device=self._model.device)
        with _only_at(self._model, (nowhere, nowhere), nowhere):
            return self._model(**inputs, use_cache=True).past_key_values

    def _on_device(self, tensor: Tensor) -> Tensor:
        return tensor.to(self._model.device)


def _right_padded(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """``(n, longest)`` int64 tokens and mask; padding is never read, so any token does."""
    longest = max(map(len, rows))
    tokens = torch.zeros(len(rows), longest, dtype=torch.int64)
    mask = torch.zeros(len(rows), longest, dtype=torch.int64)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return tokens, mask


@contextmanager
def _only_at(model: Any, at: tuple[Tensor, Tensor], exact: Tensor) -> Iterator[bool]:
    """While it lasts, the model's last layer sees only some rows and places, and is exact for some tokens.

    All logits of a batch may take gigabytes. And in bfloat16 a logit near 20 is a multiple of 0.125, so that many
    answers would tie: those of the tokens that are compared are computed in float32.

    Yields:
        Whether the model has a last layer of which that can be had; its logits are ``(1, len(at[0]), n_tokens)`` then.
    """
    head = model.get_output_embeddings()
    if type(head) is not nn.Linear:
        yield False
        return
    biases: Tensor | None = head.bias

    def pick(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (inputs[0][at].unsqueeze(0), *inputs[1:])

    def sharpen(_: nn.Module, inputs: tuple[Tensor, ...], logits: Tensor) -> Tensor:
        bias = biases[exact].float() if biases is not None else None
        sharp = logits.float()
        sharp[..., exact] = nn.functional.linear(inputs[0].float(), head.weight[exact].float(), bias)
        return sharp

    hooks = [head.register_forward_pre_hook(pick), head.register_forward_hook(sharpen)]
    try:
        yield True
    finally:
        for hook in hooks:
            hook.remove()
