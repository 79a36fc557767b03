"""Beam search over the next questions, on copies of the student: all plans of one length in one call of each verb."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ldsim_env.simulator.protocol import State, StudentModel, select_students


class Plans(NamedTuple):
    """w plans of one length, the best first."""

    state: State  # knowledge states that they lead to, answers being as expected
    exam: Tensor  # (w,) exam scores in those states
    gain: Tensor  # (w,) discounted sum of expected gains
    first: Tensor  # (w,) index of the first question among the candidates
    used: Tensor  # (w, c) bool: which candidates each has asked


class LookAhead:
    """Finds the question that begins the best plan.

    A plan's worth is the discounted sum of the expected gains of its questions: the mean over both answers. Between
    them the student moves on by the answer that is expected (the response is P(right) itself), so plans don't branch.
    The discount decides between plans of equal worth for the one that gains first; without it a planner that plans
    anew at every step may put off for ever what it wants to do.

    Args:
        model: The student model.
        depth: Questions in a plan, at least 1.
        width: Plans kept of each length, at least 1.
        discount: Worth of a gain one question later, in (0, 1].
    """

    def __init__(self, model: StudentModel, depth: int, width: int, discount: float):
        self._model, self._depth, self._width, self._discount = model, depth, width, discount
        self._device = next(iter(model.start(0).values())).device

    @torch.inference_mode()
    def best(self, state: State, questions: NDArray[np.int64], targets: NDArray[np.int64], steps_left: int) -> int:
        """The place among ``questions`` of the one to ask now.

        Args:
            state: Knowledge state of one student.
            questions: ``(c,)`` candidates, for every step of a plan.
            targets: ``(n_targets,)`` concepts of the exam.
            steps_left: Steps to the end of the episode; no plan is longer.
        """
        candidates = torch.from_numpy(questions).to(self._device)
        plans = self._begin({name: value.to(self._device) for name, value in state.items()}, targets, len(questions))
        for step in range(max(1, min(self._depth, steps_left, len(questions)))):
            plans = self._longer(plans, candidates, targets, step)
        return int(plans.first[0])

    def _begin(self, state: State, targets: NDArray[np.int64], n_candidates: int) -> Plans:
        nothing = torch.zeros(1, n_candidates, dtype=torch.bool, device=self._device)
        exam = self._exam(state, targets)
        return Plans(state, exam, torch.zeros_like(exam), torch.zeros(1, dtype=torch.int64), nothing)

    def _longer(self, plans: Plans, candidates: Tensor, targets: NDArray[np.int64], step: int) -> Plans:
        """The best of all plans that go on with one more candidate."""
        n, c = len(plans.gain), len(candidates)
        plan, place = (torch.arange(n).repeat_interleave(c), torch.arange(c).repeat(n))
        after, exams, prob = self._try(select_students(plans.state, plan), candidates[place], targets)
        expected = (1 - prob) * exams[0] + prob * exams[1] - plans.exam[plan]
        gain = plans.gain[plan] + self._discount**step * expected
        gain = gain.masked_fill(plans.used[plan, place], -torch.inf)
        best = torch.topk(gain, min(self._width, int(gain.isfinite().sum()))).indices.cpu()
        used = plans.used[plan[best]]
        used[torch.arange(len(best)), place[best]] = True
        first = place[best] if step == 0 else plans.first[plan[best]]
        return Plans(select_students(after, best), exams[2][best], gain[best], first, used)

    def _try(self, state: State, questions: Tensor, targets: NDArray[np.int64]) -> tuple[State, Tensor, Tensor]:
        """States after the expected answers, exam scores ``(3, m)`` after wrong, right and expected ones, P(right)."""
        m = len(questions)
        prob = self._model.answer_prob(state, questions)
        responses = torch.cat([torch.zeros_like(prob), torch.ones_like(prob), prob])
        thrice = select_students(state, torch.arange(m).repeat(3))
        after = self._model.learn(thrice, questions.repeat(3), responses)
        expected = select_students(after, torch.arange(2 * m, 3 * m))
        return expected, self._exam(after, targets).view(3, m), prob

    def _exam(self, state: State, targets: NDArray[np.int64]) -> Tensor:
        return self._model.mastery(state)[:, torch.from_numpy(targets)].mean(1)
