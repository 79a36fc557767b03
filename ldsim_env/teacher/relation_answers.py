"""What a teacher says about pairs of concepts, asked in parts: connected? which first? in which grade?

One question, "is A a prerequisite of B?", measures relatedness only and is blind to direction, so the parts are asked
one by one. The answers depend on who is named first, so each pair is asked about in both orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ldsim_env.logs.bank import QuestionBank
from ldsim_env.teacher.asking import Ask, PromptBatch, ask_batch, log_odds
from ldsim_env.teacher.candidates import Pairs
from ldsim_env.teacher.prompts import Course, Template, readable
from ldsim_env.teacher.protocol import Teacher
from ldsim_env.teacher.relation_settings import RelationSettings


@dataclass(frozen=True, eq=False)
class RelationAnswers:
    """Answers about n pairs of K concepts; NaN where the teacher abstained.

    Args:
        pairs: ``(n, 2)`` concept indices a, b.
        connected: ``(n, 2)`` log-odds of Yes to "directly connected?", asked as (a, b) and as (b, a).
        position: ``(n, 2)`` log-odds of the one named first to "which is taught first?", asked as (a, b) and as
            (b, a); NaN where it was not asked.
        grade: ``(K,)`` expected school grade.
        settings: How they are put together.
    """

    pairs: Pairs
    connected: NDArray[np.float64]
    position: NDArray[np.float64]
    grade: NDArray[np.float64]
    settings: RelationSettings

    @cached_property
    def contradictory(self) -> NDArray[np.bool_]:
        """``(n,)``: pairs that are surely connected in one order and surely not in the other."""
        return _opposed(self.connected, self.settings.sure)

    @cached_property
    def relatedness(self) -> NDArray[np.float64]:
        """``(n,)`` log-odds of being connected, mean of both orders; NaN where either is missing or they clash."""
        return np.where(self.contradictory, np.nan, self.connected.mean(axis=1))

    @cached_property
    def position_bias(self) -> float:
        """Log-odds by which the teacher prefers the concept that is named first, whichever it is.

        Each pair is asked in both orders, so in the mean what it says about the pairs themselves cancels.
        """
        known = self.position[~np.isnan(self.position).any(axis=1)]
        return float(known.mean()) if len(known) else 0.0

    @cached_property
    def contradictory_order(self) -> NDArray[np.bool_]:
        """``(n,)``: pairs of which each was surely put before the other, beyond the bias for the first place."""
        return _opposed((self.position - self.position_bias) * (1, -1), self.settings.sure)

    @cached_property
    def first(self) -> NDArray[np.float64]:
        """``(n,)`` log-odds that a is taught before b, both orders averaged; NaN where missing or contradictory."""
        return np.where(self.contradictory_order, np.nan, (self.position[:, 0] - self.position[:, 1]) / 2)

    @cached_property
    def grades_between(self) -> NDArray[np.float64]:
        """``(n,)`` school grades from a to b."""
        return self.grade[self.pairs[:, 1]] - self.grade[self.pairs[:, 0]]

    @cached_property
    def order(self) -> NDArray[np.float64]:
        """``(n,)`` logits for a before b from both sources, or from the one that is there; NaN where none is."""
        parts = np.stack([self.settings.which_weight * self.first, self.settings.grade_weight * self.grades_between])
        return np.where(np.isnan(parts).all(axis=0), np.nan, np.nansum(parts, axis=0))

    @property
    def is_connected(self) -> NDArray[np.bool_]:
        """``(n,)``: whether the pair is connected; not where the teacher abstained."""
        return self.relatedness > self.settings.threshold

    def turned(self, rows: NDArray[np.int64], swapped: NDArray[np.bool_]) -> RelationAnswers:
        """The answers of these rows, those that are ``swapped`` as answers about (b, a)."""
        pairs, connected, position = (
            np.where(swapped[:, None], values[rows, ::-1], values[rows])
            for values in (self.pairs, self.connected, self.position)
        )
        return RelationAnswers(pairs, connected, position, self.grade, self.settings)

    def joined(self, other: RelationAnswers) -> RelationAnswers:
        """These pairs and others about the same concepts."""
        return RelationAnswers(
            np.concatenate([self.pairs, other.pairs]),
            np.concatenate([self.connected, other.connected]),
            np.concatenate([self.position, other.position]),
            self.grade,
            self.settings,
        )


class RelationQuestions:
    """Makes the prompts about a bank's concepts and asks them.

    Args:
        bank: The course's concepts.
        course: Subject, level and texts.
        templates: The templates by name: ``"connected"``, ``"which"`` and the settings' ``order_template``.
        settings: How answers are put together.
    """

    def __init__(
        self, bank: QuestionBank, course: Course, templates: dict[str, Template], settings: RelationSettings
    ) -> None:
        self._course, self._templates, self._settings = course, templates, settings
        self._names = [readable(name) for name in bank.concept_names]
        self._texts = [course.concept_texts.get(concept_id, "") for concept_id in bank.concept_ids]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names and versions of the templates."""
        return tuple(template.label for template in self._templates.values())

    def pair_batch(self, template: str, pairs: Pairs) -> PromptBatch:
        """Each pair in both orders: first all (a, b), then all (b, a)."""
        return self._batch(template, (self._pair(int(a), int(b)) for a, b in (*pairs, *pairs[:, ::-1])))

    def grade_batch(self) -> PromptBatch:
        """Each concept once."""
        values = zip(self._names, self._texts, strict=True)
        return self._batch(self._settings.order_template, ({"concept": name, "text": text} for name, text in values))

    def batches(self, pairs: Pairs, ordered: Pairs) -> list[PromptBatch]:
        """All parts: whether some pairs are connected, which of others comes first, and each concept's grade."""
        return [self.pair_batch("connected", pairs), self.pair_batch("which", ordered), self.grade_batch()]

    def ask_pairs(self, teacher: Teacher, ask: Ask, template: str, pairs: Pairs) -> NDArray[np.float64]:
        """``(n, 2)`` log-odds of the first choice, asked as (a, b) and as (b, a)."""
        return log_odds(ask_batch(teacher, self.pair_batch(template, pairs), ask)).reshape(2, len(pairs)).T

    def ask_grades(self, teacher: Teacher, ask: Ask) -> NDArray[np.float64]:
        """``(K,)`` the mean of each concept's distribution over grades."""
        scores = ask_batch(teacher, self.grade_batch(), ask)
        weight = np.exp(scores)
        grades: NDArray[np.float64] = weight @ np.arange(1, scores.shape[1] + 1) / weight.sum(axis=1)
        return grades

    def ask_connected(self, teacher: Teacher, ask: Ask, pairs: Pairs) -> RelationAnswers:
        """Only whether the pairs are connected; order and grades are left open."""
        connected = self.ask_pairs(teacher, ask, "connected", pairs)
        unknown = np.full(len(self._names), np.nan)
        return RelationAnswers(pairs, connected, np.full(connected.shape, np.nan), unknown, self._settings)

    def ask_order(
        self, teacher: Teacher, ask: Ask, answers: RelationAnswers, asked: NDArray[np.bool_]
    ) -> RelationAnswers:
        """Add each concept's grade, and for some of the pairs which comes first."""
        position = np.full(answers.position.shape, np.nan)
        if self._settings.which_weight > 0:
            position[asked] = self.ask_pairs(teacher, ask, "which", answers.pairs[asked])
        grade = self.ask_grades(teacher, ask) if self._settings.grade_weight > 0 else answers.grade
        return RelationAnswers(answers.pairs, answers.connected, position, grade, self._settings)

    def _pair(self, first: int, second: int) -> dict[str, str]:
        names, texts = self._names, self._texts
        return {
            "first": names[first],
            "second": names[second],
            "first_text": texts[first],
            "second_text": texts[second],
        }

    def _batch(self, name: str, values: Iterable[dict[str, str]]) -> PromptBatch:
        template = self._templates[name]
        shared = {"subject": self._course.subject, "level": self._course.level}
        prompts = tuple(template.fill(shared | one) for one in values)
        return PromptBatch(template.label, prompts, template.choices)


def _opposed(both: NDArray[np.float64], sure: float) -> NDArray[np.bool_]:
    """Which rows have a sure yes and a sure no."""
    opposed: NDArray[np.bool_] = (both.max(axis=1) > sure) & (both.min(axis=1) < -sure)
    return opposed
