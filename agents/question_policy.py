"""A policy for banks with thousands of questions: it scores questions by their features, one network for all concepts.

A network with an output for each of 16,634 questions learns nothing about a question that it never asked. Here the
score of a question is the sum over its concepts k of

    u_k0 + u_k1 * d + u_k2 * d^2

where d is the question's difficulty relative to its concepts' other questions, and the three numbers come from one
small network that reads concept k: its mastery, whether it is a target, how it stands to the weakest target, a few
learned numbers of the concept's own, and what all concepts share (mean mastery, progress, last response). The network
is the same for every concept, so what is learned about one of them holds for all; the concept's own numbers, alike at
the start, tell those apart that are learned fast or slowly. The parabola lets it find which difficulty pays for a
student of that mastery: a zone of proximal development that is learned.

The sum, not the mean: a question practises each of its concepts in full, so one that practises two targets counts
double. Training starts from the score 0 for every question; that targets pay is learned.

It reads the flat observation of the environment: mastery and targets of each concept, then any number of other values
of which the last is the progress.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor, nn
from torch.nn import functional

from agents.question_groups import GroupDistribution, QuestionGroups

N_COEFFICIENTS = 3  # of the parabola in difficulty
N_OWN = 4  # features of one concept
N_SHARED = 3  # features that all concepts share, before the rest of the observation
N_POOLED = 5  # features of all targets together
LARGEST_DIFFICULTY = 3.0  # logits from the concept's mean; beyond it there are few questions and a parabola runs away
NOT_A_TARGET = 1e3  # added to the mastery of other concepts when looking for the weakest target


class QuestionPolicy(MaskableActorCriticPolicy):
    """Actor and critic for `sb3_contrib.MaskablePPO`; see the module.

    Args:
        observation_space: The environment's flat observation.
        action_space: ``Discrete(n_questions)``.
        lr_schedule: Learning rate by remaining progress.
        question_concepts: ``(n_questions, max_concepts)`` concept indices padded with -1, as in a `QuestionBank`.
        difficulty: ``(n_questions,)`` in logits, or empty.
        n_concepts: Number of concepts of the bank.
        hidden: Width of the hidden layers.
        concept_size: Learned numbers of each concept.
        n_levels: Most levels of difficulty told apart among questions of the same concepts.
        **kwargs: Of the parent class.
    """

    action_net: GroupScores

    def __init__(
        self,
        observation_space: spaces.Box,
        action_space: spaces.Discrete,
        lr_schedule: Schedule,
        *,
        question_concepts: NDArray[Any],
        difficulty: NDArray[Any],
        n_concepts: int,
        hidden: int = 64,
        concept_size: int = 4,
        n_levels: int = 10,
        **kwargs: Any,
    ) -> None:
        self._own_arguments: dict[str, Any] = {
            "question_concepts": np.asarray(question_concepts),
            "difficulty": np.asarray(difficulty if len(difficulty) else np.zeros(len(question_concepts)), np.float32),
            "n_concepts": n_concepts,
            "hidden": hidden,
            "concept_size": concept_size,
            "n_levels": n_levels,
        }
        super().__init__(observation_space, action_space, lr_schedule, **kwargs)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        parameters: dict[str, Any] = super()._get_constructor_parameters()
        return parameters | self._own_arguments

    def _build(self, lr_schedule: Schedule) -> None:
        own = self._own_arguments
        groups = QuestionGroups(own["question_concepts"], own["difficulty"], own["n_levels"])
        n_rest = spaces.flatdim(self.observation_space) - 2 * own["n_concepts"]
        self.mlp_extractor = ConceptReader(own["n_concepts"], n_rest, own["hidden"], own["concept_size"])  # type: ignore[assignment] # its place
        self.action_net = GroupScores(groups, own["question_concepts"], own["difficulty"], own["n_concepts"])
        self.value_net = nn.Identity()  # type: ignore[assignment] # the reader gives the value itself
        self.action_dist = GroupDistribution(groups)
        start = {"lr": lr_schedule(1)} | self.optimizer_kwargs
        self.optimizer = self.optimizer_class(self.parameters(), **start)

    def _get_action_dist_from_latent(self, latent_pi: Tensor) -> GroupDistribution:
        return GroupDistribution(self.action_net.groups).proba_distribution(self.action_net(latent_pi))

    def predict_values(self, obs: Tensor) -> Tensor:  # type: ignore[override]
        """Values ``(n, 1)``: 0 without a look where all steps are used up; MaskablePPO asks for each student's."""
        if (obs[:, -1] == 1).all():
            return obs.new_zeros(len(obs), 1)
        return super().predict_values(obs)


