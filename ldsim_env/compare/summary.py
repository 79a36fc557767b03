"""The statistics of a comparison as JSON, for those who read them with other tools."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ldsim_env.compare.report.harm import ability_groups, harm_of
from ldsim_env.compare.report.leaderboard import leaderboard, reference_of
from ldsim_env.compare.report.paired_episodes import pair_episodes
from ldsim_env.compare.report.report_settings import ReportSettings
from ldsim_env.compare.report.result_folder import ResultFolder
from ldsim_env.files import write_json


def save_summary(results: ResultFolder, path: Path, settings: ReportSettings | None = None) -> None:
    """Write the leaderboard of each student model, with the gains by prior ability.

    Args:
        results: Of `compare`, or read from a folder.
        path: Where to.
        settings: The reference policy, and how sure the intervals are.
    """
    settings = settings or ReportSettings()
    run = results.settings
    write_json(
        path,
        {
            "env_id": run.env_id,
            "env_options": dict(run.env_options),
            "seeds": run.seeds,
            "n_students": run.n_students,
            "n_steps": run.n_steps,
            "observer": run.observer,
            "reference": reference_of(run, settings),
            "confidence": settings.confidence,
            "versions": dict(run.versions),
            "student_models": {model: _rows(results, model, settings) for model in run.student_models},
        },
    )


def _rows(results: ResultFolder, model: str, settings: ReportSettings) -> list[dict[str, Any]]:
    pairs = pair_episodes(results, model)
    groups = ability_groups(pairs)
    return [
        asdict(row)
        | {
            "by_prior_ability": {
                group.name: asdict(harm_of(pairs, row.policy.name, group, settings)) for group in groups
            }
        }
        for row in leaderboard(pairs, results.settings, settings)
    ]
