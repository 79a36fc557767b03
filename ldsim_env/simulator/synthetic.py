"""Synthetic students: question sequences from a small generative model of the logs, answered by the simulator.

They let the package carry a cohort without carrying a record of any real student: lengths come from coarse classes,
concepts from transition counts, and a pair of questions counts only if several students met it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError
from ldsim_env.logs import RIGHT, QuestionBank, ResponseLog, StudentHistory
from ldsim_env.logs.attempts import attempts_are_common, attempts_before
from ldsim_env.simulator.protocol import StudentModel

MAX_STREAK = 5  # right answers in a row beyond which tutors are taken to act alike
MIN_STUDENTS = 3  # a pair of questions is kept only if at least so many students met it
LENGTH_CLASSES = (5, 10, 20, 40, 80, 140, 200)  # edges; within a class every length is as likely
LONGEST = LENGTH_CLASSES[-1]  # longer histories would make a package large and its first step slow

Sampler = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Values and their cumulative probabilities."""


@dataclass(frozen=True, eq=False)
class SequenceModel:
    """Which questions follow which, and how long histories are.

    Where further attempts at one question are common, a student tries once more with a probability that depends on the
    last answer; what follows is of those who don't. A student stays on a kind of question (its set of concepts) or
    leaves it with a probability that depends on the right answers in a row on that kind, as tutors have it. The next
    question is one that often follows the last one, else one of the kind by popularity; after leaving, the next kind
    follows the transition counts.

    Args:
        bank: The questions.
        kinds: ``(n_questions,)`` int64: each question's kind, that is, its set of concepts.
        leave_prob: ``(MAX_STREAK + 1,)``: P(leave the kind) after 0, 1, ... right answers in a row on it.
        first_kind: Where histories begin.
        next_kind: For each kind, which kind follows when it is left.
        popular: For each kind, its questions by how often they were asked.
        pair_share: ``(n_questions,)``: P(the next question is one of ``followers``).
        followers: For questions that have them, the questions that often follow.
        length: ``(n_classes,)`` probabilities of the length classes.
        again_prob: ``(2,)``: P(another attempt at the question) after a wrong and after a right answer.
    """

    bank: QuestionBank
    kinds: NDArray[np.int64]
    leave_prob: NDArray[np.float64]
    first_kind: Sampler
    next_kind: dict[int, Sampler]
    popular: dict[int, Sampler]
    pair_share: NDArray[np.float64]
    followers: dict[int, Sampler]
    length: Sampler
    again_prob: NDArray[np.float64]

    @classmethod
    def fit(cls, log: ResponseLog) -> SequenceModel:
        """Count a log of real students.

        Raises:
            SettingsError: If no student has as many interactions as the shortest length class.
        """
        kinds = log.bank.kinds.of_question
        steps = _Steps.of(log, kinds)
        again_prob, turned_to = np.zeros(2), log.questions
        if attempts_are_common(log):
            again_prob, turned_to = _again_prob(steps), log.questions[attempts_before(log) == 0]
            steps = steps.select(steps.before != steps.after)
        pair_share, followers = _followers(log.bank.n_questions, steps)
        left = steps.leaves
        return cls(
            bank=log.bank,
            kinds=kinds,
            leave_prob=_leave_prob(steps),
            first_kind=_sampler(kinds[log.questions[log.offsets[:-1][log.lengths > 0]]]),
            next_kind=_grouped(kinds[steps.before][left], kinds[steps.after][left]),
            popular=_grouped(kinds[turned_to], turned_to),
            pair_share=pair_share,
            followers=followers,
            length=_length_sampler(log.lengths),
            again_prob=again_prob,
        )

    def sample(self, model: StudentModel, n: int, rng: np.random.Generator) -> ResponseLog:
        """Draw ``n`` histories; ``model`` answers them.

        Args:
            model: The simulator, over the bank that was counted.
            n: Students.
            rng: Draws lengths, questions and responses.
        """
        lengths = np.array([self._draw_length(rng) for _ in range(n)])
        questions = np.zeros((n, int(lengths.max())), np.int32)
        responses = np.zeros_like(questions, dtype=np.int8)
        walkers = [_Walker(self) for _ in range(n)]
        state = model.start(n)
        for t in range(questions.shape[1]):
            for i in np.flatnonzero(t < lengths).tolist():
                questions[i, t] = walkers[i].next_question(rng)
            asked = torch.from_numpy(questions[:, t].astype(np.int64))
            with torch.inference_mode():
                responses[:, t] = rng.random(n) < model.answer_prob(state, asked).numpy()
                state = model.learn(state, asked, torch.from_numpy(responses[:, t]).float())
            for i, walker in enumerate(walkers):
                walker.saw(int(responses[i, t]))
        histories = [
            StudentHistory(f"synthetic-{i}", questions[i, : lengths[i]], responses[i, : lengths[i]]) for i in range(n)
        ]
        return ResponseLog.from_histories(self.bank, histories, "synthetic cohort")

    def _draw_length(self, rng: np.random.Generator) -> int:
        edge = _draw(self.length, rng)
        return int(rng.integers(LENGTH_CLASSES[edge], LENGTH_CLASSES[edge + 1] + 1))


