"""Where a simulator knows little: first interactions, rare or unknown questions, concepts not met before."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ldsim_env.logs import NO_CONCEPT, MatchedLog, ResponseLog
from ldsim_env.simulator.card.groups import GroupScores, group_panel, group_table, score_groups
from ldsim_env.simulator.card.shown import Shown
from ldsim_env.simulator.protocol import StudentModel
from ldsim_env.simulator.tasks import Predictions

FIRST = 5  # interactions that count as a cold start
RARE = (0, 10, 50)  # a question asked at least so often in training is in the group


@dataclass(frozen=True)
class ThinEvidence:
    """Scores in the KT task where evidence is thin.

    Args:
        cold_start: By a student's 1st, 2nd, ... interaction.
        questions: By how often the question was asked in the training log, or in this log where that isn't known.
        counted_in: ``"training log"`` or ``"this log"``.
        concepts: By how often the student met the least-met concept of the question before, in the window.
    """

    cold_start: tuple[GroupScores, ...]
    questions: tuple[GroupScores, ...]
    counted_in: str
    concepts: tuple[GroupScores, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def show(self) -> Shown:
        """Three tables and two pictures."""
        first, unseen = self.cold_start[0], self.concepts[0]
        return Shown(
            "Cold start, rare questions and unseen concepts",
            f"At a student's very first question AUC is {first.scores.auc:.3f} and the gap {first.scores.gap:+.1%}; at "
            f"questions on a concept that the student never met before AUC is {unseen.scores.auc:.3f} and the "
            f"gap {unseen.scores.gap:+.1%}.",
            [
                group_table("interaction", self.cold_start, "A student's first interactions, true answers shown."),
                group_table("asked", self.questions, f"By how often the question was asked in the {self.counted_in}."),
                group_table("met before", self.concepts, "By how often the student met the question's concept before."),
            ],
            [
                group_panel("Cold start", "interaction", self.cold_start, "How soon the simulator knows a student."),
                group_panel("Unseen concepts", "met before", self.concepts, "Left of all: concepts never met before."),
            ],
        )


def measure_thin_evidence(model: StudentModel, matched: MatchedLog, kt: Predictions) -> ThinEvidence:
    """Group the positions of the KT task.

    Args:
        model: The student model.
        matched: The log over the model's bank.
        kt: Predictions of the KT task.
    """
    log = matched.log
    asked, counted_in = _times_asked(model, log)
    met = _met_before(log, kt)
    return ThinEvidence(
        cold_start=_cold_start(model, log, kt),
        questions=score_groups(_by_rarity(asked[log.questions[kt.interaction]]), kt.response, kt.prob),
        counted_in=counted_in,
        concepts=score_groups(_by_count(met), kt.response, kt.prob),
    )


@torch.inference_mode()
def _cold_start(model: StudentModel, log: ResponseLog, kt: Predictions) -> tuple[GroupScores, ...]:
    """The first interaction isn't scored in the KT task: P(right) of a new student is asked for here."""
    first = log.offsets[:-1][log.lengths > 0]
    question = torch.from_numpy(log.questions[first].astype(np.int64))
    prob = model.answer_prob(model.start(len(first)), question).numpy()
    position = np.where(kt.window == 0, kt.position + 1, 0)
    later = {str(n): position == n for n in range(2, FIRST + 1)} | {"later": (position > FIRST) | (kt.window > 0)}
    everyone = {"1": np.ones(len(first), bool)}
    return score_groups(everyone, log.responses[first].astype(np.float32), prob) + score_groups(
        later, kt.response, kt.prob
    )


def _times_asked(model: StudentModel, log: ResponseLog) -> tuple[NDArray[np.float64], str]:
    """How often each question was asked where the simulator was fitted, if it says so, else in this log."""
    own = getattr(model, "question_weight", None)
    if own is not None and len(own) == log.bank.n_questions:
        return np.asarray(own, np.float64), "training log"
    return np.bincount(log.questions, minlength=log.bank.n_questions).astype(np.float64), "this log"


def _by_rarity(times: NDArray[np.float64]) -> dict[str, NDArray[np.bool_]]:
    groups = {"never": times < 1}
    for low, high in zip(RARE, (*RARE[1:], np.inf), strict=True):
        name = f"{max(low, 1)} to {high - 1:g}" if np.isfinite(high) else f"{low} or more"
        groups[name] = (times >= max(low, 1)) & (times < high)
    return groups


def _by_count(met: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
    return {
        "0": met == 0, "1": met == 1, "2": met == 2, "3 to 5": (met >= 3) & (met <= 5), "6 or more": met > 5,
        "no concept": met < 0,
    }  # fmt: skip


def _met_before(log: ResponseLog, kt: Predictions) -> NDArray[np.int64]:
    """(n,): how often the least-met concept was asked before in the window; -1 where the question has no concept."""
    start = kt.interaction - kt.position
    met = np.empty(len(kt), np.int64)
    seen, at, window = np.zeros(log.bank.n_concepts, np.int64), 0, -1
    for i, (begin, here) in enumerate(zip(start.tolist(), kt.interaction.tolist(), strict=True)):
        if begin != window:
            seen[:], at, window = 0, begin, begin
        for earlier in range(at, here):
            seen[_concepts(log, earlier)] += 1
        at = here
        asked = _concepts(log, here)
        met[i] = seen[asked].min() if len(asked) else -1
    return met


def _concepts(log: ResponseLog, interaction: int) -> NDArray[np.int16]:
    row = log.bank.question_concepts[log.questions[interaction]]
    known: NDArray[np.int16] = row[row != NO_CONCEPT]
    return known
