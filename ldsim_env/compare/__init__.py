"""Paired comparison of policies: the same students, targets and response noise for every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ldsim_env.compare.episode_picture import episode_picture
from ldsim_env.compare.episodes import Episode, run_episode
from ldsim_env.compare.interval_plot import interval_plot
from ldsim_env.compare.paired import run_paired
from ldsim_env.compare.results import Comparison, load_comparison, save_comparison
from ldsim_env.compare.settings import CompareSettings
from ldsim_env.compare.statistics import Interval, PolicySummary, summarise
from ldsim_env.compare.table import comparison_table, print_table
from ldsim_env.figures import save_figure
from ldsim_env.recommenders import Recommender, load_recommender

__all__ = [
    "CompareSettings",
    "Comparison",
    "Episode",
    "Interval",
    "PolicySummary",
    "compare",
    "comparison_table",
    "episode_picture",
    "interval_plot",
    "load_comparison",
    "print_table",
    "run_episode",
    "run_paired",
    "save_figure",
    "save_json",
    "save_plot",
    "summarise",
]


def compare(
    policies: Sequence[str | Recommender], settings: CompareSettings | None = None, console: Console | None = None
) -> Comparison:
    """Let policies teach the same students and gather how much was learned.

    Args:
        policies: Recommenders, or what `load_recommender` takes: ``NAME``, ``FILE.zip``, ``module:attribute``. If the
            settings' reference policy is not among them and is known by name, it is added in front.
        settings: What to compare on; by default 200 held-out students of the embedded bank.
        console: Where to show progress and the time left; None shows nothing.

    Raises:
        SettingsError: If a policy or the environment can't be found or made, or names repeat.
        CheckpointError: If a saved policy can't be read.
    """
    settings = settings or CompareSettings()
    recommenders = [load_recommender(policy) if isinstance(policy, str) else policy for policy in policies]
    return run_paired(_with_reference(recommenders, settings.reference), settings, console)


def save_json(comparison: Comparison, path: Path) -> None:
    """Write every episode's outcome and the table's statistics; `load_comparison` reads it."""
    save_comparison(comparison, path, [summary.as_dict() for summary in summarise(comparison)])


def save_plot(comparison: Comparison, path: Path) -> None:
    """Write the interval plot as PNG, SVG or PDF, by the name's ending."""
    save_figure(interval_plot(comparison), path)


def _with_reference(recommenders: list[Recommender], reference: str) -> list[Recommender]:
    # Without a baseline a gain says little, and an unknown one must be reported before the long run, not after it.
    if any(recommender.name == reference for recommender in recommenders):
        return recommenders
    return [load_recommender(reference), *recommenders]
