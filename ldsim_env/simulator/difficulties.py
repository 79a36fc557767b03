"""How easy questions are, fitted together with the abilities of those who answered them.

The share of right answers says little of a question by itself: easy questions are asked of weak students. So a Rasch
model (Rasch 1960; most probable values under normal priors) explains the training log by an ability per window, an
easiness per set of concepts and each question's deviation from it; the student models start from the easiness. Where
further attempts at one question are common, each has an easiness of its own; where a platform's numbering tells which
questions are alike, a part of the deviation is shared by neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ldsim_env.logs import ResponseLog
from ldsim_env.logs.attempts import attempts_before
from ldsim_env.simulator.neighbours import Neighbours, neighbours_of
from ldsim_env.simulator.question_at_hand import N_FURTHER

N_FOLDS = 5
ITERATIONS = 60
ABILITY_SPREAD, CONCEPT_SPREAD = 1.0, 2.0  # standard deviations of the priors, in logits
WORTH = 5e-4  # nats an answer; what gains less on students left out is not taken in


class Easiness(NamedTuple):
    """How easy the questions of a bank are, in logits of P(right) of a student of mean ability."""

    first: Tensor  # (n_questions,) float32, at the first attempt
    further: Tensor  # (n_questions, N_FURTHER) float32, what each further attempt in a row adds to it

    def of(self, question: Tensor, attempts: Tensor) -> Tensor:
        """The easiness of questions ``(n,)`` after so many attempts at them in a row ``(n,)``, ``(n,)``."""
        further = self.further[question, (attempts - 1).clamp(0, N_FURTHER - 1)]
        return self.first[question] + torch.where(attempts > 0, further, 0)

    def of_interactions(self, log: ResponseLog) -> Tensor:
        """``(n_interactions,)``: the easiness of each interaction's question at this attempt."""
        return self.of(*_asked(log))


def fit_easiness(
    log: ResponseLog,
    window: int,
    question_spread: float,
    *,
    further: bool = False,
    neighbours: Neighbours | None = None,
) -> Easiness:
    """Easiness of every question of a log's bank; one that was never asked has that of its set of concepts.

    Args:
        log: The training students.
        window: Interactions over which a student's ability is taken as one.
        question_spread: Standard deviation of the questions' deviations from their set of concepts, and of what further
            attempts at them add from the mean over questions, in logits.
        further: Whether further attempts differ from first ones; otherwise they add 0.
        neighbours: Which questions are alike; None is none. One that was never asked is then as easy as its
            neighbours have it.
    """
    kinds = torch.tensor(log.bank.kinds.of_question)
    question, attempts = _asked(log)
    response = torch.tensor(log.responses, dtype=torch.float32)
    person = torch.from_numpy(_window_of(log, window))
    sizes = (len(torch.unique(person)), int(kinds.max()) + 1)
    ability, of_kind = (torch.zeros(size, requires_grad=True) for size in sizes)
    deviation = torch.zeros(log.bank.n_questions, requires_grad=True)
    shared = torch.zeros(log.bank.n_questions, requires_grad=neighbours is not None)
    mean = torch.zeros((), requires_grad=True)
    mean_further = torch.zeros(N_FURTHER, requires_grad=further)
    of_further = torch.zeros(log.bank.n_questions, N_FURTHER, requires_grad=further)
    spreads = (
        (ability, ABILITY_SPREAD),
        (of_kind, CONCEPT_SPREAD),
        (deviation, question_spread),
        (of_further, question_spread),
    )
    every = (ability, of_kind, deviation, shared, mean, mean_further, of_further)

    def found() -> Easiness:
        return Easiness(mean + of_kind[kinds] + deviation + shared, mean_further + of_further)

    def surprise() -> Tensor:
        loss = _surprise_of_answers(ability[person] + found().of(question, attempts), response)
        loss = loss + sum((values / spread).square().sum() / 2 for values, spread in spreads)
        return loss if neighbours is None else loss + neighbours.surprise(shared)

    _make_least(surprise, [part for part in every if part.requires_grad])
    return Easiness(*(part.detach() for part in found()))


def easiness_of_other_folds(
    log: ResponseLog,
    n_folds: int,
    window: int,
    question_spread: float,
    *,
    further: bool = False,
    neighbours: Neighbours | None = None,
) -> list[Easiness]:
    """What the students outside each fold say; student i of the log is in fold ``i % n_folds``.

    Returns:
        An `Easiness` for each fold that has students, in their order.
    """
    fold = np.arange(log.n_students) % n_folds
    others = [log.select(np.flatnonzero(fold != left_out)) for left_out in np.unique(fold)]
    return [fit_easiness(part, window, question_spread, further=further, neighbours=neighbours) for part in others]


