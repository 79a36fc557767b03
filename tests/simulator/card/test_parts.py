"""Single parts of the card, on logs where the figures are known."""

import numpy as np
import pytest

from ldsim_env.logs import match_bank
from ldsim_env.simulator import predict_kt, predict_simulation
from ldsim_env.simulator.card.answers import Answers, own_answers
from ldsim_env.simulator.card.calibration import measure_calibration
from ldsim_env.simulator.card.learning_curves import measure_learning_curves
from ldsim_env.simulator.card.resemblance import measure_resemblance
from ldsim_env.simulator.card.right_answers import measure_right_answers
from ldsim_env.simulator.card.subgroups import measure_subgroups
from ldsim_env.simulator.card.thin_evidence import measure_thin_evidence
from tests.simulator.made_up import DriftingStudent, Flatterer, log_of, made_up_bank, made_up_log

BANK = made_up_bank()


def answers_of(real: np.ndarray, simulated: np.ndarray) -> Answers:
    n = len(real)
    zeros = np.zeros(real.shape, np.int64)
    return Answers(
        np.arange(n), zeros[:, 0], zeros, real.astype(float), simulated.astype(float), np.full(real.shape, 0.5),
        np.ones(real.shape, bool),
    )  # fmt: skip


def test_like_students_cannot_be_told_apart_and_unlike_ones_can() -> None:
    rng = np.random.default_rng(0)
    real, same, other = (rng.random((300, 30)) < 0.6 for _ in range(3))
    alike = measure_resemblance(answers_of(real, same), answers_of(real, other))
    assert alike.low < 0.56
    assert alike.auc == pytest.approx(0.5, abs=0.08)
    sticky = np.repeat(rng.random((300, 6)) < 0.6, 5, axis=1)
    unlike = measure_resemblance(answers_of(sticky, same), answers_of(sticky, other))
    assert unlike.auc > 0.95
    assert unlike.control_auc == pytest.approx(0.5, abs=0.08)


def test_first_opportunities_are_counted_in_the_observed_half_too() -> None:
    log = log_of(BANK, *[([0] * 20, [0, 1] * 10)] * 40)
    answers = own_answers(predict_simulation(DriftingStudent(BANK), log), 0)
    curves = measure_learning_curves(log, answers)
    assert curves.overall.opportunity == (11, 12, 13, 14, 15)
    assert curves.overall.real == (0, 1, 0, 1, 0)
    assert curves.concepts[0].n == (40,) * 5
    assert sum(curves.overall.simulated) / 5 == pytest.approx(0.05, abs=0.05)


def test_concepts_are_listed_by_their_gap() -> None:
    log = made_up_log(60, 30)
    student = DriftingStudent(BANK)
    kt, simulation = predict_kt(student, log), predict_simulation(student, log)
    gaps = [abs(concept.scores.gap) for concept in measure_calibration(log, kt, simulation).concepts]
    assert len(gaps) == BANK.n_concepts
    assert gaps == sorted(gaps, reverse=True)


def test_first_questions_and_concepts_met_before_are_counted() -> None:
    log = log_of(BANK, *[([0, 5, 1, 0, 19, 0, 0, 0, 0], [1] * 9)] * 3)
    student = DriftingStudent(BANK)
    found = measure_thin_evidence(student, match_bank(log, BANK), predict_kt(student, log))
    assert [(g.group, g.scores.n) for g in found.cold_start] == [*((str(i), 3) for i in range(1, 6)), ("later", 12)]
    met = {g.group: g.scores.n for g in found.concepts}
    assert met == {"0": 3, "1": 3, "2": 3, "3 to 5": 9, "6 or more": 3, "no concept": 3}
    assert found.counted_in == "this log"


def test_windows_are_dealt_into_fifths_by_the_observed_half() -> None:
    shares = range(10)
    log = log_of(BANK, *[([0] * 20, [1] * s + [0] * (10 - s) + [1] * 10) for s in shares])
    groups = measure_subgroups(log, predict_simulation(DriftingStudent(BANK), log)).groups
    assert [g.scores.n for g in groups] == [20] * 5


@pytest.mark.parametrize(
    ("student", "right_lowers", "wrong_raises"),
    [(DriftingStudent(BANK), 0, 1), (Flatterer(BANK), 0, 0), (Flatterer(BANK, practice=-0.01), 1, 1)],
)
def test_answers_that_move_mastery_the_wrong_way(
    student: DriftingStudent, right_lowers: float, wrong_raises: float
) -> None:
    found = measure_right_answers(student, log_of(BANK, ([0, 1, 2, 3], [1, 0, 1, 1]), ([4, 5, 6], [0, 1, 0])))
    assert (found.n_right, found.n_wrong) == (4, 3)
    assert (found.right_lowers, found.wrong_raises) == (right_lowers, wrong_raises)
