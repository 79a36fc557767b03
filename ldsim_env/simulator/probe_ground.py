"""What all probes of a student model stand on: the same students, targets and questions, and what answers do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ldsim_env.errors import SettingsError
from ldsim_env.logs import QuestionBank
from ldsim_env.simulator.protocol import State, StudentModel, join_students, select_students

MIN_GAP = 0.05  # the least distance to full mastery that a gain is divided by
CELLS_AT_ONCE = 1_000_000  # P(right) of so many questions is asked for in one call
STUDENTS_AT_ONCE = 4_096  # so many states are moved in one call: some models keep a whole history in each


@dataclass(frozen=True)
class ProbeSettings:
    """How the probes are run.

    Args:
        steps: Questions asked in an episode.
        n_targets: Target concepts of each student, drawn at random.
        min_questions: Questions in the bank that a target concept must have at least.
        n_constants: Questions that the search for the best constant question tries: half of them at random, the
            others the easiest and the hardest of the bank.
        n_greedy: Questions that the greedy probe looks at, of each student at each step.
        search_students: Students that the best constant question is searched on; it is then asked of all.
        seed: Seeds targets, questions and responses.
    """

    steps: int = 30
    n_targets: int = 3
    min_questions: int = 10
    n_constants: int = 128
    n_greedy: int = 32
    search_students: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "n_targets", "min_questions", "n_constants", "n_greedy", "search_students"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name}: expected at least 1, got {getattr(self, name)!r}.")


class ProbeGround:
    """The students where the episodes start, and their targets; every probe starts from here.

    Args:
        model: The student model to examine.
        state: The students.
        settings: Length, targets, seed.

    Attributes:
        n: Number of students.
        targets: ``(n, n_targets)`` int64, drawn for each student.
        exam_start, gap: ``(n,)`` float64, the exam before the episode and what a gain is divided by.
    """

    def __init__(self, model: StudentModel, state: State, settings: ProbeSettings):
        self.model, self.state, self.settings = model, state, settings
        self.n = n_students(state)
        self.targets = _draw_targets(model.bank, self.n, settings)
        self.exam_start = self.exam(state)
        self.gap = np.maximum(1 - self.exam_start, MIN_GAP)
        if self.on_target.all(axis=1).any():
            raise SettingsError(
                "n_targets: expected targets that leave questions which practise none of them, got "
                f"{settings.n_targets} of the {model.bank.n_concepts} concepts of the bank {model.bank.name!r}."
            )

    @property
    def bank(self) -> QuestionBank:
        """The question bank."""
        return self.model.bank

    @cached_property
    def on_target(self) -> NDArray[np.bool_]:
        """``(n, n_questions)``: which questions practise a target."""
        return np.asarray(np.any(self.bank.concept_matrix[:, self.targets], axis=2).T)

    @cached_property
    def prob(self) -> NDArray[np.float32]:
        """``(n, n_questions)``: P(right) of every question before the episode."""
        every, at_once = torch.arange(self.bank.n_questions), max(CELLS_AT_ONCE // self.bank.n_questions, 1)
        parts = (self._prob(rows, every.expand(len(rows), -1)) for rows in _chunks(self.n, at_once))
        return np.concatenate([*parts])

    def _prob(self, rows: NDArray[np.int64], questions: Tensor) -> NDArray[np.float32]:
        return to_numpy(self.model.answer_prob(select_students(self.state, torch.from_numpy(rows)), questions))

    def rng(self, *stream: int) -> np.random.Generator:
        """Random numbers of one purpose."""
        return np.random.default_rng([self.settings.seed, *stream])

    def exam(self, state: State, students: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """``(m,)``: exam scores of these states, which are those of ``students``; None is all."""
        targets = self.targets if students is None else self.targets[students]
        mastery = to_numpy(self.model.mastery(state)).astype(np.float64)
        return np.asarray(np.take_along_axis(mastery, targets, axis=1).mean(1))

    def teach(
        self, state: State, question: NDArray[np.int64], noise: NDArray[np.float64], students: NDArray[np.int64]
    ) -> Taught:
        """Ask one question of each of these students, who are in ``state``; both answers are tried.

        Args:
            state: State of m students.
            question: ``(m,)`` question indices.
            noise: ``(m,)`` numbers in [0, 1): right where P(right) is above.
            students: ``(m,)`` which of the n students they are.
        """
        parts = [
            self._teach(select_students(state, torch.from_numpy(rows)), question[rows], noise[rows], students[rows])
            for rows in _chunks(len(question), STUDENTS_AT_ONCE // 2)
        ]
        expected, right = (
            np.concatenate(column) for column in zip(*((p.expected, p.right) for p in parts), strict=True)
        )
        return Taught(parts[0].state if len(parts) == 1 else join_students([p.state for p in parts]), expected, right)

    def _teach(
        self, state: State, question: NDArray[np.int64], noise: NDArray[np.float64], students: NDArray[np.int64]
    ) -> Taught:
        m = len(question)
        asked = torch.from_numpy(question)
        prob = to_numpy(self.model.answer_prob(state, asked)).astype(np.float64)
        twice = torch.arange(m).repeat(2)
        both = self.model.learn(select_students(state, twice), asked.repeat(2), torch.arange(2.0).repeat_interleave(m))
        wrong, right = self.exam(both, np.tile(students, 2)).reshape(2, m)
        is_right = noise < prob
        expected = prob * right + (1 - prob) * wrong - self.exam(state, students)
        return Taught(select_students(both, torch.from_numpy(np.arange(m) + m * is_right)), expected, is_right)


@dataclass(frozen=True)
class Taught:
    """What one question did to m students.

    Args:
        state: After the answer that was drawn.
        expected: ``(m,)`` mean over both answers, by their probability, of the change of the exam score.
        right: ``(m,)`` whether the answer that was drawn is right.
    """

    state: State
    expected: NDArray[np.float64]
    right: NDArray[np.bool_]


def n_students(state: State) -> int:
    """How many students a state is of."""
    return len(next(iter(state.values())))


def to_numpy(tensor: Tensor) -> NDArray[np.float32]:
    """The numbers of a tensor, wherever it is."""
    array: NDArray[np.float32] = tensor.detach().cpu().numpy()
    return array


def _chunks(n: int, size: int) -> Iterator[NDArray[np.int64]]:
    yield from (np.arange(first, min(first + size, n)) for first in range(0, n, size))


def _draw_targets(bank: QuestionBank, n: int, settings: ProbeSettings) -> NDArray[np.int64]:
    candidates = np.flatnonzero(bank.concept_matrix.sum(0) >= settings.min_questions)
    if len(candidates) < settings.n_targets:
        raise SettingsError(
            f"n_targets: expected at most the {len(candidates)} concepts that have {settings.min_questions} questions, "
            f"got {settings.n_targets}."
        )
    rng = np.random.default_rng(settings.seed)
    return np.stack([rng.choice(candidates, settings.n_targets, replace=False) for _ in range(n)])
