"""A fitted network over a larger bank: questions that it never saw are answered from their concepts."""

from __future__ import annotations

from typing import TypeVar, cast

import torch
from torch import Tensor

from ldsim_env.errors import CheckpointError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.simulator.models import Ensemble, StudentNetwork
from ldsim_env.simulator.neighbours import told_by_neighbours
from ldsim_env.simulator.network import LDSimNetwork

Fitted = TypeVar("Fitted", bound=LDSimNetwork | StudentNetwork | Ensemble)


def with_bank(network: Fitted, bank: QuestionBank) -> Fitted:
    """The same simulator over a bank that begins with the simulator's own questions.

    A new question has the mean easiness of its concepts' questions (each weighted by how often it was asked), no
    correction and discrimination 1; without a known concept it has the mean easiness of the bank. Where the platform's
    numbering tells which questions are alike (``settings.numbered``), it takes after its neighbours besides. A further
    attempt at it is worth what it is on average.

    Raises:
        CheckpointError: If the bank has other concepts, or doesn't begin with the simulator's questions.
    """
    if isinstance(network, Ensemble):
        return cast(Fitted, network.with_bank(bank, with_bank))
    return cast(Fitted, network.with_bank(bank) if isinstance(network, StudentNetwork) else _extended(network, bank))


@torch.no_grad()
def _extended(network: LDSimNetwork, bank: QuestionBank) -> LDSimNetwork:
    if bank is network.bank:
        return network
    n_known = network.bank.n_questions
    if bank.concept_ids != network.bank.concept_ids or bank.question_ids[:n_known] != network.bank.question_ids:
        raise CheckpointError(
            f"bank: expected the simulator's {n_known} questions first and its {network.bank.n_concepts} concepts; "
            "match the log to the simulator's bank with ldsim_env.logs.match_bank."
        )
    weights = network.state_dict()
    n_new = bank.n_questions - n_known
    weights["question_prior"] = torch.cat([network.question_prior, _prior_of_new(network, bank)])
    for name in ("question_weight", "easiness_correction", "log_discrimination"):
        weights[name] = torch.cat([weights[name], weights[name].new_zeros(n_new)])
    if network.at_hand is not None:
        further, correction = network.at_hand.further_prior, network.at_hand.correction
        weights["at_hand.further_prior"] = torch.cat([further, _mean_of_asked(network, further).expand(n_new, -1)])
        weights["at_hand.correction"] = torch.cat([correction, torch.zeros(n_new, correction.shape[1])])
    extended = LDSimNetwork(bank, weights["question_prior"], weights["question_weight"], network.settings)
    extended.load_state_dict(weights)
    extended.freeze()
    extended.offsets = network.offsets  # new questions say nothing new about what a middling question is
    return extended.requires_grad_(False)


def _prior_of_new(network: LDSimNetwork, bank: QuestionBank) -> Tensor:
    """(m,): the priors of the questions that the bank has behind the network's."""
    n_known = network.bank.n_questions
    middling = _middling(network, torch.from_numpy(bank.question_concepts.astype("int64")))
    if not network.settings.numbered:
        return middling[n_known:]
    return middling[n_known:] + told_by_neighbours(bank, n_known, network.question_prior - middling[:n_known])


def _middling(network: LDSimNetwork, concepts: Tensor) -> Tensor:
    """(m,): the prior that gives questions, concepts (m, C) padded with -1, the mean easiness of their concepts."""
    known = (concepts >= 0).float()
    of_concepts = (network.offsets[concepts.clamp(min=0)] * known).sum(1) / known.sum(1).clamp(min=1)
    easiness = network.prior_scale * network.question_prior + network.easiness_correction
    overall = _mean_of_asked(network, easiness)
    return torch.where(known.any(1), of_concepts, overall) / network.prior_scale


def _mean_of_asked(network: LDSimNetwork, values: Tensor) -> Tensor:
    """The mean of the questions' values ``(n_questions, ...)``, each weighted by how often it was asked."""
    mean: Tensor = torch.tensordot(network.question_weight, values, dims=1) / network.question_weight.sum().clamp(min=1)
    return mean
