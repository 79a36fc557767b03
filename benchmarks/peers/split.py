"""The logs of one bank, split as the protocol says: folds 1-3 to train (a tenth to stop by), fold 4 to report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ldsim_env.logs import QuestionBank, ResponseLog, match_bank, padded, read_logs, refuse_leaks, windows
from ldsim_env.logs.windows import PaddedWindows
from ldsim_env.simulator import TrainingSettings
from ldsim_env.simulator.fitting import stopping_split


@dataclass(frozen=True)
class Split:
    """Students to train on, to stop by and to report on, over one bank that holds the questions of all of them.

    Args:
        name: Name of the bank's folder.
        train: Folds 1-3 without the stopping students.
        stopping: A tenth of the students of folds 1-3.
        test: Fold 4. Its questions that no training student met have an id too, as in pykt-toolkit.
        known_bank: The bank of folds 1-3, with which the larger one begins.
    """

    name: str
    train: ResponseLog
    stopping: ResponseLog
    test: ResponseLog
    known_bank: QuestionBank

    @property
    def bank(self) -> QuestionBank:
        """The questions."""
        return self.test.bank

    @property
    def training_windows(self) -> PaddedWindows:
        """The windows of 200 of the training students, those of 3 at least."""
        return padded(self.train, windows(self.train))


def read_split(folder: Path, seed: int) -> Split:
    """Read the four folds; the stopping students are those that `fit_simulator` takes under the same seed.

    Raises:
        LeakError: If the rows are expanded by concept.
    """
    train, test = (read_logs([folder / f"fold{i}.csv" for i in folds]) for folds in ((1, 2, 3), (4,)))
    refuse_leaks(train)
    return split_logs(folder.name, train, test, seed)


def split_logs(name: str, train: ResponseLog, test: ResponseLog, seed: int) -> Split:
    """Bring training and test students over one bank and set the stopping students apart."""
    test = match_bank(test, train.bank).log
    kept, stopping = stopping_split(replace(train, bank=test.bank), None, TrainingSettings(seed=seed))
    return Split(name, kept, stopping, test, train.bank)


def with_random_responses(split: Split, rng: np.random.Generator) -> Split:
    """The same questions with coin flips for responses: nothing can be learnt, and whatever is found is a leak."""

    def flipped(log: ResponseLog) -> ResponseLog:
        return replace(log, responses=rng.integers(0, 2, log.n_interactions).astype(np.int8))

    return replace(split, train=flipped(split.train), stopping=flipped(split.stopping), test=flipped(split.test))
