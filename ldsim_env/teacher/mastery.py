"""Reasoning: distils a teacher's judgements of students into soft labels with a confidence each."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError, TeacherError, unknown_name
from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.teacher.asking import Ask, PromptBatch, ask_batch, ask_directly, log_odds, share_of_nan
from ldsim_env.teacher.calibration import METHODS, Calibrator, calibrate, can_calibrate
from ldsim_env.teacher.digest import DigestSettings, HistoryDigest
from ldsim_env.teacher.graph import ConceptGraph
from ldsim_env.teacher.labels import MasteryLabels, labelled_moments
from ldsim_env.teacher.prompts import Course, Template, load_template
from ldsim_env.teacher.protocol import Teacher
from ldsim_env.teacher.provenance import Provenance
from ldsim_env.teacher.quality import MasteryQuality, mastery_quality
from ldsim_env.teacher.sampling import Judgements, SamplingSettings, sample_judgements

_SAME = 0.05  # logits: answers that spread less don't depend on the student
_FEW = 20  # outcomes of each kind below which an AUC says nothing


@dataclass(frozen=True)
class MasterySettings:
    """How mastery is asked for.

    Args:
        histories: Student histories to judge.
        sampling: Which moments and concepts.
        digest: What of a history the teacher is told.
        paraphrases: Wordings of the template that each judgement is asked in; how far the answers lie apart lowers
            the confidence. 0 asks all of them.
        calibration: ``"platt"``, ``"isotonic"`` or ``"none"``, see `ldsim_env.teacher.calibration`.
        least_confidence: Judgements with less confidence are abstentions.
        least_answered: Refuse a teacher that gives usable answers to less than this share of the prompts.
        least_auc: Refuse a teacher whose AUC on real next responses is lower.
        seed: Draws histories and concepts.
    """

    histories: int = 800
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    digest: DigestSettings = field(default_factory=DigestSettings)
    paraphrases: int = 0
    calibration: str = "platt"
    least_confidence: float = 0.6
    least_answered: float = 0.5
    least_auc: float = 0.55
    seed: int = 0

    def __post_init__(self) -> None:
        if self.histories < 1 or self.paraphrases < 0 or self.seed < 0:
            raise SettingsError(
                f"histories, paraphrases, seed: expected at least 1, 0 and 0, got {self.histories}, "
                f"{self.paraphrases} and {self.seed}."
            )
        for name in ("least_confidence", "least_answered", "least_auc"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"{name}: expected a number from 0 to 1, got {getattr(self, name)!r}.")
        if self.calibration not in METHODS:
            raise SettingsError(unknown_name("calibration", self.calibration, METHODS))


class MasteryDistillation(NamedTuple):
    """What came out."""

    labels: MasteryLabels
    quality: MasteryQuality  # of the labels, against real next responses
    quality_as_asked: MasteryQuality  # of the answers before calibration and abstention


class MasteryQuestions(NamedTuple):
    """Judgements and their prompts: all judgements in the first wording, then in the second, ..."""

    judged: Judgements
    batch: PromptBatch
    paraphrases: int


_DEFAULT = MasterySettings()
_MATHEMATICS = Course()


def mastery_questions(
    log: ResponseLog,
    settings: MasterySettings = _DEFAULT,
    graph: ConceptGraph | None = None,
    *,
    course: Course = _MATHEMATICS,
    template: Template | None = None,
) -> MasteryQuestions:
    """What `distill_mastery` will ask, for a dry run: the same judgements and prompts, from the same seed."""
    template = template or load_template("mastery")
    n = settings.paraphrases or len(template.paraphrases)
    if n > len(template.paraphrases):
        raise SettingsError(
            f"paraphrases: expected at most {len(template.paraphrases)} (wordings of {template.label}), got {n}."
        )
    rng = np.random.default_rng(settings.seed)
    judged = sample_judgements(log, settings.histories, rng, settings.sampling, graph)
    digest = HistoryDigest(log.bank, course, graph, settings.digest)
    places = zip(judged.student.tolist(), judged.cut.tolist(), judged.concept.tolist(), strict=True)
    values = [digest.values(log, *place) for place in places]
    prompts = tuple(template.fill(one, wording) for wording in range(n) for one in values)
    return MasteryQuestions(judged, PromptBatch(template.label, prompts, template.choices), n)


def distill_mastery(
    log: ResponseLog,
    teacher: Teacher,
    settings: MasterySettings = _DEFAULT,
    graph: ConceptGraph | None = None,
    *,
    course: Course = _MATHEMATICS,
    template: Template | None = None,
    ask: Ask = ask_directly,
) -> MasteryDistillation:
    """Ask a teacher what students have mastered, and make labels of the answers.

    Each judgement is asked in several wordings. The mean log-odds, calibrated on the students' own next responses,
    is the label's probability; its confidence is 1 - 2 * (standard deviation of the calibrated probability over the
    wordings), times the share of wordings that were answered: 1 where all say the same, 0 where half say surely yes
    and half surely no.

    Args:
        log: Training students only: labels of others would leak into what is measured on them.
        teacher: Who is asked.
        settings: How it is asked.
        graph: Relations over the log's bank: tells related concepts, and evidence from connected concepts.
        course: Subject, level and texts.
        template: A template of one's own in place of the package's ``mastery``.
        ask: Asks the teacher; see `Ask`.

    Raises:
        TeacherError: If too little is answered, the answers don't depend on the student, or they are no better than
            chance on the students' next responses.
    """
    judged, batch, n = mastery_questions(log, settings, graph, course=course, template=template)
    odds = log_odds(ask_batch(teacher, batch, ask)).reshape(n, len(judged))
    _refuse_silent_or_same(odds, settings)
    mean = _mean_over_wordings(odds)
    asked = mastery_quality(log, judged, _logistic(mean))
    _refuse_chance(asked, judged, settings)
    probability, calibrator = _calibrated(judged, mean, settings.calibration)
    confidence = _confidence(odds, judged, calibrator)
    probability[confidence < settings.least_confidence] = np.nan
    quality = mastery_quality(log, judged, probability)
    provenance = Provenance(
        teacher.model,
        templates=(batch.template,),
        counts=_counts(odds, probability),
        settings={**asdict(settings), "calibrated": can_calibrate(judged.outcome)},
        quality={"labels": quality.to_json(), "as_asked": asked.to_json()},
    )
    labels = MasteryLabels.of_moments(log, labelled_moments(judged, probability, confidence), provenance)
    return MasteryDistillation(labels, quality, asked)


def _mean_over_wordings(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n,)`` the mean over the wordings that were answered; NaN where none was."""
    answered = ~np.isnan(odds)
    n = answered.sum(axis=0)
    return np.where(n > 0, np.where(answered, odds, 0).sum(axis=0) / np.maximum(n, 1), np.nan)


