"""The canary: trained and scored on coin flips, a sound peer is at AUC 0.5 on every task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ldsim_env.errors import LeakError
from peers.catalogue import Kind, built
from peers.scoring import chance_band, evaluate_peer
from peers.split import Split, with_random_responses
from peers.training import fit_by_adam

EPOCHS = 2


@dataclass(frozen=True)
class CanaryScore:
    """AUC of a task on coin flips, and how far from 0.5 chance alone takes it."""

    peer: str
    task: str
    auc: float
    band: float

    @property
    def sings(self) -> bool:
        """Whether the AUC is in the band around 0.5."""
        return abs(self.auc - 0.5) <= self.band


def canary(kinds: Sequence[Kind], split: Split, seed: int = 0) -> list[CanaryScore]:
    """Fit each peer for two epochs on coin flips and score it on coin flips.

    Raises:
        LeakError: If an AUC is outside the band: the harness shows that peer what it has to predict.
    """
    flipped = with_random_responses(split, np.random.default_rng(seed))
    found = [score for kind in kinds for score in _scores(kind, flipped, seed)]
    silent = [score for score in found if not score.sings]
    if silent:
        named = "; ".join(f"{s.peer}, {s.task}: {s.auc:.4f}, expected 0.5 ± {s.band:.4f}" for s in silent)
        raise LeakError(f"canary: coin flips were predicted ({named}). The harness or the peer sees the answers.")
    return found


def _scores(kind: Kind, split: Split, seed: int) -> list[CanaryScore]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        peer = built(kind, split.bank)
        if kind.fit is fit_by_adam:
            fit_by_adam(peer, split, kind.settings[0], seed, epochs=EPOCHS)
        else:
            kind.fit(peer, split, kind.settings[0], seed, None)
        evaluation = evaluate_peer(peer, split.test, sampled_seeds=1)
    return [
        CanaryScore(kind.name, task, scores.overall.auc, chance_band(scores.overall))
        for task, scores in evaluation.tasks.items()
    ]
