"""Short fingerprints of single students, by which a log is found to share students with another one."""

from __future__ import annotations

import hashlib

import numpy as np

from ldsim_env.logs.response_log import ResponseLog

DIGEST_LENGTH = 10  # hexadecimal digits: of a million pairs of different histories one in a million agrees by chance
LEAST_LENGTH = 5  # interactions; two students of fewer may well have answered the same questions alike


def student_digests(*logs: ResponseLog) -> list[str]:
    """One fingerprint a student, of the questions' ids and the responses; blind to the student's id.

    Students of fewer than 5 interactions are left out: their histories agree by chance.

    Args:
        logs: Logs over banks that name their questions alike.
    """
    return [digest for log in logs for digest in digests_by_id(log).values()]


def digests_by_id(log: ResponseLog) -> dict[str, str]:
    """The fingerprints of `student_digests` by the students' ids, in the log's order."""
    return {log.student_ids[i]: _digest(log, i) for i in np.flatnonzero(log.lengths >= LEAST_LENGTH).tolist()}


def _digest(log: ResponseLog, index: int) -> str:
    history = log.student(index)
    ids = "\n".join(log.bank.question_ids[q] for q in history.questions)
    return hashlib.sha256(ids.encode() + history.responses.tobytes()).hexdigest()[:DIGEST_LENGTH]
