"""Finds logs whose rows give away their own answers: questions of several concepts expanded to a row each.

In expanded rows a model sees the answer to the question that it has to predict: it stands in the row before. A genuine
second attempt at a question looks alike, but (1) the same question is often asked once only, and (2) the second answer
often differs from the first. So the statistic counts the rows of *questions that always come several times in a row and
never with differing answers*. Measured on folds 1-4, as the readers merge them and with ``merge=False``:

| log | interactions | repeats of the question before | of these, same answer | expanded rows |
|---|---|---|---|---|
| ASSIST09 merged | 217,006 | 20 (0.01%) | 95.0% | 0 (0.00%) |
| ASSIST09 not merged | 257,188 | 40,202 (15.6%) | 99.998% | 40,157 (15.6%) of 2,923 questions |
| ASSIST17 merged | 758,970 | 397,865 (52.4%) | 68.2% | 66 (0.01%) of 13 questions |
| ASSIST17 not merged | 758,974 | 397,869 (52.4%) | 68.2% | 66 (0.01%) of 13 questions |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import LeakError
from ldsim_env.logs.response_log import ResponseLog

LEAK_SHARE = 0.01  # 15 times less than a leaking log had, 100 times more than a sound one
LEAK_RUNS = 10  # fewer runs could agree by luck: answers of genuine repeats agree in 0.7 of the pairs, 0.7^10 = 0.03


@dataclass(frozen=True)
class LeakReport:
    """What `check_leaks` counted.

    Args:
        n_interactions: Interactions in the log.
        n_repeats: Interactions whose student answered the same question just before.
        n_agreeing: Repeats with the response of just before.
        n_expanded: Repeats of questions that always come several times in a row and always with one response.
        n_expanded_questions: How many such questions there are.
        n_expanded_runs: How often one of them was asked.
    """

    n_interactions: int
    n_repeats: int
    n_agreeing: int
    n_expanded: int
    n_expanded_questions: int
    n_expanded_runs: int

    @property
    def share(self) -> float:
        """Share of the interactions whose answer stands in the row before, in [0, 1]."""
        return self.n_expanded / max(self.n_interactions, 1)

    @property
    def leaks(self) -> bool:
        """Whether the log is expanded: the share is 1% at least and the runs are too many for chance."""
        return self.share >= LEAK_SHARE and self.n_expanded_runs >= LEAK_RUNS


def check_leaks(log: ResponseLog) -> LeakReport:
    """Count repeated questions, and among them those that look like one question expanded by concept."""
    repeat = _repeats(log)
    agreeing = repeat.copy()
    agreeing[1:] &= log.responses[1:] == log.responses[:-1]
    expanded = _always_repeated(log, repeat, agreeing)[log.questions]
    return LeakReport(
        n_interactions=log.n_interactions,
        n_repeats=int(repeat.sum()),
        n_agreeing=int(agreeing.sum()),
        n_expanded=int((expanded & repeat).sum()),
        n_expanded_questions=len(np.unique(log.questions[expanded])),
        n_expanded_runs=int((expanded & ~repeat).sum()),
    )


def refuse_leaks(log: ResponseLog) -> None:
    """Stop before anything is trained or measured on expanded rows.

    Raises:
        LeakError: If the log is expanded; the message says by how much and what to do.
    """
    report = check_leaks(log)
    if report.leaks:
        raise LeakError(
            f"{log.source or log.bank.name}: {report.n_expanded:,} of {report.n_interactions:,} interactions "
            f"({report.share:.1%}) repeat the row before with the same answer, on {report.n_expanded_questions:,} "
            "questions that never come alone: questions of several concepts stand there once a concept. A model then "
            "reads the answer off the row before, and its AUC means nothing (DKT on ASSISTments 2009: .75 becomes "
            ".89). Read the log with its concept column and merge=True (the default), so that each question asked is "
            "one interaction, or keep one row per question asked."
        )


def _repeats(log: ResponseLog) -> NDArray[np.bool_]:
    """``(n_interactions,)``: the student answered this question just before."""
    repeat = np.zeros(log.n_interactions, bool)
    repeat[1:] = log.questions[1:] == log.questions[:-1]
    firsts = log.offsets[:-1]
    repeat[firsts[firsts < log.n_interactions]] = False
    return repeat


def _always_repeated(log: ResponseLog, repeat: NDArray[np.bool_], agreeing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """``(n_questions,)``: the question never comes alone, and never with differing answers in a row."""
    alone = ~repeat
    alone[:-1] &= ~repeat[1:]
    always = np.ones(log.bank.n_questions, bool)
    always[log.questions[alone | (repeat & ~agreeing)]] = False
    return always