def easiness_by_others(
    log: ResponseLog,
    window: int,
    question_spread: float,
    *,
    further: bool = False,
    neighbours: Neighbours | None = None,
) -> Tensor:
    """What students of other folds say of each interaction's question: a prior that doesn't know the answer.

    Returns:
        ``(n_interactions,)`` float32 logits, in the order of the log.
    """
    of_interaction = torch.from_numpy(np.repeat(np.arange(log.n_students) % N_FOLDS, log.lengths))
    said = torch.zeros(log.n_interactions)
    folds = easiness_of_other_folds(log, N_FOLDS, window, question_spread, further=further, neighbours=neighbours)
    for fold, easiness in enumerate(folds):
        here = of_interaction == fold
        said[here] = easiness.of_interactions(log)[here]
    return said


def alike_neighbours(log: ResponseLog, window: int, question_spread: float, further: bool = False) -> Neighbours | None:
    """The neighbours of a log's questions, where they help to foretell the answers of students left out; else None."""
    neighbours = neighbours_of(log.bank)
    if neighbours is None:
        return None
    left_out = np.arange(log.n_students) % N_FOLDS == 0
    seen, others = (log.select(np.flatnonzero(students)) for students in (~left_out, left_out))
    without, told = (
        _log_loss(fit_easiness(seen, window, question_spread, further=further, neighbours=known), others, window)
        for known in (None, neighbours)
    )
    return neighbours if without - told >= WORTH else None


def middling_easiness(easiness: Tensor, asked: Tensor, concepts: Tensor, share: Tensor, n_concepts: int) -> Tensor:
    """Mean easiness of each concept's questions, each weighted by how often it was asked (+1).

    Args:
        easiness: ``(n_questions,)`` logits.
        asked: ``(n_questions,)``.
        concepts: ``(n_questions, C)`` concepts of each question, 0 where padded.
        share: ``(n_questions, C)`` 1 / number of concepts, 0 where padded.
        n_concepts: K.

    Returns:
        ``(K,)`` logits.
    """
    weight = (share * (asked + 1).unsqueeze(1)).reshape(-1)
    each = easiness.unsqueeze(1).expand_as(concepts).reshape(-1)
    total = weight.new_zeros(n_concepts).index_add(0, concepts.reshape(-1), weight)
    summed = weight.new_zeros(n_concepts).index_add(0, concepts.reshape(-1), weight * each)
    return summed / total.clamp(min=1e-6)


def _log_loss(easiness: Easiness, log: ResponseLog, window: int) -> float:
    """Nats an answer that students lose to questions of this easiness, each window with its most probable ability."""
    person = torch.from_numpy(_window_of(log, window))
    offset, response = easiness.of_interactions(log), torch.tensor(log.responses, dtype=torch.float32)
    ability = torch.zeros(len(torch.unique(person)), requires_grad=True)

    def surprise() -> Tensor:
        of_ability = (ability / ABILITY_SPREAD).square().sum() / 2
        return _surprise_of_answers(ability[person] + offset, response) + of_ability

    _make_least(surprise, [ability])
    return float(surprise().detach()) / max(log.n_interactions, 1)


def _surprise_of_answers(logit: Tensor, response: Tensor) -> Tensor:
    """Nats in all."""
    return functional.binary_cross_entropy_with_logits(logit, response, reduction="sum")


def _make_least(surprise: Callable[[], Tensor], values: list[Tensor]) -> None:
    """Bring values to where they make the surprise least."""
    optimizer = torch.optim.LBFGS(values, max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def with_gradients() -> Tensor:
        optimizer.zero_grad()
        loss = surprise()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(with_gradients)  # type: ignore[no-untyped-call]


def _asked(log: ResponseLog) -> tuple[Tensor, Tensor]:
    """Questions and attempts at them before, each ``(n_interactions,)``."""
    return torch.tensor(log.questions), torch.from_numpy(attempts_before(log))


def _window_of(log: ResponseLog, window: int) -> NDArray[np.int64]:
    """(n_interactions,): the number of the window that each interaction lies in, from 0."""
    position = np.arange(log.n_interactions) - np.repeat(log.offsets[:-1], log.lengths)
    student = np.repeat(np.arange(log.n_students), log.lengths)
    pair = np.stack([student, position // window], axis=1)
    number: NDArray[np.int64] = np.unique(pair, axis=0, return_inverse=True)[1].reshape(-1)
    return number
