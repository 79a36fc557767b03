"""How good a teacher's mastery judgements are: held against what the students really answered next."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.teacher.measures import Bin, auc, auc_interval, calibration_bins, calibration_error
from ldsim_env.teacher.sampling import Judgements

_CONCEPT_STRENGTH, _STUDENT_STRENGTH = 2.0, 5.0  # answers that the wider rate counts for


@dataclass(frozen=True)
class MasteryQuality:
    """Judgements against real next responses.

    Args:
        judgements: Judgements that were answered.
        outcomes: Those of them whose concept the very next question asked for.
        auc: AUC of the probabilities over all outcomes; NaN where there are none of both kinds.
        auc_interval: Its 95% interval.
        auc_met: Over outcomes on concepts that the student had practised.
        auc_unmet: Over outcomes on concepts never met.
        baseline_auc: AUC of a smoothed running accuracy (on the concept, shrunk to the student's, shrunk to the
            log's) over the same outcomes.
        baseline_auc_unmet: The same on concepts never met.
        calibration_error: Expected calibration error in 10 bins.
        bins: Predicted against observed.
    """

    judgements: int
    outcomes: int
    auc: float
    auc_interval: tuple[float, float]
    auc_met: float
    auc_unmet: float
    baseline_auc: float
    baseline_auc_unmet: float
    calibration_error: float
    bins: tuple[Bin, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, for provenance; numbers that can't be had are None."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    def __str__(self) -> str:
        low, high = self.auc_interval
        lines = [
            f"{self.judgements} judgements, {self.outcomes} of them with a real next response",
            f"AUC {self.auc:.3f} ({low:.3f} to {high:.3f}); a smoothed running accuracy has {self.baseline_auc:.3f}",
            f"practised concepts {self.auc_met:.3f}, never met {self.auc_unmet:.3f} (against "
            f"{self.baseline_auc_unmet:.3f})",
            f"calibration error {self.calibration_error:.3f}; predicted / observed (n): "
            + ", ".join(f"{one.predicted:.2f}/{one.observed:.2f} ({one.n})" for one in self.bins),
        ]
        return "\n".join(lines)


def mastery_quality(log: ResponseLog, judged: Judgements, probability: NDArray[np.float64]) -> MasteryQuality:
    """Hold probabilities against next responses.

    Args:
        log: The students' log.
        judged: What was judged.
        probability: ``(n,)``; NaN where the teacher abstained.
    """
    answered = ~np.isnan(probability)
    rows = np.flatnonzero(answered & ~np.isnan(judged.outcome))
    outcome = judged.outcome[rows].astype(np.int8)
    score, baseline = probability[rows], running_accuracy(log, judged, rows)
    unmet = judged.is_unmet[rows]
    area, bins = auc(outcome, score), calibration_bins(outcome, score)
    return MasteryQuality(
        judgements=int(answered.sum()),
        outcomes=len(rows),
        auc=area,
        auc_interval=auc_interval(outcome, area),
        auc_met=auc(outcome[~unmet], score[~unmet]),
        auc_unmet=auc(outcome[unmet], score[unmet]),
        baseline_auc=auc(outcome, baseline),
        baseline_auc_unmet=auc(outcome[unmet], baseline[unmet]),
        calibration_error=calibration_error(bins),
        bins=tuple(bins),
    )


def running_accuracy(log: ResponseLog, judged: Judgements, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """``(len(rows),)``: what counting alone predicts for some of the judgements."""
    overall = float(log.responses.mean())
    predicted = np.empty(len(rows))
    for i, row in enumerate(rows):
        history, cut = log.student(int(judged.student[row])), int(judged.cut[row])
        responses = history.responses[:cut]
        own = responses[log.bank.concept_matrix[history.questions[:cut], judged.concept[row]]]
        student = (responses.sum() + _STUDENT_STRENGTH * overall) / (cut + _STUDENT_STRENGTH)
        predicted[i] = (own.sum() + _CONCEPT_STRENGTH * student) / (len(own) + _CONCEPT_STRENGTH)
    return predicted


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return round(value, 4) if np.isfinite(value) else None
    return value
