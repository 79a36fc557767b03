"""What policies earn away from the student model that they were trained on, as a report for JSON.

Gains are ``(n_models, n_students)`` for each policy. The first student models are those of the mix; the others are
examined on as well, but are no part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from parts.agreement import (
    Array,
    beside_the_others,
    choice_regret,
    mean_agreement,
    order_agreement,
    over_students,
    regret,
    worst_regret,
    worst_shortfall,
)

Gains: TypeAlias = Mapping[str, Array]


@dataclass(frozen=True)
class Travel:
    """The gains of a benchmark.

    Args:
        models: Names of the student models examined on.
        n_mixed: How many of them, the first ones, are of the mix.
        rules: Gains of policies that were not trained.
        runs: Gains of every training run, by variant: ``(n_seeds, n_models, n_students)``.
        reference: The variant whose worst case the others' are held against.
    """

    models: tuple[str, ...]
    n_mixed: int
    rules: Gains
    runs: Gains
    reference: str

    def report(self, kinds: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Gains, regrets against the best of what was trained, and the agreement of the student models.

        Args:
            kinds: Names of variants that are also compared among themselves, by what they have in common.
        """
        variants = {name: runs.mean(axis=0) for name, runs in self.runs.items()}
        groups = {kind: np.concatenate([self.runs[name] for name in names]) for kind, names in kinds.items()}
        everybody = np.concatenate([np.array(list(self.rules.values())), *self.runs.values()])
        return {
            "gain": {name: self._gains_of(gains) for name, gains in (dict(self.rules) | variants).items()},
            "gain_of_runs": {
                name: [self._by_model(run.mean(axis=1)) for run in runs] for name, runs in self.runs.items()
            },
            "regret": self._regrets(variants),
            "regret_among": {
                kind: self._regrets({name: variants[name] for name in names}) for kind, names in kinds.items()
            },
            "shortfall_of_rules": self._shortfalls(variants),
            "agreement": {kind: self._agreement(gains) for kind, gains in (groups | {"all": everybody}).items()},
            "choosing": {model: self._choosing(everybody, model) for model in self.models},
        }

    def _gains_of(self, gains: Array) -> dict[str, Any]:
        return {model: _figure(row[None, None], _only) for model, row in zip(self.models, gains, strict=True)}

    def _regrets(self, variants: Gains) -> dict[str, Any]:
        """Of each variant on each student model, and where it is worst: among those of the mix, and among all."""
        every = np.array(list(variants.values()))
        of_models, of_mix = regret(every.mean(axis=2)), every[:, : self.n_mixed]
        reference = list(variants).index(self.reference) if self.reference in variants else None
        return {
            name: self._by_model(of_models[row])
            | {"worst of the mix": _figure(of_mix, _worst_of(row)), "worst": _figure(every, _worst_of(row))}
            | ({} if reference is None else {"beyond the reference": _figure(of_mix, _beyond(row, reference))})
            for row, name in enumerate(variants)
        }

    def _shortfalls(self, variants: Gains) -> dict[str, Any]:
        """How far each rule is behind the best policy trained, on the student model of the mix where that is most."""
        of_mix = [gains[: self.n_mixed] for gains in variants.values()]
        return {
            name: _figure(np.array([gains[: self.n_mixed], *of_mix]), worst_shortfall)
            for name, gains in self.rules.items()
        }

    def _agreement(self, gains: Array) -> dict[str, Any]:
        """How alike the student models order these policies, how far apart they are, and what choosing by one costs."""
        means = gains.mean(axis=2)
        lost = choice_regret(means)
        return {
            "n_policies": len(gains),
            "standard_deviation": self._by_model(means.std(axis=0)),
            "mean_rho_of_the_mix": _figure(gains[:, : self.n_mixed], mean_agreement),
            "mean_rho": _figure(gains, mean_agreement),
            "rho": {model: self._by_model(row) for model, row in zip(self.models, order_agreement(means), strict=True)},
            "choice_regret": {model: self._by_model(row) for model, row in zip(self.models, lost, strict=True)},
        }

    def _choosing(self, gains: Array, model: str) -> dict[str, Any]:
        """How well each other student model, and the mean of the mix's others, foretell the order on this one."""
        place = {name: number for number, name in enumerate(self.models)}
        by = {name: [number] for name, number in place.items() if name != model}
        others = [place[name] for name in self.models[: self.n_mixed] if name != model]
        return {name: _foretold(gains, place[model], who) for name, who in (by | {"mean of the mix": others}).items()}

    def _by_model(self, values: Array) -> dict[str, float]:
        return dict(zip(self.models, map(float, values), strict=True))


def _foretold(gains: Array, model: int, by: list[int]) -> dict[str, Any]:
    return {
        "rho": _figure(gains, lambda means: order_agreement(beside_the_others(means, model, by))[0, 1]),
        "regret": _figure(gains, lambda means: choice_regret(beside_the_others(means, model, by))[0, 1]),
    }


def _worst_of(row: int) -> Callable[[Array], Array]:
    return lambda means: worst_regret(means)[row]


def _beyond(row: int, reference: int) -> Callable[[Array], Array]:
    return lambda means: worst_regret(means)[row] - worst_regret(means)[reference]


def _only(means: Array) -> Array:
    return np.asarray(means[0, 0])


def _figure(gains: Array, figure: Callable[[Array], Array]) -> dict[str, float]:
    interval = over_students(gains, figure)
    return {"value": float(figure(gains.mean(axis=2))), "low": interval.low, "high": interval.high}
