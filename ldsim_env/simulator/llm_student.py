"""An LLM in the loop as a student model: slow, for evaluation only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ldsim_env.errors import SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.logs.response_log import ResponseLog, StudentHistory
from ldsim_env.simulator.protocol import State
from ldsim_env.teacher.digest import DigestSettings, HistoryDigest
from ldsim_env.teacher.graph import ConceptGraph
from ldsim_env.teacher.prompts import Course, Template, load_template
from ldsim_env.teacher.protocol import Prompt, Teacher

NOT_ASKED = -1
RIGHT_FROM = 0.5
LEAST_PROBABILITY = 1e-4


class LLMStudent:
    """Asks a teacher, at every step, what the student would answer: the kind of simulator that LDSim is compared with.

    The state is what the student was asked and answered; the LLM is told a digest of it (the answers on the concepts
    in question, counts, evidence from prerequisites). A step costs seconds, not microseconds: `answer_prob` asks once
    for each student and question, `mastery` once for each student and concept. Equal prompts of one call are asked
    once; wrap the teacher in a `CachedTeacher` to keep answers between calls.

    Where the teacher abstains, the probability is the share of right answers (on the concepts where these were met,
    else of all), smoothed by one right and one wrong; ``n_abstentions`` counts these.

    Args:
        teacher: Who is asked.
        bank: The questions.
        examined: Concepts that `mastery` asks about, for example an episode's targets; the others get the smoothed
            share of right answers. None asks about all.
        memory: The last so many interactions are remembered.
        course: Subject, level and texts.
        graph: Relations over the bank; tells the LLM about prerequisites.

    Raises:
        SettingsError: If ``memory`` is below 1, or a concept of ``examined`` is not in the bank.
    """

    def __init__(
        self,
        teacher: Teacher,
        bank: QuestionBank,
        *,
        examined: Sequence[int] | None = None,
        memory: int = 200,
        course: Course | None = None,
        graph: ConceptGraph | None = None,
    ) -> None:
        if memory < 1:
            raise SettingsError(f"memory: expected at least 1 interaction, got {memory}.")
        self.teacher = teacher
        self.n_abstentions = 0
        self._bank, self._memory = bank, memory
        self._examined = _checked_concepts(range(bank.n_concepts) if examined is None else examined, bank)
        self._course = course or Course()
        self._digest = HistoryDigest(bank, self._course, graph, DigestSettings(history=memory))
        self._answer, self._mastery = load_template("answer"), load_template("mastery")

    @property
    def bank(self) -> QuestionBank:
        """The questions."""
        return self._bank

    def start(self, n: int) -> State:
        """New students remember nothing; the newest interaction stands last."""
        return {
            "question": torch.full((n, self._memory), NOT_ASKED, dtype=torch.int64),
            "response": torch.zeros(n, self._memory, dtype=torch.float32),
        }

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right), see `StudentModel.answer_prob`; asks for every student and question."""
        questions = question.reshape(len(question), -1).tolist()
        log = self._log(state)
        asked = [(student, q) for student, some in enumerate(questions) for q in some]
        prompts = [self._answer.fill(self._question_values(log, student, q)) for student, q in asked]
        fallback = [_share_right(log, student, self._bank.concepts_of(q).tolist()) for student, q in asked]
        return self._probabilities(prompts, fallback, self._answer).reshape(question.shape)

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """Remember an interaction; the oldest is forgotten when the memory is full."""
        newest = {"question": question.to(torch.int64), "response": response.to(torch.float32)}
        return {name: torch.cat([value[:, 1:], newest[name][:, None]], dim=1) for name, value in state.items()}

    def mastery(self, state: State) -> Tensor:
        """``(n, n_concepts)``, see `StudentModel.mastery`; asks for every student and examined concept."""
        log = self._log(state)
        shares = [[_share_right(log, i, [k]) for k in range(self._bank.n_concepts)] for i in range(log.n_students)]
        mastery = torch.tensor(shares, dtype=torch.float32).reshape(log.n_students, self._bank.n_concepts)
        mastery[:, self._examined] = self._asked_mastery(log, self._examined)
        return mastery

    def mastery_of(self, state: State, concepts: Sequence[int]) -> Tensor:
        """``(n, len(concepts))``: the mastery of these concepts only, for a share of the prompts."""
        return self._asked_mastery(self._log(state), _checked_concepts(concepts, self._bank))

    def _asked_mastery(self, log: ResponseLog, concepts: list[int]) -> Tensor:
        asked = [(student, concept) for student in range(log.n_students) for concept in concepts]
        prompts = [self._mastery.fill(self._values(log, *one)) for one in asked]
        fallback = [_share_right(log, student, [concept]) for student, concept in asked]
        return self._probabilities(prompts, fallback, self._mastery).reshape(log.n_students, len(concepts))

    def _question_values(self, log: ResponseLog, student: int, question: int) -> dict[str, Any]:
        concepts = [self._values(log, student, int(concept)) for concept in self._bank.concepts_of(question)]
        shared = concepts[0] if concepts else self._values(log, student, 0)
        text = self._course.question_texts.get(self._bank.question_ids[question], "")
        return {**shared, "concepts": concepts, "question_text": text}

    def _values(self, log: ResponseLog, student: int, concept: int) -> dict[str, Any]:
        return self._digest.values(log, student, int(log.lengths[student]), concept)

    def _probabilities(self, prompts: list[Prompt], fallback: list[float], template: Template) -> Tensor:
        """``(len(prompts),)`` float32: probability of the template's first choice."""
        place = {prompt: i for i, prompt in enumerate(dict.fromkeys(prompts))}
        scores = self.teacher.score(list(place), template.choices)
        probability = np.exp(scores[[place[prompt] for prompt in prompts], 0])
        silent = np.isnan(probability)
        self.n_abstentions += int(silent.sum())
        filled = np.where(silent, fallback, probability)
        return torch.from_numpy(filled.clip(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY).astype(np.float32))

    def _log(self, state: State) -> ResponseLog:
        """What the students remember, as a log."""
        questions, responses = state["question"].cpu().numpy(), state["response"].cpu().numpy() >= RIGHT_FROM
        histories = []
        for i, row in enumerate(questions):
            known = row != NOT_ASKED
            histories.append(StudentHistory(str(i), row[known].astype(np.int32), responses[i][known].astype(np.int8)))
        return ResponseLog.from_histories(self._bank, histories, "the students' memory")


def _share_right(log: ResponseLog, student: int, concepts: Sequence[int]) -> float:
    """Smoothed share of right answers on the concepts, or on all where these were not met."""
    history = log.student(student)
    met = log.bank.concept_matrix[history.questions][:, list(concepts)].any(axis=1)
    right: NDArray[np.int8] = history.responses[met] if met.any() else history.responses
    return float((right.sum() + 1) / (len(right) + 2))


def _checked_concepts(concepts: Sequence[int], bank: QuestionBank) -> list[int]:
    unknown = [concept for concept in concepts if not 0 <= concept < bank.n_concepts]
    if unknown:
        raise SettingsError(f"concepts: expected indices from 0 to {bank.n_concepts - 1}, got {unknown}.")
    return list(concepts)
