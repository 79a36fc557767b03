"""Subgroups by prior ability: students who did badly or well in the half that the simulator is shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.logs import ResponseLog
from ldsim_env.simulator.card.groups import GroupScores, group_panel, group_table, score_groups
from ldsim_env.simulator.card.shown import Shown
from ldsim_env.simulator.tasks import Predictions

GROUPS = ("weakest fifth", "second", "third", "fourth", "strongest fifth")


@dataclass(frozen=True)
class Subgroups:
    """Scores in the simulation task of fifths of the windows, by the share right in the observed half."""

    groups: tuple[GroupScores, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def show(self) -> Shown:
        """A table and a picture."""
        worst = max(self.groups, key=lambda group: abs(group.scores.gap))
        low, high = (pick(self.groups, key=lambda g: g.scores.auc) for pick in (min, max))
        reading = "Lines that cross: weak students are simulated too strong and strong ones too weak, or the reverse."
        return Shown(
            "Subgroups by prior ability",
            f"Farthest off is the group {worst.group!r}, by {worst.scores.gap:+.1%}; AUC runs from "
            f"{low.scores.auc:.3f} ({low.group}) to {high.scores.auc:.3f} ({high.group}).",
            [group_table("share right in the observed half", self.groups, "Simulation task, sampled answers.")],
            [group_panel("By prior ability", "share right in the observed half", self.groups, reading)],
        )


def measure_subgroups(log: ResponseLog, simulation: Predictions) -> Subgroups:
    """Group the positions of the simulation task."""
    prior = _share_right_before(log, simulation)
    begins = prior[simulation.horizon == 1]
    group = np.searchsorted(np.quantile(begins, [0.2, 0.4, 0.6, 0.8]), prior, side="right")
    masks = {name: group == i for i, name in enumerate(GROUPS)}
    return Subgroups(score_groups(masks, simulation.response, simulation.prob))


def _share_right_before(log: ResponseLog, simulation: Predictions) -> NDArray[np.float64]:
    """(n,): share right in the observed half of the position's window."""
    before = np.concatenate([[0], np.cumsum(log.responses, dtype=np.int64)])
    first = simulation.interaction - simulation.horizon + 1
    start = simulation.interaction - simulation.position
    share: NDArray[np.float64] = (before[first] - before[start]) / (first - start)
    return share
