"""Fingerprints of single students."""

from ldsim_env.logs.digests import student_digests
from tests.simulator.made_up import made_up_log

LOG = made_up_log(30, 12)


def test_each_history_has_its_own() -> None:
    assert len(set(student_digests(LOG))) == 30


def test_students_are_known_again_in_another_order_and_under_another_name() -> None:
    turned = LOG.select(range(29, -1, -1))
    object.__setattr__(turned, "student_ids", tuple(f"other-{i}" for i in range(30)))
    assert student_digests(turned) == student_digests(LOG)[::-1]


def test_several_logs_come_end_to_end_and_short_histories_are_left_out() -> None:
    assert student_digests(LOG, made_up_log(2, [4, 5])) == [
        *student_digests(LOG),
        *student_digests(made_up_log(2, [4, 5])),
    ]
    assert len(student_digests(made_up_log(2, [4, 5]))) == 1
