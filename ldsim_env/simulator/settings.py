"""Settings of the simulator network and of its training, checked when they are made."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar

from ldsim_env.errors import SettingsError, unknown_name
from ldsim_env.logs.attempts import attempts_are_common
from ldsim_env.logs.response_log import ResponseLog

ATTEMPT_SIZE = 16

SettingsType = TypeVar("SettingsType", "NetworkSettings", "TrainingSettings")


@dataclass(frozen=True)
class NetworkSettings:
    """Sizes and switches of the LDSim network.

    Args:
        n_factors: Shared ability factors z, which every concept reads through its loadings.
        concept_size: Width of a concept's vector, which shapes loadings, gains and evidence flow.
        gain_size: Width of the one hidden layer that the gains and the drift come from.
        past_size: Width of the recurrent summary of the past that the gains and the context read; 0 leaves it out.
        context_size: Width of the context's hidden layer; 0 leaves the context out.
        attempt_size: Width of the hidden layer for further attempts at the question at hand (the one asked last);
            0 leaves them out, as does a log in which they are rare (`suited_to`).
        memory: How many of a student's last questions are remembered, for meeting the same question again. 200
            covers a whole training window.
        numbered: Whether the platform's numbering tells which questions are alike; a fit finds out (`neighbours.py`).
        max_discrimination: A question's discrimination a_q stays within [1 / max_discrimination, max_discrimination].
        gain_scale: Weight of what an answer moves abilities and factors by; a fit shrinks it, see `shrinkage.py`.
        context_scale: Weight of the context; a fit shrinks it too.
    """

    n_factors: int = 32
    concept_size: int = 32
    gain_size: int = 48
    past_size: int = 64
    context_size: int = 32
    attempt_size: int = 0
    memory: int = 200
    numbered: bool = False
    max_discrimination: float = 3.0
    gain_scale: float = 1.0
    context_scale: float = 1.0

    def __post_init__(self) -> None:
        for name in ("n_factors", "concept_size", "gain_size", "memory"):
            _check_count(self, name, 1)
        _check_count(self, "past_size", 0)
        _check_count(self, "context_size", 0)
        _check_count(self, "attempt_size", 0)
        _check_at_least(self, "max_discrimination", 1)
        _check_at_least(self, "gain_scale", 0)
        _check_at_least(self, "context_scale", 0)

    @classmethod
    def suited_to(cls, log: ResponseLog) -> NetworkSettings:
        """The defaults, and an account of further attempts where they are common in the log."""
        return cls(attempt_size=ATTEMPT_SIZE if attempts_are_common(log) else 0)


@dataclass(frozen=True)
class TrainingSettings:
    """How a simulator is fitted.

    Args:
        seed: Seeds the start weights, the batches, the rollouts' cuts and their answers.
        epochs: The most epochs; training stops before when ``patience`` is used up.
        patience: Epochs without a better stopping score before training ends.
        batch_size: Windows in a batch.
        learning_rate: Of AdamW, decayed by a cosine over ``epochs``.
        weight_decay: Of AdamW, on the matrices only.
        gradient_clip: The largest gradient norm.
        averaging: Weights are examined and kept as a moving average, which forgets with this factor a batch; 0 takes
            them as they are.
        rollout_share: Share of the windows that go on with the model's own answers from a random cut; the true
            responses stay the targets. 0 trains on true responses only.
        hard_share: Share of the rollouts that answer by whether P(right) is above 0.5 instead of by chance; they teach
            the gains to bear answers that exaggerate.
        label_weight: Weight of the distillation loss (the teacher's mastery labels) against the response loss.
        question_penalty: Pull of the question terms to 0 (to the prior), in nats per squared logit each time that a
            batch holds the question.
        question_spread: Standard deviation of the questions' easiness around that of their concepts, in logits, before
            the log is read.
        neighbours: Whether questions near one another in the platform's numbering are taken to be alike, where the log
            bears it out; see `neighbours.py`.
        by_others: How far a question's prior is, in training, what other students say of it: 1 wholly, so that it
            doesn't know the answer that is to be predicted; 0 what all say. Between, gains are trained for what lies
            between new students and known ones.
        stopping_share: Share of the training students kept apart for stopping where no ``valid`` log is given.
        shrink: Whether gains and context are shrunk after training as far as the stopping students have it, see
            `shrinkage.py`.
        window: Interactions in a training window.
    """

    seed: int = 0
    epochs: int = 10
    patience: int = 3
    batch_size: int = 48
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    gradient_clip: float = 1.0
    averaging: float = 0.99
    rollout_share: float = 0.7
    hard_share: float = 0.0
    label_weight: float = 0.5
    question_penalty: float = 0.2
    question_spread: float = 0.7
    neighbours: bool = True
    by_others: float = 0.5
    stopping_share: float = 0.1
    shrink: bool = True
    window: int = 200

    def __post_init__(self) -> None:
        for name in ("epochs", "patience", "batch_size"):
            _check_count(self, name, 1)
        _check_count(self, "window", 3)
        _check_count(self, "seed", 0)
        for name in ("weight_decay", "label_weight", "question_penalty"):
            _check_at_least(self, name, 0)
        for name in ("learning_rate", "gradient_clip", "question_spread"):
            if not getattr(self, name) > 0:
                raise SettingsError(f"{name}: expected a number above 0, got {getattr(self, name)!r}.")
        for name in ("averaging", "rollout_share", "hard_share", "by_others", "stopping_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"{name}: expected a share from 0 to 1, got {getattr(self, name)!r}.")


def settings_from(kind: type[SettingsType], values: dict[str, Any]) -> SettingsType:
    """Make settings from a mapping (of a checkpoint, say); an unknown key is an error that names the nearest one."""
    known = {field.name for field in fields(kind)}
    for name in values:
        if name not in known:
            raise SettingsError(unknown_name(f"key of {kind.__name__}", name, known))
    return kind(**values)


def _check_count(settings: NetworkSettings | TrainingSettings, name: str, least: int) -> None:
    value = getattr(settings, name)
    if type(value) is not int:
        raise SettingsError(f"{name}: expected a whole number, got {value!r}.")
    _check_at_least(settings, name, least)


def _check_at_least(settings: NetworkSettings | TrainingSettings, name: str, least: float) -> None:
    value = getattr(settings, name)
    if not value >= least:
        raise SettingsError(f"{name}: expected at least {least}, got {value!r}.")