class _Walker:
    """One synthetic student's way through the bank."""

    def __init__(self, model: SequenceModel) -> None:
        self._model = model
        self._question: int | None = None
        self._asked: set[int] = set()
        self._streak = 0
        self._again_prob = 0.0

    def next_question(self, rng: np.random.Generator) -> int:
        model, last = self._model, self._question
        if last is not None and self._again_prob and rng.random() < self._again_prob:
            return last
        if last is not None and rng.random() < model.pair_share[last]:
            chosen = _draw(model.followers[last], rng)
        else:
            chosen = self._of_kind(self._next_kind(rng), rng)
        if last is None or model.kinds[chosen] != model.kinds[last]:
            self._streak = 0
        self._question = chosen
        self._asked.add(chosen)
        return chosen

    def saw(self, response: int) -> None:
        self._streak = min(self._streak + 1, MAX_STREAK) if response == RIGHT else 0
        self._again_prob = float(self._model.again_prob[response])

    def _next_kind(self, rng: np.random.Generator) -> int:
        model = self._model
        if self._question is None:
            return _draw(model.first_kind, rng)
        kind = int(model.kinds[self._question])
        if rng.random() < model.leave_prob[self._streak] and kind in model.next_kind:
            return _draw(model.next_kind[kind], rng)
        return kind

    def _of_kind(self, kind: int, rng: np.random.Generator) -> int:
        """A popular question of the kind, a new one unless a few draws give none."""
        for _ in range(10):
            chosen = _draw(self._model.popular[kind], rng)
            if chosen not in self._asked:
                break
        return chosen


@dataclass(frozen=True)
class _Steps:
    """All pairs of consecutive interactions of the students."""

    student: NDArray[np.int64]
    before: NDArray[np.int32]  # question
    after: NDArray[np.int32]
    leaves: NDArray[np.bool_]  # whether the next question is of another kind
    streak: NDArray[np.int64]  # right answers in a row on the kind, the one before included
    response: NDArray[np.int8]  # before

    @classmethod
    def of(cls, log: ResponseLog, kinds: NDArray[np.int64]) -> _Steps:
        student = np.repeat(np.arange(log.n_students), log.lengths)
        same = student[1:] == student[:-1]
        kind = kinds[log.questions]
        begins = np.concatenate([[True], (kind[1:] != kind[:-1]) | ~same])
        streak = np.minimum(_runs(log.responses, begins), MAX_STREAK)
        leaves = kind[1:] != kind[:-1]
        return cls(
            student=student[:-1][same],
            before=log.questions[:-1][same],
            after=log.questions[1:][same],
            leaves=leaves[same],
            streak=streak[:-1][same],
            response=log.responses[:-1][same],
        )

    def select(self, part: NDArray[np.bool_]) -> _Steps:
        """Some of the pairs."""
        return _Steps(**{field.name: getattr(self, field.name)[part] for field in fields(self)})


def _runs(responses: NDArray[np.int8], begins: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Right answers in a row up to each position; a count starts anew after a wrong one and where ``begins``."""
    index = np.arange(len(responses))
    last_wrong = np.maximum.accumulate(np.where(responses != RIGHT, index, -1))
    before_begin = np.maximum.accumulate(np.where(begins, index - 1, -1))
    return index - np.maximum(last_wrong, before_begin)


def _again_prob(steps: _Steps) -> NDArray[np.float64]:
    n = np.bincount(steps.response, minlength=2)
    again = np.bincount(steps.response, weights=steps.before == steps.after, minlength=2)
    return (again + 1) / (n + 2)


def _leave_prob(steps: _Steps) -> NDArray[np.float64]:
    n = np.bincount(steps.streak, minlength=MAX_STREAK + 1)
    left = np.bincount(steps.streak, weights=steps.leaves, minlength=MAX_STREAK + 1)
    return (left + 1) / (n + 2)


def _followers(n_questions: int, steps: _Steps) -> tuple[NDArray[np.float64], dict[int, Sampler]]:
    """Pairs of questions that enough students met, and the share of each question's next ones that they cover."""
    pair = steps.before.astype(np.int64) * n_questions + steps.after
    met = np.unique(np.stack([pair, steps.student]), axis=1)[0]  # each student counts once
    pairs, n_students = np.unique(met, return_counts=True)
    kept = np.isin(pair, pairs[n_students >= MIN_STUDENTS])
    n = np.bincount(steps.before, minlength=n_questions)
    n_kept = np.bincount(steps.before[kept], minlength=n_questions)
    return n_kept / np.maximum(n, 1), _grouped(steps.before[kept], steps.after[kept])


def _length_sampler(lengths: NDArray[np.int64]) -> Sampler:
    """Classes of prefix lengths: a student of n interactions is met after any number of them, 200 at most."""
    edges = np.array(LENGTH_CLASSES)
    long = np.minimum(lengths[lengths >= edges[0]], edges[-1])
    if not len(long):
        raise SettingsError(f"log: expected a student with at least {edges[0]} interactions, got none.")
    covered = np.clip(long[:, None] + 1 - edges[:-1], 0, np.diff(edges)) / (long[:, None] + 1 - edges[0])
    weight = covered.sum(0)
    return np.arange(len(weight)), np.cumsum(weight) / weight.sum()


def _sampler(values: NDArray[np.integer]) -> Sampler:
    distinct, counts = np.unique(values, return_counts=True)
    return distinct.astype(np.int64), np.cumsum(counts) / counts.sum()


def _grouped(keys: NDArray[np.integer], values: NDArray[np.integer]) -> dict[int, Sampler]:
    """A sampler of the values of each key."""
    if not len(keys):
        return {}
    order = np.argsort(keys, kind="stable")
    distinct, starts = np.unique(keys[order], return_index=True)
    return {int(k): _sampler(part) for k, part in zip(distinct, np.split(values[order], starts[1:]), strict=True)}


def _draw(sampler: Sampler, rng: np.random.Generator) -> int:
    """Draw one of a sampler's values."""
    values, cumulative = sampler
    return int(values[min(int(np.searchsorted(cumulative, rng.random(), side="right")), len(values) - 1)])
