"""Where distilled knowledge comes from: the teacher, the templates, the date and the counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from ldsim_env._version import __version__


@dataclass(frozen=True)
class Provenance:
    """What is saved with each graph and each set of labels.

    Args:
        teacher: Name of the model, or of the recorded answers.
        templates: Labels of the templates, for example ``("connected/1", "grade/1")``.
        date: The day on which it was made, ``YYYY-MM-DD``.
        counts: Numbers of prompts, abstentions and the like.
        settings: Settings of the distillation.
        quality: Measured quality of the teacher, where it was measured.
        library: Version of this library.
    """

    teacher: str
    templates: tuple[str, ...] = ()
    date: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    counts: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    quality: Mapping[str, Any] = field(default_factory=dict)
    library: str = __version__

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Provenance:
        """From what `to_json` gave; unknown keys are a TypeError."""
        return cls(**{**content, "templates": tuple(content["templates"])})
