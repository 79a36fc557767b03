"""Settings of the student models other than LDSim's, and of how they are fitted; checked when they are made."""

from __future__ import annotations

from dataclasses import dataclass

from ldsim_env.errors import SettingsError


@dataclass(frozen=True)
class FitSettings:
    """How a student model is fitted by gradients.

    Args:
        seed: Seeds the start weights, the batches and who is kept for stopping.
        epochs: The most epochs.
        patience: Epochs without a better stopping score before fitting ends.
        batch_size: Windows in a batch.
        learning_rate: Of AdamW, decayed by a cosine over ``epochs``; None is the student model's own default.
        weight_decay: Of AdamW, on the matrices only.
        gradient_clip: The largest gradient norm.
        question_penalty: Pull of a question's easiness to its prior, in nats per squared logit each time that a batch
            holds the question.
        question_spread: Standard deviation of the questions' easiness within their set of concepts, in logits; the less
            it is, the closer a question's prior stays to that of its concepts. See `fit_easiness`.
        stopping_share: Share of the training students kept apart for stopping where no ``valid`` log is given.
        window: Interactions in a training window.
    """

    seed: int = 0
    epochs: int = 10
    patience: int = 2
    batch_size: int = 48
    learning_rate: float | None = None
    weight_decay: float = 1e-2
    gradient_clip: float = 1.0
    question_penalty: float = 1.0
    question_spread: float = 0.7
    stopping_share: float = 0.1
    window: int = 200

    def __post_init__(self) -> None:
        for name, least in (("seed", 0), ("epochs", 1), ("patience", 1), ("batch_size", 1), ("window", 3)):
            check_count(name, getattr(self, name), least)
        for name in ("gradient_clip", "question_spread", "learning_rate"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise SettingsError(f"{name}: expected a number above 0, got {value!r}.")
        for name in ("weight_decay", "question_penalty"):
            if not getattr(self, name) >= 0:
                raise SettingsError(f"{name}: expected at least 0, got {getattr(self, name)!r}.")
        if not 0 < self.stopping_share < 1:
            raise SettingsError(f"stopping_share: expected a share between 0 and 1, got {self.stopping_share!r}.")


def check_count(name: str, value: object, least: int = 1) -> None:
    """Refuse what is no whole number of at least ``least``.

    Raises:
        SettingsError: If it isn't.
    """
    if type(value) is not int or value < least:
        raise SettingsError(f"{name}: expected a whole number of at least {least}, got {value!r}.")
