"""Whether a log's students are ones that the simulator was trained on: then its card says too much good of it."""

from __future__ import annotations

from typing import Any

from ldsim_env.logs import MatchedLog, ResponseLog
from ldsim_env.logs.digests import student_digests

LEAST_QUESTIONS = 500  # a log of fewer may well have no question that is new to the simulator


def overlap_warnings(
    matched: MatchedLog, provenance: dict[str, Any], training: ResponseLog | None = None
) -> tuple[str, ...]:
    """What a reader must know about the log; nothing where it is known to be of other students.

    Args:
        matched: The log of the card over the simulator's bank.
        provenance: Of the simulator, see `read_provenance`; ``log`` and ``student_digests`` (joined by blanks) count.
        training: The log that the simulator was trained on over the same bank, where the user gave it.
    """
    fitted_on = _fitted_on(provenance)
    n_students = matched.log.n_students
    if matched.original.fingerprint == fitted_on.get("fingerprint"):
        return (_overlap(n_students, n_students),)
    known = _known_students(provenance, training)
    if known is None:
        return (_unknown(matched, fitted_on),)
    n_shared = sum(digest in known for digest in student_digests(matched.log))
    return (_overlap(n_shared, n_students),) if n_shared else ()


def _fitted_on(provenance: dict[str, Any]) -> dict[str, Any]:
    """What the provenance says of the training log; simulators of early versions hold its name alone."""
    log = provenance.get("log")
    return log if isinstance(log, dict) else {}


def _known_students(provenance: dict[str, Any], training: ResponseLog | None) -> frozenset[str] | None:
    """Digests of the training students, or None where nothing says who they are."""
    if training is not None:
        return frozenset(student_digests(training))
    stated = provenance.get("student_digests")
    return frozenset(stated.split()) if isinstance(stated, str) else None


def _overlap(n_shared: int, n_students: int) -> str:
    return (
        f"{n_shared:,} of the {n_students:,} students are ones that this simulator was trained on. The figures are "
        "better than they would be for new students: read them as a check of the fit, not of the simulator."
    )


def _unknown(matched: MatchedLog, fitted_on: dict[str, Any]) -> str:
    trained = f"{fitted_on['n_students']:,} students" if "n_students" in fitted_on else "students it does not name"
    text = f"This simulator was trained on {trained}; whether students of this log are among them can't be told here."
    asked = len(set(matched.log.questions.tolist()))
    if asked >= LEAST_QUESTIONS and not matched.unknown_questions:
        text += f" All {asked:,} questions of the log are known to the simulator, which suggests that they are."
    return text
