"""A student model with known probabilities and no weights, and a small bank and cohort to go with it."""

from __future__ import annotations

from collections.abc import Sequence

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor

from ldsim_env.envs import Cohort, LDSimEnv
from ldsim_env.envs.vector_env import LDSimVectorEnv
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.logs.response_log import ResponseLog, StudentHistory
from ldsim_env.simulator.protocol import State

CONCEPTS = ((0,), (0,), (0,), (1,), (1,), (1, 2), (2,), (2,), (3,), (3,), (3,), (0, 3))
N_CONCEPTS = 4


def small_bank(n_copies: int = 1) -> QuestionBank:
    """12 questions a copy, 4 concepts."""
    concepts = CONCEPTS * n_copies
    return QuestionBank.from_concept_lists(
        "SMALL",
        [f"q{i}" for i in range(len(concepts))],
        concepts,
        ["a", "b", "c", "d"],
        concept_names=["Adding", "Halves", "Cubes", "Data"],
    )


class FakeStudent:
    """Mastery of a concept rises by ``practice`` with every question on it, and by ``evidence`` times the surprise.

    P(right) of a question is what ``probs`` says, in every state, unless ``from_mastery``: then it is the mean mastery
    of the question's concepts.
    """

    def __init__(
        self,
        bank: QuestionBank | None = None,
        *,
        probs: float | Sequence[float] = 0.5,
        start: float = 0.2,
        practice: float = 0.1,
        evidence: float = 0.0,
        from_mastery: bool = False,
    ):
        self.bank = bank if bank is not None else small_bank()
        self.probs = torch.as_tensor(probs, dtype=torch.float32).expand(self.bank.n_questions).clone()
        self.start_level, self.practice, self.evidence, self.from_mastery = start, practice, evidence, from_mastery
        self.concepts = torch.from_numpy(self.bank.concept_matrix.astype(np.float32))
        self.n_learn_calls = 0

    def start(self, n: int) -> State:
        return {
            "level": torch.full((n, self.bank.n_concepts), self.start_level),
            "practised": torch.zeros(n, self.bank.n_concepts, dtype=torch.int64),
        }

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        if not self.from_mastery:
            return self.probs[question]
        share = self.concepts / self.concepts.sum(1, keepdim=True)
        table = self.mastery(state) @ share.t()
        return table.gather(1, question.view(len(table), -1)).view(question.shape)

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        self.n_learn_calls += 1
        surprise = (response - self.answer_prob(state, question)).unsqueeze(1)
        asked = self.concepts[question]
        return {
            "level": state["level"] + asked * (self.practice + self.evidence * surprise),
            "practised": state["practised"] + asked.long(),
        }

    def mastery(self, state: State) -> Tensor:
        return state["level"].clamp(0, 1)


def small_cohort(bank: QuestionBank | None = None, n_students: int = 20) -> Cohort:
    """Students with histories of different lengths, the first one with none; every fifth is for evaluation."""
    bank = bank if bank is not None else small_bank()
    random = np.random.default_rng(7)
    histories = [
        StudentHistory(
            f"s{i}", random.integers(0, bank.n_questions, i).astype(np.int32), random.integers(0, 2, i).astype(np.int8)
        )
        for i in range(n_students)
    ]
    log = ResponseLog.from_histories(bank, histories)
    return Cohort(log, np.arange(n_students) % 5 == 4, {"made_by": "a test"})


def small_env(student: FakeStudent | None = None, **kwargs: object) -> LDSimEnv:
    """An environment on the fake student; the bank is so small that targets need only 2 questions."""
    return LDSimEnv(**small_arguments(student, kwargs))  # type: ignore[arg-type]


def small_vector_env(num_envs: int = 1, student: FakeStudent | None = None, **kwargs: object) -> LDSimVectorEnv:
    """The batched form of `small_env`."""
    return LDSimVectorEnv(num_envs, **small_arguments(student, kwargs))  # type: ignore[arg-type]


def small_arguments(student: FakeStudent | None, others: dict[str, object]) -> dict[str, object]:
    """Arguments for an environment on the fake student."""
    student = student if student is not None else FakeStudent(practice=0.02)
    return {"student_model": student, "students": small_cohort(student.bank), "min_questions": 2} | others


SMALL_ID = "LDSim-SMALL-v0"


def register_small() -> None:
    """Register the environment on the fake student under an id, as the package does for a bundled bank."""
    if SMALL_ID in gym.registry:
        return
    gym.register(
        SMALL_ID,
        entry_point="tests.envs.fake_student:small_env",
        vector_entry_point="tests.envs.fake_student:small_vector_env",
        max_episode_steps=30,
    )


def make_small(**kwargs: object) -> gym.Env[np.ndarray, np.int64]:
    """The environment on the fake student, made by its id."""
    register_small()
    return gym.make(SMALL_ID, **kwargs)  # type: ignore[arg-type]
