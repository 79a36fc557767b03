"""The page: everything that the templates show, and their filling."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ldsim_env._version import __version__
from ldsim_env.compare.report.curves import LearningCurve, learning_curves
from ldsim_env.compare.report.findings import findings
from ldsim_env.compare.report.harm import AbilityGroup, HarmCell, ability_groups, harm_of
from ldsim_env.compare.report.leaderboard import LeaderboardRow, leaderboard, reference_of
from ldsim_env.compare.report.matrix import simulator_matrix
from ldsim_env.compare.report.paired_episodes import PairedEpisodes, pair_episodes
from ldsim_env.compare.report.player import player_episodes
from ldsim_env.compare.report.report_settings import ReportSettings
from ldsim_env.compare.report.result_folder import ResultFolder
from ldsim_env.compare.report.scale import Scale, scale_over
from ldsim_env.errors import missing_extra

if TYPE_CHECKING:
    from jinja2 import Environment

N_LINE_STYLES = 8


@dataclass(frozen=True, eq=False)
class ModelPanel:
    """What the page says of one student model.

    Args:
        pairs: Its episodes.
        rows: Its leaderboard.
        scale: The axis of gains.
        reference_iqm: The reference policy's interquartile mean.
        groups: Students by prior ability.
        harm: For each row of the leaderboard a cell for each group.
    """

    pairs: PairedEpisodes
    rows: tuple[LeaderboardRow, ...]
    scale: Scale
    reference_iqm: float
    groups: tuple[AbilityGroup, ...]
    harm: tuple[tuple[HarmCell, ...], ...]


@dataclass(frozen=True, eq=False)
class CurvePlot:
    """Learning curves over one kind of effort, with axes and the lines as SVG paths in a box of 100 x 100."""

    against: str
    x: Scale
    y: Scale
    curves: tuple[LearningCurve, ...]

    def line(self, curve: LearningCurve) -> str:
        """The path of the mean."""
        return "M" + "L".join(self._points(curve.x, curve.mean))

    def band(self, curve: LearningCurve) -> str:
        """The outline of the range of the seeds."""
        there, back = self._points(curve.x, curve.high), self._points(curve.x[::-1], curve.low[::-1])
        return "M" + "L".join([*there, *back]) + "Z"

    def _points(self, x: Any, y: Any) -> list[str]:
        return [f"{self.x.percent(a):g} {100 - self.y.percent(b):g}" for a, b in zip(x, y, strict=True)]


def render_page(results: ResultFolder, settings: ReportSettings) -> str:
    """The whole page as HTML, with nothing outside it.

    Raises:
        CheckpointError: If the results don't fit together.
        SettingsError: If the reference policy was not compared.
        MissingExtraError: If jinja2, polars or scipy is not installed.
    """
    run = results.settings
    present = set(results.episodes["student_model"].to_list())
    panels = [
        _panel(pair_episodes(results, model), results, settings) for model in run.student_models if model in present
    ]
    all_pairs = [panel.pairs for panel in panels]
    matrix = simulator_matrix(all_pairs, run)
    player = player_episodes(results, settings.n_player_episodes)
    return _environment().get_template("report.html.j2").render(
        run=run,
        settings=settings,
        reference=run.policy(reference_of(run, settings)),
        panels=panels,
        matrix=matrix,
        findings=findings(run, all_pairs[0], panels[0].rows, matrix, settings),
        curve_plots=_curve_plots(results),
        player=player,
        player_json=_json_for_script({**player, "reference": reference_of(run, settings), "best": _best(panels[0])}),
        library_version=__version__,
    )  # fmt: skip


def _panel(pairs: PairedEpisodes, results: ResultFolder, settings: ReportSettings) -> ModelPanel:
    rows = leaderboard(pairs, results.settings, settings)
    groups = ability_groups(pairs)
    reference = reference_of(results.settings, settings)
    ends = [
        end for row in rows for end in (row.iqm_interval.low, row.iqm_interval.high, row.spread.low, row.spread.high)
    ]
    return ModelPanel(
        pairs=pairs,
        rows=rows,
        scale=scale_over([0.0, *ends]),
        reference_iqm=next(row.iqm for row in rows if row.policy.name == reference),
        groups=groups,
        harm=tuple(tuple(harm_of(pairs, row.policy.name, group, settings) for group in groups) for row in rows),
    )


def _best(panel: ModelPanel) -> str:
    """The policy that the player shows against the reference: the best that a tutor could use."""
    rivals = [row for row in panel.rows if not row.policy.uses_simulator]
    return (rivals or list(panel.rows))[0].policy.name


def _curve_plots(results: ResultFolder) -> list[CurvePlot]:
    plots = []
    for against in ("steps", "seconds"):
        curves = learning_curves(results.curves, against)
        if curves:
            ends = np.concatenate([np.concatenate([curve.low, curve.high]) for curve in curves])
            x = scale_over([0.0, *(float(curve.x.max()) for curve in curves)])
            plots.append(CurvePlot(against, x, scale_over([0.0, *ends.tolist()]), curves))
    return plots


def _json_for_script(content: Any) -> str:
    """JSON that can't end the script element it stands in."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _environment() -> Environment:
    try:
        import jinja2  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("report", "Writing a report", error) from error
    loader = jinja2.PackageLoader("ldsim_env.compare.report")
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["n_line_styles"] = N_LINE_STYLES
    # style sheets and scripts go in as they stand: their braces are not the templates'
    environment.globals["asset"] = lambda name: loader.get_source(environment, name)[0]
    environment.tests["finite"] = lambda value: value is not None and bool(np.isfinite(value))
    return environment
