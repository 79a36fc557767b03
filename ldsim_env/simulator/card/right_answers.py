"""How often a right answer lowers the mastery of what it was about, and a wrong one raises it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ldsim_env.logs import ResponseLog
from ldsim_env.logs.windows import padded, select_windows, windows
from ldsim_env.simulator.card.shown import Shown, ShownTable
from ldsim_env.simulator.protocol import State, StudentModel
from ldsim_env.simulator.unroll import unroll

BATCH = 256
NOTHING = 1e-6  # mastery that moves by less has not moved


@dataclass(frozen=True)
class RightAnswers:
    """What true answers do to the mean mastery of the asked concepts, in the windows of the KT task.

    Args:
        n_right: Right answers.
        right_lowers: Share of them after which the mastery is lower.
        right_change: Mean change of the mastery by them.
        n_wrong: Wrong answers.
        wrong_raises: Share of them after which the mastery is higher.
        wrong_change: Mean change of the mastery by them.
    """

    n_right: int
    right_lowers: float
    right_change: float
    n_wrong: int
    wrong_raises: float
    wrong_change: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def show(self) -> Shown:
        """A table."""
        rows = (
            ("right", f"{self.n_right:,}", f"{self.right_change:+.4f}", f"{self.right_lowers:.2%} lower it"),
            ("wrong", f"{self.n_wrong:,}", f"{self.wrong_change:+.4f}", f"{self.wrong_raises:.2%} raise it"),
        )
        reading = "Nobody would explain to a student why a right answer lowered the bar."
        columns = ("answer", "answers", "mean change of mastery", "the wrong way")
        return Shown(
            "Answers that move mastery the wrong way",
            f"{self.right_lowers:.2%} of the right answers lower the mastery of the asked concepts; "
            f"{self.wrong_raises:.2%} of the wrong ones raise it.",
            [ShownTable(columns, rows, reading)],
        )


def measure_right_answers(model: StudentModel, log: ResponseLog) -> RightAnswers:
    """Watch the mastery of the asked concepts over all windows of the KT task."""
    found = windows(log)
    order = np.argsort(found.length, kind="stable")
    parts = [
        _changes(
            model, *(torch.from_numpy(array) for array in padded(log, select_windows(found, order[i : i + BATCH])))
        )
        for i in range(0, len(order), BATCH)
    ]
    change, right = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return RightAnswers(
        n_right=int(right.sum()),
        right_lowers=float((change[right] < -NOTHING).mean()) if right.any() else float("nan"),
        right_change=float(change[right].mean()) if right.any() else float("nan"),
        n_wrong=int((~right).sum()),
        wrong_raises=float((change[~right] > NOTHING).mean()) if not right.all() else float("nan"),
        wrong_change=float(change[~right].mean()) if not right.all() else float("nan"),
    )


@torch.inference_mode()
def _changes(
    model: StudentModel, questions: Tensor, responses: Tensor, lengths: Tensor
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Change of the mean mastery of the asked concepts at each interaction, and whether its answer was right."""
    asks = torch.tensor(model.bank.concept_matrix)
    mastery = [model.mastery(model.start(len(questions)))]
    changes, rights = [], []

    def watch(t: int, state: State) -> None:
        after, asked = model.mastery(state), asks[questions[:, t - 1]]
        counts = (t <= lengths) & asked.any(1)
        change = ((after - mastery[0]) * asked).sum(1) / asked.sum(1).clamp(min=1)
        changes.append(change[counts].numpy())
        rights.append(responses[:, t - 1][counts].numpy() > 0)
        mastery[0] = after

    unroll(model, questions, responses, lengths, rollout="expected", watch=watch)
    return np.concatenate(changes), np.concatenate(rights)
