"""How fast requests may follow each other."""

from __future__ import annotations

import time
from threading import Event, Lock

from ldsim_env.errors import SettingsError


class Pace:
    """Spreads requests of several threads evenly over time.

    Args:
        requests_per_minute: The most requests in a minute; None for no limit.
    """

    def __init__(self, requests_per_minute: float | None) -> None:
        if requests_per_minute is not None and not requests_per_minute > 0:
            raise SettingsError(f"requests_per_minute: expected a number above 0, got {requests_per_minute!r}.")
        self.seconds_between = 60 / requests_per_minute if requests_per_minute else 0.0
        self._lock = Lock()
        self._next = 0.0

    def wait(self, stop: Event) -> None:
        """Wait for this request's turn, or until ``stop`` is set."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self.seconds_between
        stop.wait(turn - now)

    def hold(self, seconds: float) -> None:
        """Let nobody ask before ``seconds`` have passed: the server wants a pause from all of us."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)
