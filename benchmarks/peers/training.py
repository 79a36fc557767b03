"""Fitting a peer: by Adam with stopping for the networks, by their own rules for the simple end."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from ldsim_env.logs import PaddedWindows
from ldsim_env.logs.windows import WINDOW_LENGTH, answers_per_batch
from ldsim_env.simulator.difficulties import fit_easiness
from ldsim_env.simulator.neighbours import neighbours_of
from ldsim_env.simulator.tasks import kt_task
from ldsim_env.simulator.training_state import TrainingState
from peers.bkt import BktPeer
from peers.elo import EloPeer
from peers.irt import IrtPeer
from peers.peer import Batch, Peer, read_windows
from peers.split import Split

BATCH = 64
EPOCHS = 60
PATIENCE = 5  # two cut fits short: their stopping AUC wavers by .002 from epoch to epoch


def rule_of(patience: int) -> str:
    """How networks are fitted, for the records: fits of different rules are not put into one row."""
    return f"patience {patience}, by answer"


RULE = rule_of(PATIENCE)


@dataclass(frozen=True)
class FitRecord:
    """How a fit went.

    Args:
        stopping_auc: KT AUC on the stopping students after each epoch; one value where there are no epochs.
        seconds: Wall-clock time of the fit, the stopping scores included.
        rule: How it was made, as `rule_of` says it; None where there are no epochs.
    """

    stopping_auc: tuple[float, ...]
    seconds: float
    rule: str | None = None

    @property
    def best(self) -> float:
        """The best epoch's AUC: the weights that are kept."""
        return max(self.stopping_auc)


Fit = Callable[[Peer, Split, float, int, TrainingState | None], FitRecord]
"""Fits a peer in place, given the split, the setting that is searched, the seed, and where a long fit is kept."""


def fit_by_adam(
    peer: Peer,
    split: Split,
    learning_rate: float,
    seed: int,
    kept: TrainingState | None = None,
    *,
    epochs: int = EPOCHS,
    patience: int = PATIENCE,
) -> FitRecord:
    """Adam until the stopping students' AUC has not risen for `patience` epochs; the best epoch's weights stay.

    Torch's generator is seeded anew for each epoch, so that a fit that was killed goes on as if it had not been.
    """
    optimiser, best = torch.optim.Adam(peer.parameters(), lr=learning_rate), copy.deepcopy(peer)
    parts = {"peer": peer, "best": best}
    done = kept.load(parts, optimiser) if kept else []
    while len(done) < epochs and _since_best(done) < patience:
        started, rng = time.monotonic(), np.random.default_rng([seed, len(done)])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**31)))
            _one_epoch(peer, optimiser, split.training_windows, rng)
            auc = stopping_auc(peer, split)
        done.append({"auc": auc, "seconds": time.monotonic() - started})
        if _since_best(done) == 0:
            best.load_state_dict(peer.state_dict())
        if kept:
            kept.save(parts, optimiser, done)
    peer.load_state_dict(best.state_dict())
    peer.eval()
    return FitRecord(tuple(epoch["auc"] for epoch in done), sum(epoch["seconds"] for epoch in done), rule_of(patience))


def _since_best(done: list[dict[str, Any]]) -> int:
    """Epochs since the first of the best."""
    aucs = [epoch["auc"] for epoch in done]
    return len(aucs) - 1 - int(np.argmax(aucs)) if aucs else 0


def at_once(rule: Callable[[Any, Split, float, int], None]) -> Fit:
    """A fit without epochs, timed and scored: ``rule`` gets the peer, the split, the setting and the seed."""

    def fit(peer: Peer, split: Split, setting: float, seed: int, kept: TrainingState | None = None) -> FitRecord:
        del kept  # it is done in a moment
        started = time.monotonic()
        rule(peer, split, setting, seed)
        return FitRecord((stopping_auc(peer, split),), time.monotonic() - started)

    return fit


@at_once
def fit_bkt(peer: BktPeer, split: Split, setting: float, seed: int) -> None:
    """PyBKT's EM from one random start."""
    del setting
    peer.fit(split.training_windows, np.random.default_rng(seed))


@at_once
def fit_irt(peer: IrtPeer, split: Split, setting: float, seed: int) -> None:
    """Most probable difficulties; nothing is random."""
    del seed
    peer.fit(split.training_windows, setting)


@at_once
def fit_irt_by_log_odds(peer: IrtPeer, split: Split, setting: float, seed: int) -> None:
    """Difficulties that don't know who was asked; nothing is random."""
    del seed
    peer.take_log_odds(split.train, setting)


@at_once
def fit_irt_by_neighbours(peer: IrtPeer, split: Split, setting: float, seed: int) -> None:
    """Most probable difficulties, as LDSim starts from: neighbours in the numbering are alike; nothing is random."""
    del seed
    easiness = fit_easiness(split.train, WINDOW_LENGTH, setting, neighbours=neighbours_of(split.bank))
    peer.take_difficulties(-easiness.first)


@at_once
def fit_elo(peer: EloPeer, split: Split, setting: float, seed: int) -> None:
    """Difficulties by the Elo rule; nothing is random."""
    del seed
    peer.fit(split.training_windows, setting)


def stopping_auc(peer: Peer, split: Split) -> float:
    """KT AUC on the stopping students."""
    peer.eval()
    return kt_task(partial(read_windows, peer), split.stopping).scores().auc


def batches(seen: PaddedWindows, rng: np.random.Generator) -> Iterator[Batch]:
    """Batches of windows of like length, in random order."""
    order = np.lexsort((rng.random(len(seen.lengths)), seen.lengths))
    groups = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    for number in rng.permutation(len(groups)):
        rows = groups[number]
        longest = int(seen.lengths[rows].max())
        parts = (seen.questions[rows, :longest], seen.responses[rows, :longest], seen.lengths[rows])
        yield Batch(*(torch.from_numpy(part) for part in parts))


def _one_epoch(peer: Peer, optimiser: torch.optim.Optimizer, seen: PaddedWindows, rng: np.random.Generator) -> None:
    n_average = answers_per_batch(seen.lengths, BATCH)
    peer.train()
    for batch in batches(seen, rng):
        optimiser.zero_grad()
        peer.loss(batch, n_average).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
