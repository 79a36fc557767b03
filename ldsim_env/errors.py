"""The exceptions of the package; each message names the argument, what was expected, what came, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST_LISTED = 150  # names that a message lists: the concepts of a course, but not its questions


class LDSimError(Exception):
    """Base of every error that this package raises on its own account."""


class LogError(LDSimError, ValueError):
    """A response log or question bank can't be read or used as it is."""


class LeakError(LogError):
    """A log's rows give away their own answers (rows expanded by concept)."""


class LogWarning(UserWarning):
    """A log was read, but something in it had to be decided; the message counts it."""


class ExploitableWarning(UserWarning):
    """A student model pays recommenders for what teaches nothing; the message has the figures of its probes."""


class CheckpointError(LDSimError, ValueError):
    """A saved simulator, bank or cohort is damaged, of an unknown format, or made for something else."""


class TeacherError(LDSimError, ValueError):
    """A teacher's answers, or what was made of them, can't be used; the message has the numbers."""


class SettingsError(LDSimError, ValueError):
    """A setting or option has a value outside what is allowed."""


class MissingExtraError(LDSimError, ImportError):
    """An optional part of the package is not installed; the message has the pip command."""


def missing_extra(extra: str, purpose: str, error: ImportError) -> MissingExtraError:
    """Make the error for an optional import that failed.

    Args:
        extra: Name of the extra that holds the missing package, for example ``"train"``.
        purpose: What the user tried to do, as the start of the sentence, for example ``"Reading response logs"``.
        error: The import error, whose ``name`` says which package is absent.
    """
    return MissingExtraError(
        f"{purpose} needs the package {error.name!r}, which is not installed. "
        f"Install the extra with: pip install 'ldsim-env[{extra}]'"
    )


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """Say that ``name`` is not one of ``known``, with the nearest match first (upper and lower case are alike)."""
    choices = sorted(known)
    by_folded = {choice.casefold(): choice for choice in choices}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    hint = f" Did you mean {by_folded[near[0]]!r}?" if near else ""
    listed = ", ".join(choices[:MOST_LISTED]) or "none"
    more = f" and {len(choices) - MOST_LISTED:,} more" if len(choices) > MOST_LISTED else ""
    return f"unknown {what} {name!r}.{hint} Known: {listed}{more}."
