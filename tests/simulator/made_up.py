"""Made-up banks, logs, networks and student models that the simulator's tests share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ldsim_env.logs import NO_CONCEPT, QuestionBank, ResponseLog, StudentHistory
from ldsim_env.simulator import LDSimNetwork, NetworkSettings, State, TrainingSettings
from ldsim_env.simulator.concept_encoder import ConceptEncoder

N_CONCEPTS = 5
PLAIN, TWO_CONCEPTS, NO_CONCEPTS = 3, 18, 19  # a question of each sort
TINY_NETWORK = NetworkSettings(n_factors=4, concept_size=4, gain_size=8, past_size=4, context_size=5, memory=40)
WITHOUT_CONTEXT = replace(TINY_NETWORK, context_size=0)
TINY_TRAINING = TrainingSettings(epochs=3, batch_size=16, shrink=False)


def made_up_bank() -> QuestionBank:
    """20 questions, 5 concepts: 15 questions of one concept, 4 of two, the last of none."""
    concepts = [[q % N_CONCEPTS] for q in range(15)] + [[0, 1], [1, 3], [2, 4], [0, 4], []]
    return QuestionBank.from_concept_lists(
        "MADE-UP", [f"q{q}" for q in range(20)], concepts, [str(k) for k in range(N_CONCEPTS)]
    )


def wide_bank(n_concepts: int = 8, questions_each: int = 30) -> QuestionBank:
    """A bank with so many questions of each concept that no script of 30 questions uses a concept up."""
    concepts = [[q % n_concepts] for q in range(n_concepts * questions_each)]
    return QuestionBank.from_concept_lists(
        "WIDE", [f"q{q}" for q in range(len(concepts))], concepts, [str(k) for k in range(n_concepts)]
    )


def made_up_log(
    n_students: int = 40, length: int | Sequence[int] = 30, seed: int = 0, bank: QuestionBank | None = None
) -> ResponseLog:
    """Random questions; abler students and easier questions make right answers likelier, so there is much to learn."""
    bank = bank or made_up_bank()
    rng = np.random.default_rng(seed)
    difficulty = np.random.default_rng(99).normal(0, 1.5, bank.n_questions)
    lengths = [length] * n_students if isinstance(length, int) else list(length)
    histories = []
    for i, n in enumerate(lengths):
        questions = rng.integers(bank.n_questions, size=n).astype(np.int32)
        prob = 1 / (1 + np.exp(difficulty[questions] - rng.normal(0, 1.5)))
        histories.append(StudentHistory(f"s{i}", questions, (rng.random(n) < prob).astype(np.int8)))
    return ResponseLog.from_histories(bank, histories, "made-up log")


def log_of(bank: QuestionBank, *histories: tuple[Sequence[int], Sequence[int]]) -> ResponseLog:
    """A log of (questions, responses) of each student."""
    students = [
        StudentHistory(f"s{i}", np.array(q, np.int32), np.array(r, np.int8)) for i, (q, r) in enumerate(histories)
    ]
    return ResponseLog.from_histories(bank, students, "made-up log")


def with_responses(log: ResponseLog, responses: np.ndarray) -> ResponseLog:
    """The same questions with other answers."""
    return ResponseLog(
        log.bank, log.student_ids, log.offsets.copy(), log.questions.copy(), responses.astype(np.int8), log.source
    )


def renamed(log: ResponseLog) -> ResponseLog:
    """The same students under other ids."""
    return replace(log, student_ids=tuple(f"other-{student}" for student in log.student_ids))


def made_up_network(
    bank: QuestionBank | None = None, settings: NetworkSettings = TINY_NETWORK, seed: int = 0
) -> LDSimNetwork:
    """A network with all weights drawn at random, so that nothing in it is 0 by luck; ready to be stepped."""
    bank = bank or made_up_bank()
    generator = torch.Generator().manual_seed(seed)
    prior = torch.randn(bank.n_questions, generator=generator)
    network = LDSimNetwork(bank, prior, torch.arange(bank.n_questions).float(), settings)
    network.initialise(generator)
    with torch.no_grad():
        for terms in (network.easiness_correction, network.log_discrimination):
            terms.normal_(0, 0.5, generator=generator)
        tables = ConceptEncoder(bank.n_concepts, settings, generator)()
        chain = torch.diag(torch.ones(bank.n_concepts - 1), -1)  # concept k - 1 is concept k's prerequisite
        network.freeze(tables._replace(prerequisites=chain))
    return network.requires_grad_(False)


def practised_state(network: LDSimNetwork, n: int = 6, steps: int = 12, seed: int = 1) -> State:
    """The state of n students after random questions and answers."""
    generator = torch.Generator().manual_seed(seed)
    state = network.start(n)
    for _ in range(steps):
        question = torch.randint(network.bank.n_questions, (n,), generator=generator)
        state = network.learn(state, question, torch.randint(2, (n,), generator=generator))
    return state


def copy_of(state: State) -> State:
    return {name: value.clone() for name, value in state.items()}


class DriftingStudent:
    """Answers with fixed probabilities; mastery of the asked concepts rises by ``practice``, whatever the answer."""

    def __init__(self, bank: QuestionBank, practice: float = 0.01) -> None:
        self.bank = bank
        self.practice = practice
        self.probs = torch.linspace(0.05, 0.95, bank.n_questions)

    def start(self, n: int) -> State:
        return {"level": torch.full((n, self.bank.n_concepts), 0.5)}

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        return self.probs[question]

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        asked = torch.tensor(self.bank.concept_matrix)[question].float()
        return {"level": state["level"] + self.practice * asked}

    def mastery(self, state: State) -> Tensor:
        return state["level"]


class Flatterer(DriftingStudent):
    """Takes expected evidence for learning: every right answer raises all mastery, every wrong one lowers it."""

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        return {"level": state["level"] + self.practice * (response.float() - 0.5).unsqueeze(1)}


def four_line(log: ResponseLog) -> str:
    """The log as a file in the four-line format; a question of several concepts stands in several columns."""
    lines = []
    for i, history in enumerate(log):
        concepts = [log.bank.question_concepts[q] for q in history.questions]
        known = [[int(k) for k in row if k != NO_CONCEPT] for row in concepts]
        repeats = [len(row) for row in known]
        questions = np.repeat([int(log.bank.question_ids[q].strip("q")) for q in history.questions], repeats)
        responses = np.repeat(history.responses, repeats)
        columns = (questions, [k for row in known for k in row], responses)
        lines += [f"{i},{history.student_id}", *(",".join(str(value) for value in column) for column in columns)]
    return "\n".join(lines) + "\n"
