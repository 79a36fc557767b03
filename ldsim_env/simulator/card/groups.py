"""How well a simulator does in parts of a log: a table of scores that several parts of the card share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldsim_env.figures import BLUE, INK
from ldsim_env.simulator.card.shown import Panel, ShownTable, panel, panel_axes
from ldsim_env.simulator.metrics import Scores, score


@dataclass(frozen=True)
class GroupScores:
    """Scores of the positions of one group."""

    group: str
    scores: Scores


def score_groups(
    groups: Mapping[str, NDArray[np.bool_]], response: NDArray[np.floating], prob: NDArray[np.floating]
) -> tuple[GroupScores, ...]:
    """Scores of those groups that have positions; ``groups`` gives each one's positions as a mask."""
    return tuple(GroupScores(name, score(response[part], prob[part])) for name, part in groups.items() if part.any())


def group_table(first: str, groups: tuple[GroupScores, ...], reading: str) -> ShownTable:
    """One row a group."""
    rows = tuple(
        (
            g.group,
            f"{g.scores.n:,}",
            f"{g.scores.auc:.3f}",
            f"{g.scores.ece:.3f}",
            f"{g.scores.mean_prob:.1%}",
            f"{g.scores.mean_response:.1%}",
            f"{g.scores.gap:+.1%}",
        )
        for g in groups
    )
    return ShownTable((first, "positions", "AUC", "ECE", "expected right", "right", "gap"), rows, reading)


def group_panel(title: str, x: str, groups: tuple[GroupScores, ...], reading: str) -> Panel:
    """Expected and real share right of each group."""
    with panel_axes(title, x, "share right") as axes:
        names = [g.group for g in groups]
        axes.plot(names, [g.scores.mean_prob for g in groups], color=BLUE, marker="o", markersize=4, label="expected")
        axes.plot(names, [g.scores.mean_response for g in groups], color=INK, marker="o", markersize=4, label="real")
        axes.tick_params(axis="x", labelsize=7)
        axes.legend(loc="best")
        return panel(axes, reading)
