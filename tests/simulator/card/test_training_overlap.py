"""Whether the card says that its students are those of the training."""

import pytest

from ldsim_env.logs import match_bank
from ldsim_env.logs.digests import student_digests
from ldsim_env.simulator.card.training_overlap import overlap_warnings
from tests.simulator.made_up import made_up_log

TRAINING = made_up_log(40, 12)
NEW = match_bank(made_up_log(10, 15, seed=5), TRAINING.bank)
MIXED = match_bank(TRAINING.select([3, 5, 8]), TRAINING.bank)


def test_the_training_log_itself_is_known_by_its_fingerprint() -> None:
    matched = match_bank(TRAINING, TRAINING.bank)
    (warning,) = overlap_warnings(matched, {"log": {"fingerprint": TRAINING.fingerprint}})
    assert warning.startswith("40 of the 40 students")


def test_shared_students_are_counted_in_a_given_training_log() -> None:
    (warning,) = overlap_warnings(MIXED, {}, TRAINING)
    assert warning.startswith("3 of the 3 students are ones that this simulator was trained on")
    assert overlap_warnings(NEW, {}, TRAINING) == ()


def test_digests_in_the_provenance_serve_as_well() -> None:
    provenance = {"student_digests": " ".join(student_digests(TRAINING))}
    assert overlap_warnings(NEW, provenance) == ()
    assert "3 of the 3" in overlap_warnings(MIXED, provenance)[0]


@pytest.mark.parametrize("provenance", [{}, {"log": "old.csv"}, {"log": {"fingerprint": "x", "n_students": 7}}])
def test_what_cannot_be_told_is_said(provenance: dict[str, object]) -> None:
    (warning,) = overlap_warnings(NEW, provenance)
    assert "can't be told" in warning
