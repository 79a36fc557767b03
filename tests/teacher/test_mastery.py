import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldsim_env.errors import SettingsError, TeacherError
from ldsim_env.teacher.calibration import calibrate
from ldsim_env.teacher.digest import DigestSettings, HistoryDigest
from ldsim_env.teacher.distillation import run_mastery
from ldsim_env.teacher.graph import ConceptGraph, Relation
from ldsim_env.teacher.labels import MasteryLabels
from ldsim_env.teacher.mastery import MasterySettings, distill_mastery, mastery_questions
from ldsim_env.teacher.measures import auc, auc_interval, calibration_bins, calibration_error
from ldsim_env.teacher.prompts import Course
from ldsim_env.teacher.protocol import Prompt
from ldsim_env.teacher.sampling import Kind, SamplingSettings, sample_judgements
from tests.teacher.fake_teacher import CHAIN, FakeTeacher, overall_share, practice_log, silent

LOG = practice_log(300, np.random.default_rng(0))
BANK = LOG.bank
GRAPH = ConceptGraph(BANK.concept_ids, BANK.concept_names, tuple(Relation(a, b, 0.9) for a, b in sorted(CHAIN)), ())
SETTINGS = MasterySettings(histories=300)


def reads_the_digest(prompt: Prompt) -> Sequence[float]:
    """Judges by the overall share of right answers, which is all there is to know about these students."""
    share = overall_share(prompt)
    return [np.log(share / (1 - share)), 0.0]


def wording(prompt: Prompt) -> int:
    return int(prompt.template[-1])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# sampling


def test_each_student_comes_once_before_any_comes_twice() -> None:
    judged = sample_judgements(LOG, 300, rng())
    assert len(np.unique(judged.student)) == 300
    assert len(np.unique(sample_judgements(LOG, 450, rng()).student)) == 300


def test_each_history_has_its_concepts_once() -> None:
    judged = sample_judgements(LOG, 100, rng(), SamplingSettings(concepts=4))
    assert len(judged) == 400
    places = {(s, k) for s, k in zip(judged.student.tolist(), judged.concept.tolist(), strict=True)}
    assert len(places) == 400


