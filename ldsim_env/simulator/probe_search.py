"""Probes that search: what an optimiser would find among the questions that have nothing to do with the targets."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ldsim_env.simulator.probe_ground import STUDENTS_AT_ONCE, ProbeGround
from ldsim_env.simulator.probe_pools import NONE
from ldsim_env.simulator.protocol import State, select_students

SEARCH_STREAM = 21


def expected_gains(ground: ProbeGround, state: State, questions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Expected change of each student's exam score by each of these questions; both are ``(n, m)``."""
    n, m = questions.shape
    student, flat = np.repeat(np.arange(n), m), questions.reshape(-1)
    gains = np.empty(n * m)
    for first in range(0, n * m, STUDENTS_AT_ONCE // 2):
        part = slice(first, first + STUDENTS_AT_ONCE // 2)
        gains[part] = ground.teach(
            select_students(state, torch.from_numpy(student[part])), flat[part], np.ones(len(flat[part])), student[part]
        ).expected
    return gains.reshape(n, m)


def best_constant(ground: ProbeGround) -> NDArray[np.int64]:
    """For each student the question, ``(n, 1)``, that pays best when it is asked all the time.

    Every candidate is asked of a few students over a whole episode; each of the n students then gets the best one that
    doesn't practise a target of theirs.
    """
    candidates = _candidates(ground)
    ranked = candidates[np.argsort(-_payments(ground, candidates), kind="stable")]
    unrelated = ~ground.on_target[:, ranked]
    return np.where(unrelated.any(1), ranked[unrelated.argmax(1)], NONE)[:, None]


def _candidates(ground: ProbeGround) -> NDArray[np.int64]:
    """Half of them at random, a quarter the easiest and a quarter the hardest at the start."""
    by_ease = np.argsort(-ground.prob.mean(0), kind="stable")
    quarter = -(-ground.settings.n_constants // 4)
    ends = np.unique(np.concatenate([by_ease[:quarter], by_ease[-quarter:]]))
    others = np.setdiff1d(ground.rng(SEARCH_STREAM).permutation(ground.bank.n_questions)[: 2 * quarter], ends)
    return np.concatenate([ends, others])


def _payments(ground: ProbeGround, candidates: NDArray[np.int64]) -> NDArray[np.float64]:
    """Expected E_p of asking each candidate all the time: the mean over a few students for whom it is unrelated."""
    asked_of = [
        np.flatnonzero(~ground.on_target[:, question])[: ground.settings.search_students] for question in candidates
    ]
    candidate = np.repeat(np.arange(len(candidates)), [len(students) for students in asked_of])
    student, rng = np.concatenate(asked_of), ground.rng(SEARCH_STREAM, 1)
    state, gain = select_students(ground.state, torch.from_numpy(student)), np.zeros(len(student))
    for _ in range(ground.settings.steps):
        taught = ground.teach(state, candidates[candidate], rng.random(len(student)), student)
        state, gain = taught.state, gain + taught.expected
    n_asked = np.bincount(candidate, minlength=len(candidates))
    total = np.bincount(candidate, gain / ground.gap[student], minlength=len(candidates))
    return np.where(n_asked > 0, total / np.maximum(n_asked, 1), -np.inf)
