from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from ldsim_env.compare import (
    CompareSettings,
    ResultFolder,
    compare,
    episode_picture,
    interval_plot,
    run_episode,
    save_figure,
)
from ldsim_env.errors import MissingExtraError, SettingsError
from ldsim_env.recommenders import make_recommender
from tests.envs.fake_student import make_small
from tests.recommenders.toy_env import TOY_ID, register_toy, toy_bank

matplotlib_image = pytest.importorskip("matplotlib.image", reason="needs the extra 'report'")


@pytest.fixture(scope="module")
def comparison() -> ResultFolder:
    register_toy()
    return compare(["random", "zpd", "greedy"], CompareSettings(env_id=TOY_ID, n_students=6))


@pytest.fixture(autouse=True)
def no_pyplot() -> Iterator[None]:
    """Pictures must not need pyplot, whose figures live on in a global list and may want a display."""
    already = "matplotlib.pyplot" in sys.modules
    yield
    assert already or "matplotlib.pyplot" not in sys.modules


def assert_is_a_picture(path: Path) -> None:
    pixels = matplotlib_image.imread(path)
    assert min(pixels.shape[:2]) > 400
    assert np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0).shape[0] > 50


def test_the_plot_is_written(comparison: ResultFolder, tmp_path: Path) -> None:
    save_figure(interval_plot(comparison), tmp_path / "new" / "plot.png")
    assert_is_a_picture(tmp_path / "new" / "plot.png")


def test_the_plot_sorts_policies_and_marks_reference_and_simulator(comparison: ResultFolder) -> None:
    figure = interval_plot(comparison)
    axes = figure.axes[0]
    iqm = {line.get_ydata()[0]: line.get_xdata()[0] for line in axes.lines if line.get_marker() in ("o", "D")}
    assert [iqm[y] for y in sorted(iqm)] == sorted(iqm.values())
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[0] == "random"
    assert [line.get_ydata()[0] for line in axes.lines if line.get_marker() == "D"] == [names.index("greedy")]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "looks ahead on the simulator" in legend
    assert "random (reference)" in legend


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_other_formats(comparison: ResultFolder, tmp_path: Path, ending: str) -> None:
    save_figure(interval_plot(comparison), tmp_path / f"plot.{ending}")
    assert (tmp_path / f"plot.{ending}").stat().st_size > 5_000


def test_an_unknown_format_is_refused(comparison: ResultFolder, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"expected a name that ends in .png, .svg, .pdf, got 'plot.gif'"):
        save_figure(interval_plot(comparison), tmp_path / "plot.gif")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["random", "zpd"])
def test_the_episode_picture_is_written(name: str, tmp_path: Path) -> None:
    env = gymnasium.make(register_toy())
    episode = run_episode(env, make_recommender(name), seed=0, student=1)
    save_figure(episode_picture(episode, toy_bank(), n_others=0), tmp_path / "episode.png")
    assert_is_a_picture(tmp_path / "episode.png")


def test_the_episode_picture_shows_targets_first_and_every_question() -> None:
    env = make_small(cohort_split="all")
    episode = run_episode(env, make_recommender("random"), seed=0, student=1)
    bank = env.get_wrapper_attr("bank")
    heat = episode_picture(episode, bank, n_others=0).axes[1]
    names = [label.get_text() for label in heat.get_yticklabels()]
    assert names[:-1] == [bank.concept_names[k] for k in episode.targets]
    assert names[-1] == "other concepts"
    assert sum(len(marks.get_offsets()) for marks in heat.collections[1:]) == episode.n_steps


def test_missing_matplotlib_names_the_extra(comparison: ResultFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"Plotting a comparison needs.*pip install 'ldsim-env\[report\]'"):
        interval_plot(comparison)
