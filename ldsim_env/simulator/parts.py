"""What training trains: the network, and the concept encoder that makes its tables."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ldsim_env.logs import ResponseLog
from ldsim_env.simulator.concept_encoder import ConceptEncoder
from ldsim_env.simulator.difficulties import fit_easiness
from ldsim_env.simulator.neighbours import Neighbours
from ldsim_env.simulator.network import LDSimNetwork
from ldsim_env.simulator.settings import NetworkSettings, TrainingSettings
from ldsim_env.teacher.graph import ConceptGraph


class Parts(nn.Module):
    """What is trained: the network and the concept encoder that makes its tables."""

    def __init__(self, network: LDSimNetwork, encoder: ConceptEncoder) -> None:
        super().__init__()
        self.network = network
        self.encoder = encoder

    @classmethod
    def new(
        cls,
        log: ResponseLog,
        network: NetworkSettings,
        training: TrainingSettings,
        graph: ConceptGraph | None = None,
        neighbours: Neighbours | None = None,
    ) -> Parts:
        """Parts for a log's bank: question priors from the log, start weights from the seed."""
        generator = torch.Generator().manual_seed(training.seed)
        further = network.attempt_size > 0
        easiness = fit_easiness(log, training.window, training.question_spread, further=further, neighbours=neighbours)
        asked = np.bincount(log.questions, minlength=log.bank.n_questions).astype(np.float32)
        fresh = LDSimNetwork(log.bank, easiness.first, torch.from_numpy(asked), network, easiness.further)
        fresh.initialise(generator)
        arrays = graph.arrays(log.bank) if graph else None
        return cls(fresh, ConceptEncoder(log.bank.n_concepts, network, generator, arrays))

    def frozen(self) -> LDSimNetwork:
        """The network with the tables of the present encoder, ready to be stepped."""
        with torch.no_grad():
            self.network.freeze(self.encoder())
        return self.network
