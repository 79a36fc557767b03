"""Can real and simulated answers be told apart? Success rates, streaks, and a classifier that tries."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import missing_extra
from ldsim_env.figures import BLUE, INK
from ldsim_env.simulator.card.answers import Answers
from ldsim_env.simulator.card.shown import Panel, Shown, ShownTable, panel, panel_axes

LEAST_STEPS = 10  # a shorter sequence has no streaks to speak of
FOLDS = 5
RESAMPLES = 500
FEATURES = (
    "share right",
    "longest right streak",
    "longest wrong streak",
    "switches",
    "right after right",
    "right after wrong",
    "second half less first half",
    "agreement with P(right)",
)


@dataclass(frozen=True)
class FeatureDistribution:
    """One property of a sequence among real and simulated students.

    Args:
        name: One of `FEATURES`.
        real_mean: Mean over the real sequences.
        simulated_mean: Mean over the simulated ones.
        ks: Kolmogorov-Smirnov distance of the two distributions, in [0, 1].
    """

    name: str
    real_mean: float
    simulated_mean: float
    ks: float


@dataclass(frozen=True)
class Resemblance:
    """Real sequences against simulated ones of the same students and questions.

    Args:
        n_sequences: Of each sort, at least 10 answers long.
        auc: Of a classifier that sees the features only; on students it was not trained on.
        low: Lower end of the AUC's 95% interval over resampled students.
        high: Its upper end.
        control_auc: The same for two simulations with other noise: what chance gives.
        features: The distributions.
        rates: Share right of each sequence: ``real`` and ``simulated``, in 20 bins of [0, 1].
        streaks: Longest right streak of each sequence: the same, by length from 0.
    """

    n_sequences: int
    auc: float
    low: float
    high: float
    control_auc: float
    features: tuple[FeatureDistribution, ...]
    rates: dict[str, tuple[int, ...]]
    streaks: dict[str, tuple[int, ...]]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def show(self) -> Shown:
        """The classifier's AUC and both distributions."""
        farthest = max(self.features, key=lambda feature: feature.ks)
        return Shown(
            "Can real and simulated students be told apart?",
            f"A classifier tells them apart with AUC {self.auc:.3f} ({self.low:.3f} to {self.high:.3f}; 0.5 is not at "
            f"all, two simulations give {self.control_auc:.3f}). They differ most in {farthest.name}: "
            f"{farthest.real_mean:.2f} real, {farthest.simulated_mean:.2f} simulated.",
            [self._table()],
            [
                _histogram(
                    "Success rates", "share right in a sequence", np.linspace(0.025, 0.975, 20), 0.05, self.rates
                ),
                _histogram(
                    "Longest right streaks",
                    "answers",
                    np.arange(len(self.streaks["real"]), dtype=float),
                    1,
                    self.streaks,
                ),
            ],
        )

    def _table(self) -> ShownTable:
        rows = [(f.name, f"{f.real_mean:.3f}", f"{f.simulated_mean:.3f}", f"{f.ks:.3f}") for f in self.features]
        columns = ("of a sequence", "real", "simulated", "KS distance")
        return ShownTable(columns, tuple(rows), "Means; KS: the largest gap between the two distributions, 0 is none.")


def measure_resemblance(answers: Answers, other: Answers, seed: int = 0) -> Resemblance:
    """Compare the answers of the simulated halves.

    Args:
        answers: Real and simulated answers.
        other: The same with other response noise, for the control.
        seed: Seeds the folds and the resampling.
    """
    kept = answers.inside.sum(axis=1) >= LEAST_STEPS
    if kept.sum() < 2 * FOLDS:
        kept[:] = True
    student = answers.student[kept]
    real, simulated, control = (
        _features(values[kept], prob[kept], answers.inside[kept])
        for values, prob in (
            (answers.real, answers.prob), (answers.simulated, answers.prob), (other.simulated, other.prob)
        )
    )  # fmt: skip
    scores = _scores(real, simulated, student, seed)
    low, high = _interval(scores, student, seed)
    return Resemblance(
        n_sequences=len(student),
        auc=_auc(*scores),
        low=low,
        high=high,
        control_auc=_auc(*_scores(control, simulated, student, seed)),
        features=tuple(_distribution(i, real[:, i], simulated[:, i]) for i in range(len(FEATURES))),
        rates=_counts(real[:, 0], simulated[:, 0], np.linspace(0, 1, 21)),
        streaks=_counts(real[:, 1], simulated[:, 1], np.arange(np.max([real[:, 1], simulated[:, 1]]) + 2)),
    )


