"""Pictures are drawn and written."""

from pathlib import Path

import numpy as np
import pytest

from ldsim_env.errors import SettingsError
from ldsim_env.figures import save_figure
from ldsim_env.simulator import EpochRecord, predict_kt, predict_simulation
from ldsim_env.simulator.plots import reliability_plot, training_plot
from tests.simulator.made_up import made_up_log, made_up_network

HISTORY = [
    EpochRecord(1, 0.7, 0.61, 0.58, 1.0),
    EpochRecord(2, 0.6, 0.72, 0.66, 1.0),
    EpochRecord(3, 0.5, 0.70, 0.65, 1.0),
]


def pixels(path: Path) -> np.ndarray:
    from matplotlib.image import imread

    return np.asarray(imread(path))


def test_training_history(tmp_path: Path) -> None:
    figure = training_plot(HISTORY)
    loss, auc = figure.axes
    assert loss.lines[0].get_ydata() == pytest.approx([0.7, 0.6, 0.5])
    assert [line.get_label() for line in auc.lines[:2]] == ["knowledge tracing", "simulation, expected"]
    assert set(auc.lines[-1].get_xdata()) == {2}  # the chosen epoch
    save_figure(figure, tmp_path / "history.png")
    picture = pixels(tmp_path / "history.png")
    assert picture.shape[:2] == (560, 1400)
    assert picture[..., :3].std() > 0.05


def test_one_epoch_can_be_drawn(tmp_path: Path) -> None:
    save_figure(training_plot(HISTORY[:1]), tmp_path / "history.svg")
    assert b"<svg" in (tmp_path / "history.svg").read_bytes()


def test_reliability_diagrams_stand_side_by_side(tmp_path: Path) -> None:
    network, log = made_up_network(), made_up_log()
    tasks = {"kt": predict_kt(network, log), "simulation": predict_simulation(network, log)}
    figure = reliability_plot(tasks)
    assert [axes.get_title(loc="left").split("\n")[0] for axes in figure.axes] == ["kt", "simulation"]
    assert f"ECE {tasks['kt'].scores().ece:.3f}" in figure.axes[0].get_title(loc="left")
    assert len(figure.axes[0].collections[0].get_offsets()) > 3  # a dot for each bin
    save_figure(figure, tmp_path / "reliability.png")
    assert pixels(tmp_path / "reliability.png")[..., :3].std() > 0.05


def test_an_unknown_ending(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"expected a name that ends in \.png, \.svg, \.pdf, got 'a\.bmp'"):
        save_figure(training_plot(HISTORY), tmp_path / "a.bmp")
    assert not list(tmp_path.iterdir())
