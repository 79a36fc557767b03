"""Students who stand in the training log and in the log to stop by."""

import warnings

import pytest

from ldsim_env.errors import LogError, LogWarning
from ldsim_env.logs import ResponseLog, StudentHistory
from ldsim_env.logs.shared_students import refuse_shared_students
from tests.simulator.made_up import made_up_log, renamed

LOG = made_up_log(30, 12)
OTHERS = made_up_log(6, 12, seed=1)


def test_other_students_pass() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refuse_shared_students(LOG, renamed(OTHERS))


def test_the_same_students_are_refused_by_number_and_name() -> None:
    both = ResponseLog.from_histories(LOG.bank, [*renamed(OTHERS), *LOG.select(range(3, 10))])
    told = r"valid: expected other students .*, 7 of 13 students \(s3, s4, s5, s6, s7, \.\.\.\) stand in both"
    with pytest.raises(LogError, match=told):
        refuse_shared_students(LOG, both)


@pytest.mark.parametrize("alike", [OTHERS, renamed(LOG.select(range(6)))], ids=["the id alone", "the answers alone"])
def test_one_of_both_is_no_proof(alike: ResponseLog) -> None:
    with pytest.warns(LogWarning, match=r"6 of 6 students \(.*\) have the id or the answers of a training student"):
        refuse_shared_students(LOG, alike)


def test_so_are_answers_too_few_to_tell() -> None:
    short = StudentHistory("s1", LOG.student(1).questions[:4], LOG.student(1).responses[:4])
    beginners = ResponseLog.from_histories(LOG.bank, [short])
    with pytest.warns(LogWarning, match=r"1 of 1 students \(s1\)"):
        refuse_shared_students(beginners, beginners)
