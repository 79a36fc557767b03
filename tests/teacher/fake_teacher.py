"""Teachers whose answers are known: right, noisy, silent, contradictory, all-yes; and small courses for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ldsim_env.logs import QuestionBank, ResponseLog, StudentHistory
from ldsim_env.teacher.protocol import Prompt

NAMES = ("Counting", "Adding", "Subtracting", "Multiplying", "Dividing", "Fractions", "Ratios", "Poetry")
CHAIN = {(0, 1), (1, 2), (1, 3), (3, 4), (4, 5), (5, 6)}  # source before target; 2 and 3 are alike, 7 stands alone
RELATED = {(2, 3)}
GRADES = (1, 2, 3, 3, 4, 5, 6, 3)

Answer = Callable[[Prompt], Sequence[float]]
"""Gives a score (log-odds, not normalised) for each choice, or NaN."""


@dataclass
class FakeTeacher:
    """Answers by a function of the prompt; keeps what it was asked."""

    answer: Answer
    model: str = "fake"
    asked: list[Prompt] = field(default_factory=list)

    def score(self, prompts: Sequence[Prompt], choices: Sequence[str]) -> NDArray[np.float64]:
        self.asked += prompts
        scores = np.array([self.answer(prompt) for prompt in prompts], float).reshape(len(prompts), -1)
        with np.errstate(invalid="ignore"):  # abstentions
            return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)

    def complete(self, prompts: Sequence[Prompt]) -> list[str | None]:
        raise NotImplementedError

    def asked_about(self, template: str) -> list[Prompt]:
        return [prompt for prompt in self.asked if prompt.template.split("/")[0] == template]


def course_bank(names: Sequence[str] = NAMES) -> QuestionBank:
    """Two questions a concept."""
    ids = [f"c{i}" for i in range(len(names))]
    concepts = [[i // 2] for i in range(2 * len(names))]
    return QuestionBank.from_concept_lists(
        "COURSE", [f"q{i}" for i in range(2 * len(names))], concepts, ids, concept_names=names
    )


def concepts_in(prompt: Prompt) -> list[int]:
    """Indices of the concepts that a prompt of the relations names, in order."""
    found = re.findall(r'^(?:Topic 1|Topic 2|A|B): (.+)$|learn "(.+)"', prompt.user, re.MULTILINE)
    return [NAMES.index(listed or quoted) for listed, quoted in found]


def knows_the_course(prompt: Prompt, strength: float = 4.0) -> Sequence[float]:
    """The right answer to each part, this many logits sure."""
    kind, concepts = prompt.template.split("/")[0], concepts_in(prompt)
    if kind == "grade":
        return [strength if grade == GRADES[concepts[0]] else 0.0 for grade in range(1, 10)]
    first, second = concepts
    if kind == "connected":
        pairs = CHAIN | RELATED
        return [strength if (first, second) in pairs or (second, first) in pairs else -strength, 0.0]
    lead = GRADES[second] - GRADES[first]
    return [strength * np.sign(lead), 0.0]


def noisy(answer: Answer, spread: float, rng: np.random.Generator) -> Answer:
    return lambda prompt: np.asarray(answer(prompt)) + rng.normal(0, spread, len(answer(prompt)))


def silent(prompt: Prompt) -> Sequence[float]:
    return [np.nan] * (9 if prompt.template.startswith("grade") else 2)


def always_the_first_choice(prompt: Prompt) -> Sequence[float]:
    return [9.0, *([0.0] * (8 if prompt.template.startswith("grade") else 1))]


def contradictory(prompt: Prompt) -> Sequence[float]:
    """Sure yes or sure no, by the order in which the two are named; no grades."""
    if prompt.template.startswith("grade"):
        return silent(prompt)
    first, second = concepts_in(prompt)
    return [5.0 if (first < second) == ((first + second) % 2 == 0) else -5.0, 0.0]


def practice_log(n_students: int, rng: np.random.Generator, length: int = 40) -> ResponseLog:
    """Students of differing ability over the course's bank; a concept at a time, never all of them."""
    bank = course_bank()
    histories = []
    for i in range(n_students):
        ability = rng.normal(0, 1.5)
        concepts = np.repeat(rng.permutation(len(NAMES))[:6], -(-length // 6))[:length]
        right = rng.random(length) < 1 / (1 + np.exp(-ability))
        questions = (2 * concepts + rng.integers(0, 2, length)).astype(np.int32)
        histories.append(StudentHistory(f"student-{i}", questions, right.astype(np.int8)))
    return ResponseLog.from_histories(bank, histories, "practice log")


def reads_the_digest(prompt: Prompt) -> Sequence[float]:
    """Judges mastery by the overall percentage alone, as sure as the percentage is."""
    share = overall_share(prompt)
    return [np.log(share / (1 - share)), 0.0]


def overall_share(prompt: Prompt) -> float:
    """The overall share of right answers that a mastery prompt tells, off 0 and 1."""
    found = re.search(r"(?:Overall: |All answers so far: |questions, )(?:.*?)\((\d+)%\)", prompt.user)
    assert found, prompt.user
    return (int(found[1]) + 2) / 104
