"""The picture of one student's episode: what was asked, how it was answered, and how mastery moved."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ldsim_env.compare.episodes import Episode
from ldsim_env.figures import BLUE, GREY, INK, ORANGE, PALE, new_figure
from ldsim_env.logs.bank import QuestionBank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABEL_WIDTH = 26
LEAST_EXAM_SPAN = 0.1
OTHER_CONCEPTS = "other concepts"


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows of the heat map: which concepts they show, and in which row each question stands."""

    concepts: NDArray[np.int64]
    names: list[str]
    of_questions: NDArray[np.int64]

    @property
    def n(self) -> int:
        return len(self.names)


def episode_picture(episode: Episode, bank: QuestionBank, n_others: int = 5) -> Figure:
    """Draw an episode in three panels over one axis of steps.

    On top the exam score; in the middle a heat map of mastery, the targets first and then the concepts that moved most,
    with the path of questions on it (a question whose concepts are not shown stands in the row "other concepts"); at
    the bottom each question's success probability.

    Args:
        episode: From `run_episode`.
        bank: The environment's bank, for the names of concepts.
        n_others: How many concepts besides the targets to show, at least 0.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    rows = _rows(episode, bank, n_others)
    heights = [1.2, 0.3 * rows.n, 0.8]
    with new_figure(7.6, 1.6 + sum(heights), "Drawing an episode") as figure:
        exam, heat, answers = figure.subplots(3, 1, sharex=True, height_ratios=heights)
        _draw_exam(exam, episode)
        _draw_mastery(figure, heat, episode, rows)
        _draw_path(heat, episode, rows)
        _draw_answers(answers, episode)
        figure.align_ylabels([exam, answers])
    return figure


def _rows(episode: Episode, bank: QuestionBank, n_others: int) -> _Rows:
    concepts = _shown_concepts(episode, n_others)
    practises = bank.concept_matrix[episode.questions][:, concepts] & (episode.questions >= 0)[:, None]
    of_questions = np.where(practises.any(axis=1), practises.argmax(axis=1), concepts.size)
    names = [textwrap.fill(bank.concept_names[k], LABEL_WIDTH, max_lines=2, placeholder="…") for k in concepts]
    if (of_questions == concepts.size).any():
        names.append(OTHER_CONCEPTS)
    return _Rows(concepts, names, of_questions)


def _shown_concepts(episode: Episode, n_others: int) -> NDArray[np.int64]:
    """The targets, then the concepts that moved most, the most moved first."""
    moved = np.abs(episode.mastery[-1] - episode.mastery[0])
    moved[episode.targets] = -1
    others = np.argsort(-moved, kind="stable")[: max(0, min(n_others, moved.size - episode.targets.size))]
    return np.concatenate([episode.targets, others])


def _draw_exam(axes: Axes, episode: Episode) -> None:
    steps = np.arange(episode.n_steps + 1)
    axes.plot(steps, episode.exam_scores, color=BLUE, linewidth=1.8)
    axes.fill_between(steps, episode.exam_start, episode.exam_scores, color=BLUE, alpha=0.12, linewidth=0)
    axes.axhline(episode.exam_start, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    # A student who learns nothing should look like one, whatever the last digits do.
    middle = (episode.exam_scores.min() + episode.exam_scores.max()) / 2
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, middle - LEAST_EXAM_SPAN / 2), max(high, middle + LEAST_EXAM_SPAN / 2))
    axes.set_ylabel("exam score")
    axes.grid(axis="y", color=PALE, linewidth=0.6)
    axes.set_title(
        f"{episode.policy} teaches student {episode.student}: exam {episode.exam_start:.2f} to "
        rf"{episode.exam_end:.2f}, $E_p$ = {episode.learning_gain:.2f}"
    )


def _draw_mastery(figure: Figure, axes: Axes, episode: Episode, rows: _Rows) -> None:
    # Column t is the mastery after t questions, so a question's mark lies in the column that shows what it changed.
    shown = np.full((rows.n, episode.n_steps + 1), np.nan)
    shown[: rows.concepts.size] = episode.mastery[:, rows.concepts].T
    image = axes.imshow(
        shown, aspect="auto", cmap="YlGnBu", vmin=0, vmax=1, interpolation="nearest",
        extent=(-0.5, episode.n_steps + 0.5, rows.n - 0.5, -0.5),
    )  # fmt: skip
    figure.colorbar(image, ax=axes, pad=0.01, aspect=12, ticks=[0, 0.5, 1])
    axes.set_yticks(range(rows.n), rows.names, fontsize=8, linespacing=0.95)
    axes.set_title("mastery of concepts, targets in bold", fontsize=8, fontweight="normal")
    for label in axes.get_yticklabels()[: episode.targets.size]:
        label.set_fontweight("bold")
    axes.hlines(np.arange(1, rows.n) - 0.5, -0.5, episode.n_steps + 0.5, color="white", linewidth=0.8)
    axes.axhline(episode.targets.size - 0.5, color=INK, linewidth=1)
    axes.tick_params(axis="y", length=0)


def _draw_path(axes: Axes, episode: Episode, rows: _Rows) -> None:
    steps, right, wrong = _answers(episode)
    axes.plot(steps, rows.of_questions, color=INK, linewidth=0.5, alpha=0.35)
    axes.scatter(
        steps[right], rows.of_questions[right], s=24, color="white", edgecolors=INK, linewidths=0.9, zorder=3
    )  # fmt: skip
    axes.scatter(
        steps[wrong], rows.of_questions[wrong], s=34, color=ORANGE, marker="X", edgecolors="white", linewidths=0.7,
        zorder=3,
    )  # fmt: skip


def _draw_answers(axes: Axes, episode: Episode) -> None:
    steps, right, wrong = _answers(episode)
    axes.bar(steps[right], episode.answer_probs[right], width=0.7, color=BLUE, label="right (○)")
    axes.bar(steps[wrong], episode.answer_probs[wrong], width=0.7, color=ORANGE, label="wrong (✕)")
    axes.axhline(0.5, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_ylim(0, 1)
    axes.set_ylabel("P(right)")
    axes.set_xlabel("question")
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2, fontsize=8, handlelength=0.8, handleheight=0.8,
        borderaxespad=0, columnspacing=1.2,
    )  # fmt: skip


def _answers(episode: Episode) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Steps, and which of them were answered right and wrong; a refused question was neither."""
    return np.arange(1, episode.n_steps + 1), episode.responses == 1, episode.responses == 0
