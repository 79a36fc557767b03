"""Which questions are proposed when an action is a choice among a few candidates."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.questions import NO_QUESTION
from ldsim_env.envs.tutor_view import TutorView
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.simulator.readouts import bank_difficulty

TARGET_SHARE = 0.75


@runtime_checkable
class CandidateSampler(Protocol):
    """Proposes questions. Any object with these two members is one."""

    @property
    def n_draws(self) -> int:
        """Random numbers taken for each student at each step; always the same, so that policies can be paired."""
        ...

    def propose(
        self, view: TutorView, students: NDArray[np.int64], uniforms: NDArray[np.float64], n_candidates: int
    ) -> NDArray[np.int64]:
        """Propose questions to some of the students.

        Args:
            view: All students as a tutor sees them: ``view.session`` has the targets and what may be asked,
                ``view.observer`` P(right) and mastery.
            students: ``(m,)`` rows of ``view``.
            uniforms: ``(m, n_draws)`` random numbers in [0, 1).
            n_candidates: How many.

        Returns:
            ``(m, n_candidates)`` question indices, none twice in a row; `NO_QUESTION` where there are fewer. Questions
            that may not be asked are masked.
        """
        ...


class MixedSampler:
    """Three quarters from the questions of the targets, the rest from all others.

    Both parts are spread evenly, with a random offset: those of the targets over difficulty, from easy to hard; the
    others over the bank in its order, which most banks have by subject. Where one part has too few questions the other
    fills up. The candidates of the targets come first, so a place among the candidates means much the same at each
    step.

    Args:
        bank: The question bank.
    """

    n_draws = 2

    def __init__(self, bank: QuestionBank):
        self._questions_of = [bank.questions_of(concept) for concept in range(bank.n_concepts)]
        self._place_by_difficulty = np.argsort(np.argsort(bank_difficulty(bank), kind="stable"))

    def propose(
        self, view: TutorView, students: NDArray[np.int64], uniforms: NDArray[np.float64], n_candidates: int
    ) -> NDArray[np.int64]:
        """See `CandidateSampler`."""
        offered = np.full((len(students), n_candidates), NO_QUESTION)
        legal = view.session.action_masks()[students].astype(bool)
        targets = view.session.targets[students]
        for row, (may_be_asked, wanted, draws) in enumerate(zip(legal, targets, uniforms, strict=True)):
            chosen = self._propose_to_one(may_be_asked, wanted, draws, n_candidates)
            offered[row, : len(chosen)] = chosen
        return offered

    def _propose_to_one(
        self, legal: NDArray[np.bool_], targets: NDArray[np.bool_], uniforms: NDArray[np.float64], n_candidates: int
    ) -> NDArray[np.int64]:
        """At most ``n_candidates`` different legal questions."""
        on_targets = np.zeros_like(legal)
        for target in np.flatnonzero(targets).tolist():
            on_targets[self._questions_of[target]] = True
        wanted, others = np.flatnonzero(legal & on_targets), np.flatnonzero(legal & ~on_targets)
        n_wanted = max(round(TARGET_SHARE * n_candidates), n_candidates - len(others))
        easiest_first = wanted[np.argsort(self._place_by_difficulty[wanted])]
        first = _spread(easiest_first, n_wanted, uniforms[0])
        return np.concatenate([first, _spread(others, n_candidates - len(first), uniforms[1])])


def _spread(questions: NDArray[np.int64], n: int, uniform: float) -> NDArray[np.int64]:
    """At most n of the questions at even distances (systematic sampling): each is as likely as the others."""
    n, available = min(n, len(questions)), len(questions)
    if n == 0:
        return questions[:0]
    return questions[(np.arange(n) * available + int(uniform * available)) // n]
