"""Elo (Pelánek 2016): ability in all and by concept, difficulty by concept and question, moved by the surprise."""

from __future__ import annotations

import torch
from torch import Tensor

from ldsim_env.logs import PaddedWindows
from ldsim_env.simulator import State
from peers.peer import StepwisePeer

SLOWING = 0.05  # the uncertainty function is gain / (1 + 0.05 n), as in the paper


class EloPeer(StepwisePeer):
    """P(right) = sigmoid(ability + ability on the concept - difficulty).

    Args:
        concept_ids: ``(n_questions,)`` int64.
        n: Number of concept ids.
    """

    def __init__(self, concept_ids: Tensor, n: int):
        super().__init__(concept_ids)
        for name, size in (("concept_difficulty", n), ("deviation", len(concept_ids)), ("gain", 1)):
            self.register_buffer(name, torch.ones(size) if name == "gain" else torch.zeros(size))
        self.concept_difficulty: Tensor
        self.deviation: Tensor
        self.gain: Tensor

    def start(self, n: int) -> State:
        """Abilities of 0; the first column is the ability in all, the others are the concepts'."""
        zeros = torch.zeros(n, 1 + len(self.concept_difficulty))
        return {"ability": zeros, "count": zeros}

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right), ``(n,)``."""
        difficulty = self.concept_difficulty[self.ids[question]] + self.deviation[question]
        return torch.sigmoid(state["ability"].gather(1, self._columns(question)).sum(1) - difficulty)

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """Both abilities move by the surprise, less the more they were asked for."""
        columns = self._columns(question)
        surprise = (response - self.answer_prob(state, question)).unsqueeze(1)
        gains = self.gain / (1 + SLOWING * state["count"].gather(1, columns))
        return {
            "ability": state["ability"].scatter_add(1, columns, surprise * gains),
            "count": state["count"].scatter_add(1, columns, torch.ones_like(gains)),
        }

    def fit(self, seen: PaddedWindows, gain: float, passes: int = 3) -> None:
        """Difficulties by the same rule, all windows walked through side by side.

        Args:
            seen: The training windows.
            gain: Step of an ability, or of a difficulty, that was never asked for.
            passes: How often the windows are walked through; counts go on.
        """
        self.gain.fill_(gain)
        counts = torch.zeros_like(self.concept_difficulty), torch.zeros_like(self.deviation)
        for _ in range(passes):
            state = self.start(len(seen.lengths))
            for t in range(seen.questions.shape[1]):
                inside = seen.lengths > t
                question = torch.from_numpy(seen.questions[inside, t])
                response = torch.from_numpy(seen.responses[inside, t])
                going_on = torch.from_numpy(inside[seen.lengths >= t])
                state = {name: value[going_on] for name, value in state.items()}
                surprise = self.answer_prob(state, question) - response
                state = self.learn(state, question, response)
                self._move_difficulties(question, surprise, counts)

    def _move_difficulties(self, question: Tensor, surprise: Tensor, counts: tuple[Tensor, Tensor]) -> None:
        """The rule, where several students meet a question side by side with the mean of their surprises."""
        for difficulty, count, index in (
            (self.concept_difficulty, counts[0], self.ids[question]),
            (self.deviation, counts[1], question),
        ):
            met = torch.zeros_like(count).index_add(0, index, torch.ones_like(surprise))
            total = torch.zeros_like(count).index_add(0, index, surprise)
            difficulty.add_(self.gain * total / (SLOWING * count + met.clamp(min=1)))
            count.add_(met)

    def _columns(self, question: Tensor) -> Tensor:
        concept = self.ids[question] + 1
        return torch.stack([torch.zeros_like(concept), concept], 1)
