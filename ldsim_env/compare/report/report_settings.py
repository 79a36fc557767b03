"""Settings of a report."""

from __future__ import annotations

from dataclasses import dataclass

from ldsim_env.errors import SettingsError


@dataclass(frozen=True)
class ReportSettings:
    """What a report shows, and how sure its intervals are.

    Args:
        reference: Name of the policy that the others are measured against; None takes ``random``, or else the first
            baseline, or else the first policy.
        confidence: Confidence of the intervals, in (0, 1).
        n_resamples: Bootstrap resamples, at least 100.
        n_player_episodes: Most episodes that the page carries step by step. They decide its size: about 10 kB each for
            30 questions, 6 MB at most in all.

    Raises:
        SettingsError: If a value is outside its range.
    """

    reference: str | None = None
    confidence: float = 0.95
    n_resamples: int = 2_000
    n_player_episodes: int = 240

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            raise SettingsError(f"confidence: expected a number in (0, 1), got {self.confidence}.")
        if self.n_resamples < 100:
            raise SettingsError(f"n_resamples: expected at least 100, got {self.n_resamples}.")
        if self.n_player_episodes < 0:
            raise SettingsError(f"n_player_episodes: expected at least 0, got {self.n_player_episodes}.")
