"""How far student models agree on policies, and what choosing by one of them costs on another.

Arrays of means are ``(n_policies, n_models, ...)``: further axes, such as resamples, are carried along. The same
figures for one comparison are in `ldsim_env.compare.matrix_of`; here they can be resampled over students.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from ldsim_env.compare.statistics import Interval, bootstrap_interval

Array: TypeAlias = NDArray[np.float64]
N_RESAMPLES = 1_000


def regret(means: Array) -> Array:
    """What each policy earns less than the best policy on the same student model, shaped as the means."""
    return np.asarray(means.max(axis=0) - means)


def worst_regret(means: Array) -> Array:
    """``(n_policies, ...)``: the regret of each policy where it is greatest."""
    return np.asarray(regret(means).max(axis=1))


def worst_shortfall(means: Array) -> Array:
    """``(...)``: what the first policy earns less than the best of the others, where that is most; may be negative."""
    return np.asarray((means[1:].max(axis=0) - means[0]).max(axis=0))


def order_agreement(means: Array) -> Array:
    """``(n_models, n_models, ...)``: Spearman's rho between the orders of the policies by two student models."""
    ranks = rankdata(means, axis=0)
    ranks -= ranks.mean(axis=0)
    ranks /= np.sqrt((ranks**2).sum(axis=0))
    return np.asarray(np.einsum("pa...,pb...->ab...", ranks, ranks))


def mean_agreement(means: Array) -> Array:
    """``(...)``: the mean of Spearman's rho over all pairs of student models."""
    return np.asarray(order_agreement(means)[np.triu_indices(means.shape[1], k=1)].mean(axis=0))


def choice_regret(means: Array) -> Array:
    """``(n_models, n_models, ...)``: regret on the column's model of the policy that is best on the row's."""
    chosen = means.argmax(axis=0)[:, None]
    return np.asarray(np.take_along_axis(regret(means), chosen, axis=0))


def beside_the_others(means: Array, model: int, others: list[int]) -> Array:
    """``(n_policies, 2, ...)``: mean over some student models (as if one of them were drawn), and one by itself."""
    return np.stack([means[:, others].mean(axis=1), means[:, model]], axis=1)


def over_students(gains: Array, figure: Callable[[Array], Array]) -> Interval:
    """95% interval of a figure by resampling the students, the same ones for every policy and student model.

    Args:
        gains: ``(n_policies, n_models, n_students)``.
        figure: Makes one number of means: ``(n_policies, n_models, ...)`` to ``(...)``.
    """
    n = gains.shape[-1]

    def statistic(students: Array, axis: int) -> Array:
        drawn = np.apply_along_axis(np.bincount, axis, students.astype(np.int64), minlength=n)
        return figure(gains @ drawn.T / n)  # as the mean over the drawn, without a copy of all gains for each resample

    students = np.arange(n, dtype=np.float64)
    return bootstrap_interval(students[None], statistic, np.random.default_rng(0), n_resamples=N_RESAMPLES)
