"""Random numbers for many environments, each from its own generator, without asking each generator at each step."""

from __future__ import annotations

import numpy as np
from gymnasium.utils import seeding
from numpy.typing import NDArray

BLOCK = 64
_ANY_SEED = np.random.SeedSequence(0)  # of generators whose state is set at once


class NoiseStreams:
    """One stream of uniform random numbers for each of n environments.

    Stream i is what its generator gives with ``random()``, number after number, as a single environment with that
    generator uses them. Numbers are taken from the generators in blocks, since asking 1,024 generators at each step
    would cost as much as the student model; so the generators run ahead of what was handed out.

    Args:
        n: Number of streams. A stream that is never seeded is seeded by the operating system when first used.

    Attributes:
        seeds: Seed of each stream; None before its first use.
    """

    def __init__(self, n: int):
        self.seeds: list[int | None] = [None] * n
        self._generators: list[np.random.BitGenerator | None] = [None] * n
        self._block = np.empty((n, BLOCK))
        self._used = np.full(n, BLOCK)  # numbers of the block that were handed out

    def seed(self, row: int, seed: int) -> None:
        """Start a stream anew."""
        self._start(row, seed)
        self._used[row] = BLOCK

    def take(self, rows: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        """The next ``n`` numbers of the streams ``rows``, ``(len(rows), n)`` float64 in [0, 1)."""
        enough = self._used[rows] + n <= BLOCK
        if enough.all():
            return self._take_ready(rows, n)
        numbers = np.empty((len(rows), n))
        numbers[enough] = self._take_ready(rows[enough], n)
        for place in np.flatnonzero(~enough).tolist():
            self._take_more(int(rows[place]), numbers[place])
        return numbers

    def _take_ready(self, rows: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        """Numbers that the blocks have."""
        first = rows * BLOCK + self._used[rows]
        self._used[rows] += n
        return np.asarray(self._block.take(first[:, None] + np.arange(n)))

    def _take_more(self, row: int, numbers: NDArray[np.float64]) -> None:
        """Fill in more numbers than the block has left, and fill the next block."""
        left = BLOCK - int(self._used[row])
        numbers[:left] = self._block[row, BLOCK - left :]
        generator = np.random.Generator(self._generator(row))
        generator.random(out=numbers[left:])
        generator.random(out=self._block[row])
        self._used[row] = 0

    def _generator(self, row: int) -> np.random.BitGenerator:
        return self._generators[row] or self._start(row, None)

    def _start(self, row: int, seed: int | None) -> np.random.BitGenerator:
        """Where Gymnasium's generator of this seed begins, in a third of its memory: they share what seeded them."""
        generator, self.seeds[row] = seeding.np_random(seed)
        kept = type(generator.bit_generator)(_ANY_SEED)
        kept.state = generator.bit_generator.state
        self._generators[row] = kept
        return kept
