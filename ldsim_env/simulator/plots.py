"""Pictures of a simulator: how training went, and how far its probabilities can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ldsim_env.figures import BLUE, GREY, ORANGE, PALE, new_figure
from ldsim_env.simulator.metrics import reliability
from ldsim_env.simulator.tasks import Predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ldsim_env.simulator.training import EpochRecord


def training_plot(history: Sequence[EpochRecord]) -> Figure:
    """Loss of the training students and AUCs of the stopping students by epoch, the chosen epoch marked."""
    with new_figure(7, 2.8, "Drawing the training history") as figure:
        loss, auc = figure.subplots(1, 2)
        epochs = [record.epoch for record in history]
        loss.plot(epochs, [record.loss for record in history], color=GREY, marker="o", markersize=3)
        loss.set(title="Training loss", xlabel="epoch", ylabel="nats a response")
        auc.plot(epochs, [r.kt_auc for r in history], color=BLUE, marker="o", markersize=3, label="knowledge tracing")
        simulation = [record.simulation_auc for record in history]
        auc.plot(epochs, simulation, color=ORANGE, marker="o", markersize=3, label="simulation, expected")
        auc.set(title="AUC on the stopping students", xlabel="epoch")
        auc.legend(loc="center right")
        chosen = max(history, key=lambda record: record.stopping_score).epoch
        for axes in (loss, auc):
            axes.axvline(chosen, color=PALE, zorder=0)
            axes.xaxis.get_major_locator().set_params(integer=True)
        return figure


def reliability_plot(tasks: Mapping[str, Predictions]) -> Figure:
    """A reliability diagram for each task: share of right answers against P(right); dots grow with their positions."""
    with new_figure(3.2 * len(tasks), 3.3, "Drawing a reliability diagram") as figure:
        for axes, (name, predictions) in zip(
            figure.subplots(1, len(tasks), squeeze=False)[0], tasks.items(), strict=True
        ):
            _draw_reliability(axes, name, predictions)
        return figure


def _draw_reliability(axes: Axes, name: str, predictions: Predictions) -> None:
    bins = reliability(predictions.response, predictions.prob)
    axes.plot([0, 1], [0, 1], color=PALE, zorder=0)
    prob, response = [b.mean_prob for b in bins], [b.mean_response for b in bins]
    axes.plot(prob, response, color=BLUE, linewidth=1)
    axes.scatter(prob, response, s=[8 + 400 * b.n / len(predictions) for b in bins], color=BLUE)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="P(right)", ylabel="share right", aspect="equal")
    axes.set_title(f"{name}\nECE {predictions.scores().ece:.3f}")