def _features(values: NDArray[np.float64], prob: NDArray[np.float64], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n_sequences, n_features)."""
    return np.array([_of_sequence(v[i], p[i]) for v, p, i in zip(values, prob, inside, strict=True)])


def _of_sequence(answers: NDArray[np.float64], prob: NDArray[np.float64]) -> list[float]:
    before, after = answers[:-1], answers[1:]
    half = len(answers) // 2
    rate = float(answers.mean())
    return [
        rate,
        _longest(answers == 1),
        _longest(answers == 0),
        float((before != after).mean()) if len(after) else 0.0,
        float(after[before == 1].mean()) if (before == 1).any() else rate,
        float(after[before == 0].mean()) if (before == 0).any() else rate,
        float(answers[half:].mean() - answers[:half].mean()) if half else 0.0,
        float(((answers - rate) * (prob - prob.mean())).mean()),
    ]


def _longest(flags: NDArray[np.bool_]) -> float:
    """Length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return float((edges[1::2] - edges[::2]).max(initial=0))


def _scores(
    real: NDArray[np.float64], simulated: NDArray[np.float64], student: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P(real) of the real and of the simulated sequences, by classifiers that saw other students only."""
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - an optional package
        from sklearn.model_selection import GroupKFold, cross_val_predict  # noqa: PLC0415
    except ImportError as error:
        raise missing_extra("train", "Telling real and simulated students apart", error) from error
    classifier = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, random_state=seed)
    folds = GroupKFold(min(FOLDS, len(np.unique(student))), shuffle=True, random_state=seed)
    label = np.repeat([1, 0], [len(real), len(simulated)])
    prob = cross_val_predict(
        classifier, np.concatenate([real, simulated]), label, groups=np.tile(student, 2), cv=folds,
        method="predict_proba",
    )[:, 1]  # fmt: skip
    return prob[: len(real)], prob[len(real) :]


def _auc(real: NDArray[np.float64], simulated: NDArray[np.float64]) -> float:
    """Share of pairs in which the real sequence has the higher P(real), ties counted half."""
    ordered = np.sort(simulated)
    below, up_to = (np.searchsorted(ordered, real, side) for side in ("left", "right"))
    return float((below + up_to).mean() / (2 * len(simulated)))


def _interval(
    scores: tuple[NDArray[np.float64], NDArray[np.float64]], student: NDArray[np.int64], seed: int
) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(student == one) for one in np.unique(student)]
    aucs = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([rows[i] for i in rng.integers(len(rows), size=len(rows))])
        aucs.append(_auc(scores[0][drawn], scores[1][drawn]))
    low, high = np.quantile(aucs, [0.025, 0.975])
    return float(low), float(high)


def _distribution(index: int, real: NDArray[np.float64], simulated: NDArray[np.float64]) -> FeatureDistribution:
    try:
        from scipy.stats import ks_2samp  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("report", "Comparing distributions", error) from error
    distance = float(ks_2samp(real, simulated).statistic)
    return FeatureDistribution(FEATURES[index], float(real.mean()), float(simulated.mean()), distance)


def _counts(
    real: NDArray[np.float64], simulated: NDArray[np.float64], edges: NDArray[np.floating]
) -> dict[str, tuple[int, ...]]:
    both = {"real": real, "simulated": simulated}
    return {name: tuple(np.histogram(values, edges)[0].tolist()) for name, values in both.items()}


def _histogram(
    title: str, x: str, centre: NDArray[np.floating], width: float, counts: dict[str, tuple[int, ...]]
) -> Panel:
    with panel_axes(title, x, "sequences") as axes:
        axes.bar(centre, counts["simulated"], width=width * 0.9, color=BLUE, alpha=0.55, label="simulated")
        axes.step(centre, counts["real"], where="mid", color=INK, label="real")
        axes.legend(loc="best")
        return panel(axes, "The line and the bars should agree; bars bunched in the middle mean students too alike.")