class ConceptReader(nn.Module):
    """Reads the flat observation: coefficients for every concept (actor) and a value (critic).

    Args:
        n_concepts: Number of concepts K.
        n_rest: Length of the observation after mastery and targets; its last entry is the progress.
        hidden: Width of the hidden layers.
        concept_size: Learned numbers of each concept.
    """

    def __init__(self, n_concepts: int, n_rest: int, hidden: int, concept_size: int) -> None:
        super().__init__()
        self._n_concepts = n_concepts
        n_shared = N_SHARED + n_rest
        self.concepts = nn.Parameter(torch.zeros(n_concepts, concept_size))
        self.actor = _network(N_OWN + concept_size + n_shared, hidden, N_COEFFICIENTS)
        self.critic = _network(N_POOLED + n_shared, hidden, 1)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Coefficients ``(n, K, 3)`` and values ``(n, 1)`` of observations ``(n, 2 K + n_rest)``."""
        read = self._read(observations)
        return self._coefficients(read), self._value(read, observations)

    def forward_actor(self, observations: Tensor) -> Tensor:
        """Coefficients ``(n, K, 3)``."""
        return self._coefficients(self._read(observations))

    def forward_critic(self, observations: Tensor) -> Tensor:
        """Values ``(n, 1)``: what is still to be gained, which is 0 when the steps are used up."""
        return self._value(self._read(observations), observations)

    def _coefficients(self, read: _Reading) -> Tensor:
        """The actor's network of each concept's features, its own numbers and what all share, in this order.

        The first layer takes the three apart, since only the first differ by student and concept. The hyperbolic
        tangent is ``2 * sigmoid(2 * x) - 1``, for the reason given at `ldsim_env.simulator.layers.tanh`; the factors
        go into the weights, which are few.
        """
        first, last = cast(nn.Linear, self.actor[0]), cast(nn.Linear, self.actor[2])
        sizes = [N_OWN, self.concepts.shape[1], read.shared.shape[1]]
        of_own, of_concept, of_shared = (2 * first.weight).split_with_sizes(sizes, 1)
        to_weakest = read.target * (read.level - read.weakest)
        one = torch.ones_like(read.level)  # takes in what all concepts of a student share
        own = torch.stack([read.level, read.room, read.target, to_weakest, one], dim=2)
        shared = functional.linear(read.shared, of_shared, 2 * first.bias).unsqueeze(1)
        weights = torch.cat([of_own.T.expand(len(own), -1, -1), shared], dim=1)
        hidden = torch.sigmoid(torch.baddbmm(self.concepts @ of_concept.T, own, weights))
        return functional.linear(hidden, 2 * last.weight, last.bias - last.weight.sum(1))

    def _value(self, read: _Reading, observations: Tensor) -> Tensor:
        moments = [_mean_over(read.target, x) for x in (read.room, read.level.square(), read.room * read.level)]
        strongest = (read.level - (1 - read.target) * NOT_A_TARGET).amax(1, keepdim=True)
        pooled = torch.cat([*moments, strongest, read.target.mean(1, keepdim=True)], dim=1)
        steps_left = 1 - observations[:, -1:]
        value: Tensor = self.critic(torch.cat([pooled, read.shared], dim=1)) * steps_left
        return value

    def _read(self, observations: Tensor) -> _Reading:
        mastery, target, rest = torch.tensor_split(observations, (self._n_concepts, 2 * self._n_concepts), dim=1)
        level = torch.logit(mastery, eps=0.01) / 2  # halved: most then lie within 1 of 0
        weakest = (level + (1 - target) * NOT_A_TARGET).amin(1, keepdim=True)
        shared = torch.cat([level.mean(1, keepdim=True), weakest, _mean_over(target, level), rest], dim=1)
        return _Reading(level, 4 * mastery * (1 - mastery), target, weakest, shared)


class _Reading(NamedTuple):
    """What an observation says, in the units that the networks like."""

    level: Tensor  # (n, K) mastery in half logits
    room: Tensor  # (n, K) slope of mastery over logits, in [0, 1]: where practice moves it most
    target: Tensor  # (n, K) 1 for targets, else 0
    weakest: Tensor  # (n, 1) level of the weakest target
    shared: Tensor  # (n, N_SHARED + n_rest) what all concepts share


class GroupScores(nn.Module):
    """Scores of the groups of questions from the coefficients of their concepts; tables without weights.

    Args:
        groups: The groups.
        question_concepts: ``(n_questions, max_concepts)``, padded with -1.
        difficulty: ``(n_questions,)`` in logits.
        n_concepts: Number of concepts K.
    """

    groups: QuestionGroups
    features: Tensor  # (n_entries,) a group's factor of each coefficient that it reads: those of its few concepts
    entry: Tensor  # (n_entries,) which of the K * N_COEFFICIENTS coefficients, group after group
    first: Tensor  # (n_groups,) where the entries of a group begin

    def __init__(
        self,
        groups: QuestionGroups,
        question_concepts: NDArray[Any],
        difficulty: NDArray[np.float32],
        n_concepts: int,
    ) -> None:
        super().__init__()
        self.groups = groups
        practises = _concept_matrix(question_concepts, n_concepts)
        relative = groups.mean_of(_relative_difficulty(practises, difficulty))
        powers = relative[:, None] ** np.arange(N_COEFFICIENTS, dtype=np.float32)
        features = groups.mean_of(practises)[:, :, None] * powers[:, None, :]  # (n_groups, K, N_COEFFICIENTS)
        table = torch.from_numpy(features.reshape(len(features), -1))
        group, entry = table.nonzero(as_tuple=True)
        self.register_buffer("features", table[group, entry], persistent=False)
        self.register_buffer("entry", entry, persistent=False)
        self.register_buffer("first", torch.searchsorted(group, torch.arange(len(table))), persistent=False)

    def forward(self, coefficients: Tensor) -> Tensor:
        """Scores ``(n, n_groups)`` from coefficients ``(n, K, 3)``: a product with a sparse matrix."""
        by_entry = coefficients.flatten(1).T.contiguous()
        by_group = functional.embedding_bag(
            self.entry, by_entry, self.first, mode="sum", per_sample_weights=self.features
        )
        return by_group.T.contiguous()


def _network(n_inputs: int, hidden: int, n_outputs: int) -> nn.Sequential:
    """One hidden layer; the output starts at 0, so that all questions start alike and all values at 0."""
    last = nn.Linear(hidden, n_outputs)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(n_inputs, hidden), nn.Tanh(), last)


def _mean_over(target: Tensor, values: Tensor) -> Tensor:
    """Mean over the targets of ``values`` ``(n, K)``, ``(n, 1)``."""
    return (target * values).sum(1, keepdim=True) / target.sum(1, keepdim=True).clamp(min=1)


def _concept_matrix(question_concepts: NDArray[Any], n_concepts: int) -> NDArray[np.float32]:
    matrix = np.zeros((len(question_concepts), n_concepts), np.float32)
    questions, columns = np.nonzero(question_concepts >= 0)
    matrix[questions, question_concepts[questions, columns]] = 1
    return matrix


def _relative_difficulty(practises: NDArray[np.float32], difficulty: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each question's difficulty less the mean of its concepts' questions, ``(n_questions,)`` in logits."""
    share = practises / np.maximum(practises.sum(1, keepdims=True), 1)
    mean_of_concept = (share * difficulty[:, None]).sum(0) / np.maximum(share.sum(0), 1e-6)
    relative = difficulty - share @ mean_of_concept
    return np.asarray(relative.clip(-LARGEST_DIFFICULTY, LARGEST_DIFFICULTY), np.float32)