def test_kinds_are_what_the_history_and_the_graph_say() -> None:
    judged = sample_judgements(LOG, 200, rng(), graph=GRAPH)
    linked = {frozenset(pair) for pair in CHAIN}
    for student, cut, concept, kind in zip(judged.student, judged.cut, judged.concept, judged.kind, strict=True):
        met = set(LOG.student(student).questions[:cut] // 2)
        near = any(frozenset((int(concept), int(other))) in linked for other in met)
        expected = Kind.PRACTISED if concept in met else Kind.RELATED if near else Kind.UNMET
        assert kind == expected
    assert {int(kind) for kind in judged.kind} == {0, 1, 2}


def test_without_a_graph_nothing_is_related() -> None:
    assert Kind.RELATED not in sample_judgements(LOG, 100, rng()).kind


def test_the_outcome_is_the_very_next_response_on_the_concept() -> None:
    judged = sample_judgements(LOG, 100, rng())
    for i in range(len(judged)):
        history, cut = LOG.student(judged.student[i]), judged.cut[i]
        same = history.questions[cut] // 2 == judged.concept[i]
        assert np.isnan(judged.outcome[i]) if not same else judged.outcome[i] == history.responses[cut]
    assert (~np.isnan(judged.outcome)).sum() == 100  # the next question's concept is always judged


def test_shares_are_as_wished() -> None:
    settings = SamplingSettings(shortest=20, unmet_share=0.0)
    judged = sample_judgements(LOG, 200, rng(), settings)
    outside = judged.is_unmet & np.isnan(judged.outcome)
    met = [len(set(LOG.student(s).questions[:c] // 2)) for s, c in zip(judged.student, judged.cut, strict=True)]
    assert not outside[np.array(met) >= 5].any()


def test_moments_stay_within_their_bounds() -> None:
    judged = sample_judgements(LOG, 300, rng(), SamplingSettings(shortest=12, longest=20))
    assert 12 <= judged.cut.min() <= judged.cut.max() <= 20
    late = sample_judgements(LOG, 300, rng(), SamplingSettings(shortest=38))
    assert late.cut.max() == 39  # one interaction is left


def test_the_same_seed_draws_the_same() -> None:
    first, second = sample_judgements(LOG, 50, rng(3)), sample_judgements(LOG, 50, rng(3))
    assert (first.concept == second.concept).all()
    assert (first.concept != sample_judgements(LOG, 50, rng(4)).concept[: len(first)]).any()


def test_a_log_of_short_histories_is_refused() -> None:
    with pytest.raises(SettingsError, match="more than 40 interactions, got 5 and 0 students"):
        sample_judgements(LOG, 5, rng(), SamplingSettings(shortest=40))


@pytest.mark.parametrize("change", [{"concepts": 0}, {"shortest": 0}, {"shortest": 9, "longest": 8}])
def test_sampling_settings_are_checked(change: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="concepts, shortest, longest"):
        SamplingSettings(**change)  # type: ignore[arg-type]


# the digest


def test_a_digest_tells_counts_and_answers_before_the_moment_only() -> None:
    history = LOG.student(0)
    concept = int(history.questions[0] // 2)
    own = history.responses[:5][history.questions[:5] // 2 == concept]
    values = HistoryDigest(BANK, Course(), None, DigestSettings()).values(LOG, 0, 5, concept)
    assert values["own"]["n"] == len(own)
    assert values["own"]["right"] == own.sum()
    assert values["own"]["answers"] == ", ".join("right" if one else "wrong" for one in own)
    assert values["overall"]["n"] == 5
    assert values["before"] == values["near"] == []


def test_evidence_comes_from_connected_concepts_that_were_met() -> None:
    digest = HistoryDigest(BANK, Course(), GRAPH, DigestSettings())
    for student in range(20):
        values = digest.values(LOG, student, 30, 3)
        met = set((LOG.student(student).questions[:30] // 2).tolist())
        assert [one["concept"] for one in values["before"]] == ["Adding"] * (1 in met)
        assert [one["concept"] for one in values["near"]] == ["Dividing"] * (4 in met)
        assert all(one["n"] > 0 for one in values["before"] + values["near"])


def test_only_the_last_interactions_count() -> None:
    values = HistoryDigest(BANK, Course(), None, DigestSettings(history=8, answers=2)).values(
        LOG, 0, 30, int(LOG.student(0).questions[29] // 2)
    )
    assert values["overall"]["n"] == 8
    assert len(values["own"]["answers"].split(", ")) <= 2


def test_texts_are_told_where_there() -> None:
    course = Course(concept_texts={"c3": "times tables"}, question_texts={"q7": "What is 3 x 4?"})
    values = HistoryDigest(BANK, course, None, DigestSettings()).values(LOG, 0, 5, 3)
    assert (values["text"], values["question_text"]) == ("times tables", "What is 3 x 4?")


# calibration and measures


def biased_answers(seed: int, n: int = 600) -> tuple[np.ndarray, ...]:
    """Log-odds three times too sure and one logit too low for unmet concepts, with outcomes."""
    draw = rng(seed)
    true, unmet = draw.normal(0.5, 1, n), draw.random(n) < 0.3
    outcome = (draw.random(n) < 1 / (1 + np.exp(-true))).astype(float)
    return 3 * true - 3 * unmet, unmet, outcome, draw.integers(0, n // 2, n), true


@given(st.integers(0, 50))
def test_platt_brings_probabilities_back(seed: int) -> None:
    odds, unmet, outcome, student, true = biased_answers(seed)
    probability, calibrator = calibrate(odds, unmet, outcome, student)
    truth = 1 / (1 + np.exp(-true))
    raw = 1 / (1 + np.exp(-odds))
    assert np.abs(probability - truth).mean() < min(0.06, np.abs(raw - truth).mean() / 2)
    assert (np.diff(calibrator(np.linspace(-9, 9, 50), np.zeros(50, bool))) > 0).all()


def test_isotonic_brings_probabilities_back() -> None:
    odds, _, outcome, student, _ = biased_answers(1, 2000)
    met = np.zeros(len(odds), bool)
    probability, _ = calibrate(odds, met, outcome, student, "isotonic")
    assert calibration_error(calibration_bins(outcome.astype(np.int8), probability)) < 0.06
    assert probability.min() >= 0.01


def test_an_outcome_does_not_calibrate_its_own_students_labels() -> None:
    odds, unmet, outcome, student, _ = biased_answers(2, 100)
    turned = outcome.copy()
    turned[student == student[0]] = 1 - turned[student == student[0]]
    first, second = (calibrate(odds, unmet, which, student)[0] for which in (outcome, turned))
    assert (first[student == student[0]] == second[student == student[0]]).all()
    assert (first != second).any()


def test_labels_without_an_outcome_are_calibrated_on_all() -> None:
    odds, unmet, outcome, student, _ = biased_answers(3)
    outcome[::2] = np.nan
    probability, calibrator = calibrate(odds, unmet, outcome, student)
    np.testing.assert_allclose(probability[::2], calibrator(odds, unmet)[::2])


@pytest.mark.parametrize("method", ["platt", "isotonic", "none"])
def test_a_few_outcomes_calibrate_nothing(method: str) -> None:
    odds, unmet, outcome, student, _ = biased_answers(4, 40)
    np.testing.assert_allclose(calibrate(odds, unmet, outcome, student, method)[0], 1 / (1 + np.exp(-odds)))


def test_an_unknown_calibration_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"unknown calibration 'plat'\. Did you mean 'platt'"):
        MasterySettings(calibration="plat")


def test_measures_of_known_answers() -> None:
    outcome = np.array([0, 0, 1, 1], np.int8)
    assert auc(outcome, np.array([0.1, 0.4, 0.35, 0.8])) == 0.75
    assert np.isnan(auc(outcome[:2], np.array([0.1, 0.2])))
    bins = calibration_bins(outcome, np.array([0.05, 0.05, 0.95, 0.75]))
    assert [one.n for one in bins] == [2, 1, 1]
    assert calibration_error(bins) == pytest.approx((2 * 0.05 + 0.05 + 0.25) / 4)


def test_the_interval_of_an_auc_narrows_with_outcomes() -> None:
    few, many = (auc_interval(np.array([0, 1] * n, np.int8), 0.7) for n in (20, 2000))
    assert few[0] < many[0] < 0.7 < many[1] < few[1]
    assert many[1] - many[0] < 0.04


# distillation


def test_a_teacher_who_reads_the_digest_is_good_and_calibrated() -> None:
    labels, quality, asked = distill_mastery(LOG, FakeTeacher(reads_the_digest), SETTINGS)
    assert quality.outcomes == 300
    assert quality.auc > 0.75
    assert quality.calibration_error < 0.12
    assert quality.auc_interval[0] > 0.6
    assert quality.auc == pytest.approx(asked.auc, abs=0.02)
    assert len(labels) == 1500
    assert (labels.confidence > 0.99).all()
    assert str(quality).startswith("1500 judgements, 300 of them with a real next response\nAUC 0.")


def test_calibration_mends_a_teacher_who_is_too_sure() -> None:
    teacher = FakeTeacher(lambda prompt: [4 * one for one in reads_the_digest(prompt)])
    _, quality, asked = distill_mastery(LOG, teacher, SETTINGS)
    assert quality.calibration_error < 0.7 * asked.calibration_error


def test_provenance_has_counts_settings_and_quality() -> None:
    labels = distill_mastery(LOG, FakeTeacher(reads_the_digest, "a model"), SETTINGS).labels
    assert labels.provenance.teacher == "a model"
    assert labels.provenance.templates == ("mastery/1",)
    assert labels.provenance.counts["prompts"] == 4500
    assert labels.provenance.settings["sampling"]["concepts"] == 5
    assert labels.provenance.quality["labels"]["auc"] > 0.75


def test_a_dry_run_lists_what_is_asked() -> None:
    teacher = FakeTeacher(reads_the_digest)
    distill_mastery(LOG, teacher, SETTINGS, GRAPH)
    assert tuple(teacher.asked) == mastery_questions(LOG, SETTINGS, GRAPH).batch.prompts


def test_paraphrases_that_disagree_lower_the_confidence() -> None:
    def _answer(prompt: Prompt) -> Sequence[float]:
        swing = {1: 0.0, 2: 2.0, 3: -2.0}[wording(prompt)] * ("Fractions" in prompt.user)
        return [reads_the_digest(prompt)[0] + swing, 0.0]

    settings = MasterySettings(histories=300, least_confidence=0.0)
    labels = distill_mastery(LOG, FakeTeacher(_answer), settings).labels
    fractions = labels.concept == BANK.concept_names.index("Fractions")
    assert labels.confidence[fractions].mean() < 0.8
    assert labels.confidence[~fractions].min() > 0.99


def test_unsure_judgements_are_abstentions() -> None:
    def _answer(prompt: Prompt) -> Sequence[float]:
        swing = 8.0 * (wording(prompt) - 2) * ("Fractions" in prompt.user)
        return [reads_the_digest(prompt)[0] + swing, 0.0]

    labels = distill_mastery(LOG, FakeTeacher(_answer), SETTINGS).labels
    assert BANK.concept_names.index("Fractions") not in labels.concept
    assert labels.provenance.counts["judgements_unsure"] > 100


def test_a_wording_without_answers_lowers_the_confidence_and_no_more() -> None:
    def _answer(prompt: Prompt) -> Sequence[float]:
        return silent(prompt) if wording(prompt) == 2 else reads_the_digest(prompt)

    labels = distill_mastery(LOG, FakeTeacher(_answer), SETTINGS).labels
    assert len(labels) == 1500
    np.testing.assert_allclose(labels.confidence, 2 / 3, atol=0.01)


def test_judgements_without_any_answer_are_abstentions() -> None:
    def _answer(prompt: Prompt) -> Sequence[float]:
        return silent(prompt) if "Poetry" in prompt.user else reads_the_digest(prompt)

    labels, quality, _ = distill_mastery(LOG, FakeTeacher(_answer), SETTINGS)
    assert BANK.concept_names.index("Poetry") not in labels.concept
    assert quality.judgements == len(labels) == 1500 - labels.provenance.counts["judgements_unanswered"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (silent, "no usable answer to 100% of 4500 prompts"),
        (lambda prompt: [5.0, 0.0], r"same answer whoever the student is \(log-odds spread 0.000 over 1500"),
        (lambda prompt: [wording(prompt), 0.0], "same answer whoever the student is"),
        (lambda prompt: [len(re.findall("e", prompt.user)) % 3, 0.0], r"little better than chance: AUC 0\.\d+ on 300"),
        (lambda prompt: [-one for one in reads_the_digest(prompt)], r"little better than chance: AUC 0\.[12]"),
    ],
)
def test_a_bad_teacher_is_refused_with_the_numbers(answer: Callable[[Prompt], Sequence[float]], message: str) -> None:
    with pytest.raises(TeacherError, match=message):
        distill_mastery(LOG, FakeTeacher(answer), SETTINGS)


def test_one_wording_can_be_enough() -> None:
    teacher = FakeTeacher(reads_the_digest)
    distill_mastery(LOG, teacher, MasterySettings(histories=50, paraphrases=1, least_auc=0.0))
    assert len(teacher.asked) == 250
    with pytest.raises(SettingsError, match="at most 3"):
        mastery_questions(LOG, MasterySettings(paraphrases=4))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"histories": 0}, "histories, paraphrases, seed"), ({"least_auc": 2.0}, "least_auc: expected a number from 0")],
)
def test_settings_are_checked(change: dict[str, float], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        MasterySettings(**change)  # type: ignore[arg-type]


def test_a_run_writes_its_labels_and_reports(tmp_path: Path) -> None:
    run = run_mastery(LOG, FakeTeacher(reads_the_digest), tmp_path / "mastery.json", SETTINGS, GRAPH)
    assert len(MasteryLabels.load(tmp_path / "mastery.json")) == len(run.distilled.labels)
    for told in ("labels 1500", "as asked: 1500 judgements", "calibration error"):
        assert told in run.report


def test_a_refused_run_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(TeacherError):
        run_mastery(LOG, FakeTeacher(silent), tmp_path / "mastery.json", SETTINGS)
    assert list(tmp_path.iterdir()) == []
