"""After training: gains and context are shrunk as far as students whom the network hasn't met have it.

Training fits both to windows of the very students whose answers are predicted, in questions whose difficulties these
same answers tell. Of new students an answer tells less. So the weights of gains and context are chosen by the
stopping students: by the sum of the log losses of both tasks, since a network is told true answers in one and the luck
of its own in the other. Scaled gains still know nothing of the answer at hand, so evidence pays as little as before.

After post-hoc calibration (Guo et al. 2017, arXiv 1706.04599), but of what moves beliefs rather than of the beliefs: a
temperature on P(right) only carries the error from one task to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch.nn import functional

from ldsim_env.logs import ResponseLog
from ldsim_env.simulator.network import LDSimNetwork
from ldsim_env.simulator.tasks import Predictions, predict_kt, predict_simulation
from ldsim_env.simulator.unknown_questions import with_bank

WEIGHTS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
ROLLOUTS = 3  # of the sampled simulation
N_TRIALS = 3 * len(WEIGHTS)
WORTH = 5e-4  # nats; what gains less leaves the network as training made it


@dataclass(frozen=True)
class Shrinkage:
    """What the gains and the context of a trained network are multiplied by.

    Args:
        gains: Weight of what an answer moves abilities and factors by, in [0.5, 1].
        context: Weight of the context, in [0.5, 1].
    """

    gains: float = 1.0
    context: float = 1.0

    def of(self, network: LDSimNetwork) -> LDSimNetwork:
        """A copy of the network with its gains and its context shrunk."""
        shrunk, settings = deepcopy(network), network.settings
        shrunk.settings = replace(
            settings,
            gain_scale=settings.gain_scale * self.gains,
            context_scale=settings.context_scale * self.context,
        )
        return shrunk


def choose_shrinkage(
    network: LDSimNetwork, students: ResponseLog, on_trial: Callable[[], None] = lambda: None
) -> Shrinkage:
    """The shrinkage under which a trained network foretells other students best.

    One weight after the other: the context's, the gains', and the context's again.

    Args:
        network: The trained network, ready to be stepped.
        students: Others than it was trained on, over its bank or one that extends it.
        on_trial: Called after each of the `N_TRIALS` trials.
    """
    network = with_bank(network, students.bank)
    losses: dict[Shrinkage, float] = {}

    def best_of(candidates: Iterable[Shrinkage]) -> Shrinkage:
        for shrinkage in candidates:
            if shrinkage not in losses:
                losses[shrinkage] = _loss_of_both_tasks(shrinkage.of(network), students)
            on_trial()
        return min(losses, key=losses.__getitem__)

    best = best_of(Shrinkage(context=weight) for weight in WEIGHTS)
    best = best_of(replace(best, gains=weight) for weight in WEIGHTS)
    best = best_of(replace(best, context=weight) for weight in WEIGHTS)
    return best if losses[Shrinkage()] - losses[best] >= WORTH else Shrinkage()


def _loss_of_both_tasks(network: LDSimNetwork, students: ResponseLog) -> float:
    """Log loss of the KT task and of the sampled simulation, in nats an answer."""
    simulated = [_log_loss(predict_simulation(network, students, "sampled", seed)) for seed in range(ROLLOUTS)]
    return _log_loss(predict_kt(network, students)) + sum(simulated) / ROLLOUTS


def _log_loss(predictions: Predictions) -> float:
    prob, response = torch.from_numpy(predictions.prob), torch.from_numpy(predictions.response)
    return float(functional.binary_cross_entropy(prob, response))
