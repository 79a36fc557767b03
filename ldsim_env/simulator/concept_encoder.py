"""The concept encoder: concept vectors and what follows from them, frozen into plain tables for stepping.

After LDSim's concept encoder (arXiv 2509.09226): graph attention over the teacher's concept relations. Without a
graph the vectors are learnt from the logs alone. Only training needs the encoder (and torch_geometric).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ldsim_env.errors import missing_extra
from ldsim_env.simulator.layers import draw_layer, linear
from ldsim_env.simulator.settings import NetworkSettings
from ldsim_env.teacher.graph import GraphArrays

N_EDGE_KINDS = 3  # from prerequisite to concept, from concept to prerequisite, related


class ConceptTables(NamedTuple):
    """What the simulator knows of concepts; the only thing of the encoder that is needed after training."""

    vectors: Tensor  # (K, D) concept vectors
    loadings: Tensor  # (K, F) w_k
    flow: Tensor  # (K, K) S: row k says where evidence on concept k flows, 0 on the diagonal
    prerequisites: Tensor  # (K, K) row k has the weights of concept k's prerequisites, which sum to 1 or (none) to 0


def table_shapes(n_concepts: int, settings: NetworkSettings) -> ConceptTables:
    """Tables of zeros, of the right shapes."""
    return ConceptTables(
        vectors=torch.zeros(n_concepts, settings.concept_size),
        loadings=torch.zeros(n_concepts, settings.n_factors),
        flow=torch.zeros(n_concepts, n_concepts),
        prerequisites=torch.zeros(n_concepts, n_concepts),
    )


class ConceptEncoder(nn.Module):
    """Learns the concept tables in training.

    Args:
        n_concepts: K.
        settings: Sizes.
        generator: Draws the start weights.
        graph: The teacher's relations; None learns from the logs alone.

    Raises:
        MissingExtraError: If a graph is given and torch_geometric is not installed.
    """

    prerequisites: Tensor  # (K, K), see ConceptTables
    edge_kinds: Tensor  # (N_EDGE_KINDS, K, K) confidence of the edge from row to column

    def __init__(
        self,
        n_concepts: int,
        settings: NetworkSettings,
        generator: torch.Generator,
        graph: GraphArrays | None = None,
    ) -> None:
        super().__init__()
        size = settings.concept_size
        self.vectors = nn.Parameter(0.3 * torch.randn(n_concepts, size, generator=generator))
        self.loadings = linear(size, settings.n_factors)
        self.flow_source = linear(size, size, bias=False)
        self.flow_target = linear(size, size, bias=False)
        self.flow_along = nn.Parameter(torch.zeros(N_EDGE_KINDS))
        for layer in (self.loadings, self.flow_source, self.flow_target):
            draw_layer(layer, generator)
        self.register_buffer("edge_kinds", _edge_kinds(graph, n_concepts), persistent=False)
        into_concept = self.edge_kinds[0].t()
        weights = into_concept / into_concept.sum(1, keepdim=True).clamp(min=1e-6)
        self.register_buffer("prerequisites", weights, persistent=False)
        self.attention = _GraphAttention(size, self.edge_kinds, generator) if graph is not None else None

    def forward(self) -> ConceptTables:
        """The tables of the present weights."""
        vectors = self.vectors if self.attention is None else self.vectors + self.attention(self.vectors)
        learnt = self.flow_source(vectors) @ self.flow_target(vectors).t() / math.sqrt(vectors.shape[1])
        flow = torch.tanh(learnt + torch.einsum("e,ekl->kl", self.flow_along, self.edge_kinds))
        off_diagonal = 1 - torch.eye(len(vectors))
        return ConceptTables(vectors, self.loadings(vectors), flow * off_diagonal, self.prerequisites)


class _GraphAttention(nn.Module):
    """GATv2 (Brody et al. 2022, arXiv 2105.14491) over the relations, edges told apart by kind and confidence."""

    def __init__(self, size: int, edge_kinds: Tensor, generator: torch.Generator) -> None:
        super().__init__()
        try:
            from torch_geometric.nn import GATv2Conv  # noqa: PLC0415 - an optional package
        except ImportError as error:
            raise missing_extra("train", "Fitting a simulator with a concept graph", error) from error
        kind, source, target = edge_kinds.nonzero(as_tuple=True)
        self.register_buffer("edges", torch.stack([source, target]), persistent=False)
        confidence = edge_kinds[kind, source, target].unsqueeze(1)
        self.register_buffer("features", nn.functional.one_hot(kind, N_EDGE_KINDS) * confidence, persistent=False)
        with torch.random.fork_rng(devices=[]):  # the layer draws from the global generator, which isn't ours to move
            self.layer = GATv2Conv(size, size // 2, heads=2, edge_dim=N_EDGE_KINDS, add_self_loops=False)
        with torch.no_grad():
            for weight in self.layer.parameters():
                weight.uniform_(-1, 1, generator=generator).div_(math.sqrt(size))

    def forward(self, vectors: Tensor) -> Tensor:
        attended: Tensor = self.layer(vectors, self.edges, self.features)
        return attended


def _edge_kinds(graph: GraphArrays | None, n_concepts: int) -> Tensor:
    """(N_EDGE_KINDS, K, K), zeros without a graph."""
    if graph is None:
        return torch.zeros(N_EDGE_KINDS, n_concepts, n_concepts)
    along = torch.from_numpy(graph.prerequisites)
    return torch.stack([along, along.t(), torch.from_numpy(graph.related)])