def _calibrated(judged: Judgements, mean: NDArray[np.float64], method: str) -> tuple[NDArray[np.float64], Calibrator]:
    rows = np.flatnonzero(~np.isnan(mean))
    probability = np.full(len(mean), np.nan)
    unmet = judged.is_unmet[rows]
    probability[rows], calibrator = calibrate(mean[rows], unmet, judged.outcome[rows], judged.student[rows], method)
    return probability, calibrator


def _confidence(odds: NDArray[np.float64], judged: Judgements, calibrator: Calibrator) -> NDArray[np.float64]:
    answered = ~np.isnan(odds)
    centred = np.where(answered, odds, _mean_over_wordings(odds))
    known = np.nan_to_num(centred)  # where no wording was answered the share below is 0
    spread = np.stack([calibrator(row, judged.is_unmet) for row in known])
    mean = np.where(answered, spread, 0).sum(axis=0) / np.maximum(answered.sum(axis=0), 1)
    variance = np.where(answered, (spread - mean) ** 2, 0).sum(axis=0) / np.maximum(answered.sum(axis=0), 1)
    confidence: NDArray[np.float64] = (1 - 2 * np.sqrt(variance)) * answered.mean(axis=0)
    return np.clip(confidence, 0, 1)


def _refuse_silent_or_same(odds: NDArray[np.float64], settings: MasterySettings) -> None:
    silent = share_of_nan(odds)
    if silent > 1 - settings.least_answered:
        raise TeacherError(
            f"The teacher gave no usable answer to {silent:.0%} of {odds.size} prompts (allowed: "
            f"{1 - settings.least_answered:.0%}). Look at its answers to the template; take a larger model."
        )
    spread = max(float(np.nanstd(row)) for row in odds if not np.isnan(row).all())
    if spread < _SAME and odds.shape[1] > 2:
        raise TeacherError(
            f"The teacher gives the same answer whoever the student is (log-odds spread {spread:.3f} over "
            f"{odds.shape[1]} judgements, at least {_SAME} expected). Take a larger model, or check the template."
        )


def _refuse_chance(quality: MasteryQuality, judged: Judgements, settings: MasterySettings) -> None:
    known = judged.outcome[~np.isnan(judged.outcome)]
    if min((known == 1).sum(), (known == 0).sum()) < _FEW:
        return
    if quality.auc < settings.least_auc:
        raise TeacherError(
            f"The teacher's judgements are little better than chance: AUC {quality.auc:.3f} on {quality.outcomes} real "
            f"next responses, at least {settings.least_auc} expected (a smoothed running accuracy has "
            f"{quality.baseline_auc:.3f}). Take a larger model, or check the concepts' names and the template."
        )


def _logistic(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    probability: NDArray[np.float64] = 1 / (1 + np.exp(-odds))
    return probability


def _counts(odds: NDArray[np.float64], probability: NDArray[np.float64]) -> dict[str, float]:
    unanswered = int(np.isnan(odds).all(axis=0).sum())
    abstained = int(np.isnan(probability).sum())
    return {
        "prompts": int(odds.size),
        "prompts_unanswered": int(np.isnan(odds).sum()),
        "judgements": int(odds.shape[1]),
        "judgements_unanswered": unanswered,
        "judgements_unsure": abstained - unanswered,
        "labels": int(odds.shape[1]) - abstained,
    }
