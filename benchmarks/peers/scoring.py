"""Both tasks of the protocol for a peer, the leak alarm, and the band that random labels must stay in."""

from __future__ import annotations

import math
from functools import partial

from ldsim_env.errors import LeakError
from ldsim_env.logs import ResponseLog
from ldsim_env.simulator import Evaluation, Predictions, Scores, evaluate
from ldsim_env.simulator.evaluation import SAMPLED_SEEDS
from ldsim_env.simulator.tasks import kt_task, simulation_task
from peers.peer import Peer, read_windows, unroll_peer

ALARM = 0.80  # no sound model comes near it on ASSIST09 or ASSIST17; a leaking log gives .89


def evaluate_peer(peer: Peer, log: ResponseLog, sampled_seeds: int = SAMPLED_SEEDS) -> Evaluation:
    """The KT task, and the simulation task under each rollout."""
    reads, goes_on = partial(read_windows, peer), partial(unroll_peer, peer)
    predictions: dict[str, list[Predictions]] = {
        "kt": [kt_task(reads, log)],
        "simulation, sampled": [simulation_task(goes_on, log, "sampled", seed) for seed in range(sampled_seeds)],
        "simulation, expected": [simulation_task(goes_on, log, "expected")],
        "simulation, hard": [simulation_task(goes_on, log, "hard")],
    }
    return evaluate(log, predictions)


def refuse_incredible(name: str, evaluation: Evaluation, alarm: float = ALARM) -> None:
    """Stop where an AUC is too good to be true.

    Raises:
        LeakError: If a task's AUC is above the alarm.
    """
    for task, scores in evaluation.tasks.items():
        if scores.overall.auc > alarm:
            raise LeakError(
                f"{name}: AUC {scores.overall.auc:.3f} on {evaluation.source or 'the log'} ({task}) is above "
                f"{alarm:.2f}, which no sound model reaches there: something gives the answers away. See whether the "
                "log's rows are expanded by concept, whether students stand on both sides of the split, and whether "
                "the model reads the response it has to predict. If the log is one where such an AUC is known to be "
                "sound, give a higher --alarm."
            )


def chance_band(scores: Scores, deviations: float = 4.0) -> float:
    """How far from 0.5 an AUC may be where responses are coin flips (Hanley & McNeil 1982, no effect)."""
    right = scores.n * scores.mean_response
    wrong = scores.n - right
    return deviations * math.sqrt((scores.n + 1) / (12 * right * wrong))
