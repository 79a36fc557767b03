"""Collects what is wrong with the files of a log, so that one error can name all the bad places."""

from __future__ import annotations

from pathlib import Path

from ldsim_env.errors import LogError

PLACES_SHOWN = 20


class BadPlaces:
    """The bad places found so far, each with what was expected and what came, and the remedies.

    Args:
        what: What was being read, the start of the message, for example ``"four-line log"``.
        limit: How many places the message lists; the rest are counted.
    """

    def __init__(self, what: str, limit: int = PLACES_SHOWN) -> None:
        self.what = what
        self.limit = limit
        self.count = 0
        self._shown: list[str] = []
        self._remedies: dict[str, None] = {}  # a dict keeps the order of first use

    def add(self, path: Path, line: int | None, complaint: str, remedy: str) -> None:
        """Note one bad place.

        Args:
            path: The file.
            line: Line number counted from 1, or None where the file as a whole is meant.
            complaint: What was expected and what came.
            remedy: What the user can do; said once however many places need it.
        """
        self.count += 1
        self._remedies.setdefault(remedy)
        if len(self._shown) < self.limit:
            self._shown.append(f"{path}, line {line}: {complaint}" if line is not None else f"{path}: {complaint}")

    def raise_if_any(self) -> None:
        """Raise one error for all places noted.

        Raises:
            LogError: If any place was noted.
        """
        if self.count:
            raise LogError(self.message())

    def message(self) -> str:
        """All places up to the limit, the number of the others, and the remedies."""
        places = "1 bad place" if self.count == 1 else f"{self.count:,} bad places"
        lines = [f"{self.what}: {places}, nothing was read.", *(f"  {place}" for place in self._shown)]
        if self.count > len(self._shown):
            lines.append(f"  and {self.count - len(self._shown):,} more")
        lines += [f"Remedy: {remedy}" for remedy in self._remedies]
        return "\n".join(lines)
