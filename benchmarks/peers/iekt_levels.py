"""IEKT's levels of cognition and acquisition, drawn step by step without gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


@torch.no_grad()
def drawn_levels(net: Any, vectors: Tensor, answers: Tensor) -> tuple[Tensor, Tensor]:
    """Levels of cognition and of acquisition, ``(n, length)`` int64 each, drawn in the class's order.

    A draw needs the state and the next state the draw. What first layers make of the questions needs neither, and is
    worked out for all steps at once; what they make of a level, once for each level.

    Args:
        net: pykt's `IEKTNet`.
        vectors: ``(n, length, width)``, of the questions.
        answers: ``(n, length, 1)``, 0 or 1.
    """
    gru = gru_weights(net)
    of_state, of_questions, of_cognition = _first_layers(net, gru, vectors)
    of_gates, of_acquisition = _gates(net, gru, vectors, answers)
    weights, hidden, drawn = weights_by_case(net), vectors.new_zeros(len(vectors), net.emb_size), []
    sizes = [of_questions[0].shape[-1], of_questions[1].shape[-1], of_gates.shape[-1]]
    for t in range(vectors.shape[1]):
        select, predict, gates = torch.split(functional.linear(hidden, *of_state), sizes, 1)
        known = draw(_last_layer(net.select_preemb, select + of_questions[0][:, t]).softmax(1))
        logit = _last_layer(net.predictor, predict + of_questions[1][:, t] + of_cognition[known])
        seen, answer = torch.cat([hidden, vectors[:, t]], 1), answers[:, t]
        gained = draw(acquisition_probs(net, weights, seen, answer, (logit > 0).float()))
        read = of_gates[:, t] + of_acquisition[answer.squeeze(1).long(), gained]
        hidden = _moved(hidden, read, gates)
        drawn.append(torch.stack([known, gained]))
    cognition, acquisition = torch.stack(drawn, 2)
    return cognition, acquisition


def _first_layers(
    net: Any, gru: dict[str, Tensor], vectors: Tensor
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor], Tensor]:
    """Of the two networks that read the state and the question, and of the GRU's gates.

    Returns:
        Weights and biases of what is made of the state, what is made of the questions, and of each cognition level.
    """
    (select,), (predict,) = net.select_preemb.lins, net.predictor.lins
    width, n_read = net.emb_size, vectors.shape[-1]
    select_vector, select_state = select.weight.split([n_read, width], 1)
    predict_state, predict_vector, predict_level = predict.weight.split([width, n_read, n_read], 1)
    weights = torch.cat([select_state, predict_state, gru["weight_hh_l0"]])
    biases = torch.cat([select.bias, predict.bias, gru["bias_hh_l0"]])
    of_questions = (vectors @ select_vector.T, vectors @ predict_vector.T)
    return (weights, biases), of_questions, net.cog_matrix @ predict_level.T


def _gates(net: Any, gru: dict[str, Tensor], vectors: Tensor, answers: Tensor) -> tuple[Tensor, Tensor]:
    """What the GRU's gates make of questions and answers, ``(n, length, gates)``, and ``(2, levels, gates)`` of levels.

    After a right answer the question stands in the first half of what is read and the level in the second, after a
    wrong one the other way round (equation 13).
    """
    first, second = gru["weight_ih_l0"].chunk(2, 1)
    of_vectors = torch.where(answers > 0, vectors @ first.T, vectors @ second.T) + gru["bias_ih_l0"]
    return of_vectors, torch.stack([net.acq_matrix @ first.T, net.acq_matrix @ second.T])


def _moved(hidden: Tensor, read: Tensor, of_state: Tensor) -> Tensor:
    """The GRU's next state (equation 14), from what its gates make of what is read and of the state."""
    (reset, update, new), (own_reset, own_update, own_new) = read.chunk(3, 1), of_state.chunk(3, 1)
    proposed = torch.tanh(new + torch.sigmoid(reset + own_reset) * own_new)
    return torch.lerp(proposed, hidden, torch.sigmoid(update + own_update))


def gru_weights(net: Any) -> dict[str, Tensor]:
    """The class's six gates under the names of torch's GRU."""
    gates = [[getattr(net.gru_h, f"g_{source}{gate}").out for gate in "rzn"] for source in "ih"]
    return {
        f"{kind}_{source}h_l0": torch.cat([getattr(gate, kind) for gate in of_source])
        for source, of_source in zip("ih", gates, strict=True)
        for kind in ("weight", "bias")
    }


def _last_layer(network: Any, first: Tensor) -> Tensor:
    """What one of the class's networks gives, from what its first layer made, ``(n, width)``."""
    last: Tensor = network.out(network.dropout(torch.relu(first)))
    return last


def weights_by_case(net: Any) -> list[Tensor]:
    """What the acquisition policy's first layer makes of what was seen: answered and guessed right, right and wrong...

    It reads four copies of it, two of which are zeros (equations 9 to 11); the other two columns add up.
    """
    (first,) = net.checker_emb.lins
    right, wrong, guessed_right, guessed_wrong = first.weight.chunk(4, 1)
    return [answer + guess for answer in (right, wrong) for guess in (guessed_right, guessed_wrong)]


def acquisition_probs(net: Any, weights: list[Tensor], seen: Tensor, answers: Tensor, guessed: Tensor) -> Tensor:
    """The class's ``pi_sens_func`` for answers and guesses of 0 and 1, ``(n, levels)``, without what is zero."""
    policy = net.checker_emb
    (first,) = policy.lins
    case = (3 - 2 * answers - guessed).long().squeeze(1)
    order = case.argsort()
    cases = torch.split(seen[order], case.bincount(minlength=len(weights)).tolist())
    first_layer = [functional.linear(rows, weight, first.bias) for rows, weight in zip(cases, weights, strict=True)]
    logits = _last_layer(policy, torch.cat(first_layer))
    return torch.softmax(logits[order.argsort()], 1)


def draw(probs: Tensor) -> Tensor:
    """One level a row, ``(n,)``, as `torch.multinomial` draws it from torch's own generator, but without its checks."""
    return (probs / torch.empty_like(probs).exponential_()).argmax(1)
