"""What is shown of an episode, and the episode as text: exam score, mastery and the path of questions so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.session import NOT_ASKED

BAR_WIDTH = 30
NAME_WIDTH = 36
STRIP_WIDTH = 80  # concepts in a line
LEVELS = "▁▂▃▄▅▆▇█"
RIGHT_MARK, WRONG_MARK, SKIPPED_MARK, TARGET_MARK = "✓", "✗", "·", "▲"


class PathStep(NamedTuple):
    """One step of the path so far."""

    question_id: str
    concept_names: tuple[str, ...]
    prob: float  # P(right) before the answer
    response: int  # 1 right, 0 wrong, NOT_ASKED where the step passed without a question
    exam_score: float  # after the step


class Panel(NamedTuple):
    """What a picture of an episode shows."""

    student: str
    concept_names: Sequence[str]  # (n_concepts,)
    targets: NDArray[np.int64]  # (n_targets,) concept indices
    start_mastery: NDArray[np.float32]  # (n_concepts,)
    mastery: NDArray[np.float32]  # (n_concepts,)
    exam_start: float
    exam_score: float
    learning_gain: float
    step_budget: int
    path: Sequence[PathStep]


def text_panel(panel: Panel, last: int = 5) -> str:
    """Draw the panel in plain text.

    Args:
        panel: What to show.
        last: How many of the last steps are written out, one a line.
    """
    lines = [
        f"Student {panel.student}   step {len(panel.path)}/{panel.step_budget}   "
        f"exam {panel.exam_start:.3f} -> {panel.exam_score:.3f}   learning gain {panel.learning_gain:+.3f}",
        f"Exam {_levels([panel.exam_start, *(step.exam_score for step in panel.path)])}",
        "Targets (start -> now)",
        *(_target_line(panel, target) for target in panel.targets.tolist()),
        f"Mastery of all concepts ({TARGET_MARK} target)",
        *_concept_lines(panel),
        f"Path of questions {''.join(map(mark, panel.path)) or '-'}",
        *map(_step_line, panel.path[-last:]),
    ]
    return "\n".join(lines) + "\n"


def _target_line(panel: Panel, target: int) -> str:
    name, start, now = panel.concept_names[target], panel.start_mastery[target], panel.mastery[target]
    return f"  {name[:NAME_WIDTH]:<{NAME_WIDTH}} {bar(now)} {start:.3f} -> {now:.3f}"


def bar(share: float) -> str:
    """A bar as long as the share in [0, 1]."""
    filled = round(float(share) * BAR_WIDTH)
    return "█" * filled + "░" * (BAR_WIDTH - filled)


def _levels(shares: Sequence[float]) -> str:
    """One letter a share, as high as the share in [0, 1]."""
    return "".join(LEVELS[min(int(share * len(LEVELS)), len(LEVELS) - 1)] for share in shares)


def _concept_lines(panel: Panel) -> Iterator[str]:
    """The concepts in the bank's order, and below each line of them the marks of its targets, if it has any."""
    levels, targets = _levels(panel.mastery.tolist()), set(panel.targets.tolist())
    for first in range(0, len(levels), STRIP_WIDTH):
        line = levels[first : first + STRIP_WIDTH]
        yield f"  {line}"
        marks = "".join(TARGET_MARK if first + place in targets else " " for place in range(len(line))).rstrip()
        if marks:
            yield f"  {marks}"


def mark(step: PathStep) -> str:
    """One letter for a step: right, wrong or skipped."""
    if step.response == NOT_ASKED:
        return SKIPPED_MARK
    return RIGHT_MARK if step.response else WRONG_MARK


def _step_line(step: PathStep) -> str:
    if step.response == NOT_ASKED:
        return f"  {SKIPPED_MARK} question {step.question_id} was asked before: the step passed"
    return f"  {mark(step)} question {step.question_id} ({', '.join(step.concept_names)}), P(right) was {step.prob:.2f}"
