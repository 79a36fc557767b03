"""Refuses a log to stop by that shares students with the training log: what it measures would be memory."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from ldsim_env.errors import LogError, LogWarning
from ldsim_env.logs.digests import digests_by_id
from ldsim_env.logs.response_log import ResponseLog

N_NAMED = 5


def refuse_shared_students(log: ResponseLog, valid: ResponseLog) -> None:
    """Stop before a simulator is trained and stopped by the same students.

    A student is the same where both id and answers are (answers by `digests_by_id`). One alone is no proof: some
    platforms number the students of each file anew, and in a short course many answer alike.

    Args:
        log: The training students.
        valid: Those to stop by, over a bank that names its questions alike.

    Raises:
        LogError: If students of ``valid`` stand in ``log`` under their id with the same answers.

    Warns:
        LogWarning: If students agree with one of ``log`` in their id alone, or in their answers alone.
    """
    known, digests = digests_by_id(log), digests_by_id(valid)
    same = [student for student, digest in digests.items() if known.get(student) == digest]
    if same:
        raise LogError(
            f"valid: expected other students than the training log's, {_named(same, valid)} stand in both. They would "
            "stop the training by what it has learnt by heart. Take them out of one log, or give no valid log: a share "
            "of the training students is then set apart."
        )
    ids, answers = set(log.student_ids), set(known.values())
    alike = [student for student in valid.student_ids if student in ids or digests.get(student) in answers]
    if alike:
        warnings.warn(
            f"valid: {_named(alike, valid)} have the id or the answers of a training student, not both. If they are "
            "the same students, take them out of one log: training would be stopped by what it has learnt by heart.",
            LogWarning,
            stacklevel=2,
        )


def _named(students: Sequence[str], log: ResponseLog) -> str:
    more = ", ..." if len(students) > N_NAMED else ""
    return f"{len(students):,} of {log.n_students:,} students ({', '.join(students[:N_NAMED])}{more})"
