"""The simulator matrix: do student models agree on which policy is best, and what does choosing by one cost?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.compare.report.paired_episodes import PairedEpisodes
from ldsim_env.compare.report.run_settings import RunSettings
from ldsim_env.compare.statistics import interquartile_mean
from ldsim_env.errors import missing_extra

LEAST_POLICIES_FOR_RANKS = 3


@dataclass(frozen=True, eq=False)
class SimulatorMatrix:
    """Policies x student models.

    Args:
        policies: Names, the one with the best worst case first.
        student_models: Names of the columns.
        gains: ``(n_policies, n_models)`` interquartile mean of E_p; NaN where a policy did not teach a model.
        candidates: Policies one could choose: they don't look ahead on the simulator and taught every model.
        kendall: ``(n_models, n_models)`` Kendall's tau between the models' orders of the candidates; NaN where fewer
            than `LEAST_POLICIES_FOR_RANKS` candidates.
        spearman: Spearman's rho, likewise.
        regret: ``(n_models, n_models)`` gain lost on the column's model by taking the policy that is best on the row's.
        safest: The candidate with the best worst case; None without candidates.
    """

    policies: tuple[str, ...]
    student_models: tuple[str, ...]
    gains: NDArray[np.float64]
    candidates: tuple[str, ...]
    kendall: NDArray[np.float64]
    spearman: NDArray[np.float64]
    regret: NDArray[np.float64]
    safest: str | None

    @property
    def largest(self) -> float:
        """The largest gain or loss of all cells: where a scale of colours ends; never 0."""
        return max(float(np.nanmax(np.abs(self.gains))), 1e-9)

    def gain(self, policy: str, student_model: str) -> float:
        """One cell; NaN where there are no episodes."""
        return float(self.gains[self.policies.index(policy), self.student_models.index(student_model)])


def simulator_matrix(all_pairs: Sequence[PairedEpisodes], run: RunSettings) -> SimulatorMatrix | None:
    """The matrix of a run; None where there is one student model alone.

    Raises:
        MissingExtraError: If scipy is not installed.
    """
    if len(all_pairs) < 2:
        return None
    models = tuple(pairs.student_model for pairs in all_pairs)
    gains = {policy.name: _gains_of(policy.name, all_pairs) for policy in run.policies}
    worst = {name: np.inf if np.isnan(row).all() else float(np.nanmin(row)) for name, row in gains.items()}
    names = tuple(sorted((n for n in gains if np.isfinite(worst[n])), key=lambda name: worst[name], reverse=True))
    candidates = tuple(n for n in names if not run.policy(n).uses_simulator and np.isfinite(gains[n]).all())
    eligible = np.array([gains[name] for name in candidates]).reshape(len(candidates), len(models))
    return SimulatorMatrix(
        policies=names,
        student_models=models,
        gains=np.array([gains[name] for name in names]),
        candidates=candidates,
        kendall=_agreement(eligible, "kendalltau"),
        spearman=_agreement(eligible, "spearmanr"),
        regret=_regret(eligible),
        safest=candidates[0] if candidates else None,
    )


def _gains_of(policy: str, all_pairs: Sequence[PairedEpisodes]) -> NDArray[np.float64]:
    return np.array(
        [interquartile_mean(pairs.of(policy)) if policy in pairs.policies else np.nan for pairs in all_pairs]
    )


def _agreement(eligible: NDArray[np.float64], measure: str) -> NDArray[np.float64]:
    """A rank correlation of scipy's between every two columns."""
    n_policies, n_models = eligible.shape
    found = np.full((n_models, n_models), np.nan)
    if n_policies < LEAST_POLICIES_FOR_RANKS:
        return found
    correlate = getattr(_scipy_stats(), measure)
    for a in range(n_models):
        for b in range(n_models):
            if np.ptp(eligible[:, a]) > 0 and np.ptp(eligible[:, b]) > 0:
                found[a, b] = correlate(eligible[:, a], eligible[:, b]).statistic
    return found


def _regret(eligible: NDArray[np.float64]) -> NDArray[np.float64]:
    n_policies, n_models = eligible.shape
    if not n_policies:
        return np.full((n_models, n_models), np.nan)
    chosen = eligible.argmax(axis=0)
    return np.asarray(eligible.max(axis=0) - eligible[chosen])


def _scipy_stats() -> Any:
    try:
        import scipy.stats  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("report", "The simulator matrix", error) from error
    return scipy.stats
