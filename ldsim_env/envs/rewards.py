"""Reward terms by name: what one step is worth, for n students at once.

The terms stand in ``info["reward_terms"]``, whichever the reward consists of; it is one of them or a weighted sum. Two
of them try things out on the student model, which costs as much as a step or more (`COSTLY`): they are worked out when
somebody reads them, from the students as they stood at that step. A step on which no question was asked (a masked
action that was skipped) earns 0 in every term but ``final_gain`` and ``retention``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.later import LaterDict
from ldsim_env.errors import SettingsError, unknown_name

FloatArray = NDArray[np.float64]
Trial = Callable[[], FloatArray]
"""Tries something out on copies of the students and gives what came of it, ``(n,)``."""


class StepRecord(NamedTuple):
    """What one step did to n students; every array is ``(n,)``."""

    exam_start: FloatArray  # exam score after reset, [0, 1]
    exam_before: FloatArray  # exam score before this step, [0, 1]
    exam_now: FloatArray  # exam score after this step, [0, 1]
    answer_prob: FloatArray  # P(right) of the question before it was answered
    response: NDArray[np.int8]  # 1 right, 0 wrong
    asked: NDArray[np.bool_]  # whether a question was asked at all
    newly_covered: FloatArray  # share of the targets that this question was the first of the episode to practise
    ended: NDArray[np.bool_]  # whether this was the last step: terminated, or the step limit is reached
    min_gap: float  # least denominator of the learning gain
    expected_change: Trial | None = None  # mean over both answers of the change of the exam score
    disagreement: FloatArray | None = None  # standard deviation over an ensemble's members of the exam score's change
    pessimism: float = 1.0  # weight of the disagreement in `pessimistic_gain`
    retained_exam: Trial | None = None  # exam score after practice of other concepts; read where ``ended``


def learning_gain(exam_start: FloatArray, exam_now: FloatArray, min_gap: float) -> FloatArray:
    """Normalised learning gain E_p = (now - start) / max(1 - start, min_gap), ``(n,)``, at most 1."""
    return (exam_now - exam_start) / np.maximum(1.0 - exam_start, min_gap)


def step_gain(record: StepRecord) -> FloatArray:
    """(exam_t - exam_{t-1}) / max(1 - exam_0, min_gap); sums to the learning gain E_p over an episode."""
    return (record.exam_now - record.exam_before) / np.maximum(1.0 - record.exam_start, record.min_gap)


def final_gain(record: StepRecord) -> FloatArray:
    """The learning gain E_p on the last step, 0 before."""
    return np.where(record.ended, learning_gain(record.exam_start, record.exam_now, record.min_gap), 0.0)


def expected_gain(record: StepRecord) -> FloatArray:
    """The mean of `step_gain` over a right and a wrong response by their probability, before the response is known.

    Its sum over an episode has the same expectation as that of `step_gain` whatever the policy, without the noise of
    the responses: the same policy is best, and found sooner.
    """
    return _known("expected_change", record) / np.maximum(1.0 - record.exam_start, record.min_gap)


def retention(record: StepRecord) -> FloatArray:
    """On the last step the learning gain E_p that is left after practice of other concepts, 0 before.

    The practice is `ldsim_env.envs.trials.other_practice`, by a copy of the student.
    """
    retained = learning_gain(record.exam_start, _known("retained_exam", record), record.min_gap)
    return np.where(record.ended, retained, 0.0)


def exam_delta(record: StepRecord) -> FloatArray:
    """exam_t - exam_{t-1}, in [-1, 1]: the step gain without its denominator."""
    return record.exam_now - record.exam_before


def disagreement(record: StepRecord) -> FloatArray:
    """Standard deviation of the step gain over the members of an ensemble; 0 for a single simulator."""
    if record.disagreement is None:
        return np.zeros_like(record.exam_now)
    return record.disagreement / np.maximum(1.0 - record.exam_start, record.min_gap)


def pessimistic_gain(record: StepRecord) -> FloatArray:
    """`step_gain` - pessimism x `disagreement`: gains that only some simulators see are worth less.

    After the uncertainty penalty of offline reinforcement learning (MOPO, Yu et al. 2020).
    """
    return step_gain(record) - record.pessimism * disagreement(record)


def zpd(record: StepRecord) -> FloatArray:
    """4 p (1 - p), in [0, 1]: highest where P(right) is 0.5 (zone of proximal development)."""
    return np.where(record.asked, 4.0 * record.answer_prob * (1.0 - record.answer_prob), 0.0)


def success(record: StepRecord) -> FloatArray:
    """1 for a right response, 0 for a wrong one."""
    return np.where(record.asked, record.response, 0).astype(np.float64)


def coverage(record: StepRecord) -> FloatArray:
    """Share of the targets practised for the first time in the episode, in [0, 1]; sums to at most 1."""
    return np.where(record.asked, record.newly_covered, 0.0)


def _known(name: str, record: StepRecord) -> FloatArray:
    trial: Trial | None = getattr(record, name)
    assert trial is not None, f"{name} is read by a term that `terms_offered` didn't name"
    return trial()


TERMS: dict[str, Callable[[StepRecord], FloatArray]] = {
    term.__name__: term
    for term in (
        step_gain,
        expected_gain,
        final_gain,
        retention,
        exam_delta,
        disagreement,
        pessimistic_gain,
        zpd,
        success,
        coverage,
    )
}
"""Every reward term by name."""

DISAGREEMENT_TERMS = (disagreement.__name__, pessimistic_gain.__name__)
"""The terms that need an ensemble."""

COSTLY = (expected_gain.__name__, retention.__name__)
"""The terms that try things out on the student model."""


def terms_offered(weights: Mapping[str, float], full_info: bool) -> tuple[str, ...]:
    """The terms in infos: those that cost nothing, those in ``weights``, and with ``full_info`` all."""
    return tuple(name for name in TERMS if full_info or name in weights or name not in COSTLY)


def reward_terms(record: StepRecord, names: Iterable[str] = tuple(TERMS)) -> dict[str, FloatArray]:
    """The terms of one step by name, each ``(n,)`` float64; a term is worked out when it is first read."""
    return LaterDict(names, lambda name: TERMS[name](record))


def weighted_sum(terms: Mapping[str, FloatArray], weights: Mapping[str, float]) -> FloatArray:
    """The reward ``(n,)``: the terms named in ``weights``, weighted and added."""
    return np.asarray(sum(weight * terms[name] for name, weight in weights.items()))


def reward_weights(reward: Any) -> dict[str, float]:
    """Read the ``reward`` setting as the user gave it: a term's name, or weights by name.

    Raises:
        SettingsError: If a term is unknown or a weight isn't a finite number; all bad entries together.
    """
    if isinstance(reward, str):
        reward = {reward: 1.0}
    if not isinstance(reward, Mapping) or not reward:
        raise SettingsError(f"reward: expected the name of a term or weights by name, got {reward!r}.")
    problems = [unknown_name("reward term", str(name), TERMS) for name in reward if name not in TERMS]
    problems += [
        f"the weight of {name!r} must be a finite number, got {weight!r}."
        for name, weight in reward.items()
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight)
    ]
    if problems:
        raise SettingsError("reward: " + " ".join(problems))
    return {name: float(weight) for name, weight in reward.items()}
