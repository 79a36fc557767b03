import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from gymnasium.wrappers import RecordVideo, RenderCollection
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ldsim_env.envs.canvas import Box
from ldsim_env.envs.cards import FAINT, PASSED_COLOUR, RIGHT_COLOUR, TARGET, WRONG_COLOUR
from ldsim_env.envs.concept_cards import BADGE_ROOM, _side_by_side
from ldsim_env.envs.picture import CONCEPTS, HEIGHT, LAST_QUESTIONS, TARGETS, WIDTH, picture
from ldsim_env.errors import MissingExtraError
from ldsim_env.figures import ORANGE
from tests.envs.fake_student import FakeStudent, make_small, small_env
from tests.envs.panels import made_up_panel

Picture = NDArray[np.uint8]


def cut(image: Picture, box: Box) -> Picture:
    return image[int(box.y) : int(box.bottom), int(box.x) : int(box.right)]


def is_colour(image: Picture, colour: str) -> NDArray[np.bool_]:
    return np.asarray((image == np.frombuffer(bytes.fromhex(colour[1:]), np.uint8)).all(axis=-1))


def widest(image: Picture, colour: str) -> int:
    """Pixels of the colour in the row that has most of them."""
    return int(is_colour(image, colour).sum(axis=1).max())


def taught() -> tuple[Picture, Picture]:
    """Pictures before and after a right answer, a wrong answer and a step that passed."""
    env = small_env(FakeStudent(probs=[1.0] * 6 + [0.0] * 6, practice=0.3, start=0.2), render_mode="rgb_array")
    env.reset(seed=0, options={"history": [], "targets": ["Adding"]})
    before = env.render()
    for question in (0, 6, 6):
        env.step(question)
    after = env.render()
    assert isinstance(before, np.ndarray)
    assert isinstance(after, np.ndarray)
    return before, after


def test_format() -> None:
    image = picture(made_up_panel())
    assert (image.shape, image.dtype) == ((640, 1024, 3), np.uint8)
    assert image.flags.c_contiguous
    assert image.flags.writeable
    assert WIDTH % 16 == HEIGHT % 16 == 0


def test_no_display_is_opened() -> None:
    pygame = pytest.importorskip("pygame")
    pygame.display.quit()
    picture(made_up_panel())
    assert not pygame.display.get_init()


def test_same_panel_same_picture_whatever_others_do_to_pygame() -> None:
    pygame = pytest.importorskip("pygame")
    first = picture(made_up_panel())
    pygame.quit()
    np.testing.assert_array_equal(picture(made_up_panel()), first)


def test_a_target_is_as_long_as_its_mastery() -> None:
    before, after = (cut(image, TARGETS) for image in taught())
    track = widest(before, TARGET) + widest(before, FAINT)
    assert widest(before, TARGET) == pytest.approx(0.2 * track, abs=5)
    assert widest(after, TARGET) == pytest.approx(0.5 * track, abs=5)


def test_the_last_questions_have_the_mark_of_their_response() -> None:
    before, after = (cut(image, LAST_QUESTIONS) for image in taught())
    for colour in (RIGHT_COLOUR, WRONG_COLOUR, PASSED_COLOUR):
        assert is_colour(after, colour).sum() > is_colour(before, colour).sum()
    rows = [is_colour(after, colour).any(axis=1).argmax() for colour in (WRONG_COLOUR, RIGHT_COLOUR)]
    assert rows[0] < rows[1], "the latest question is on top"


def test_concepts_stay_in_their_place_throughout_an_episode() -> None:
    panel = made_up_panel(n_steps=20)
    places = [
        is_colour(cut(picture(panel._replace(mastery=mastery)), CONCEPTS._replace(y=CONCEPTS.bottom - 32)), TARGET)
        for mastery in (panel.start_mastery, panel.mastery)
    ]
    assert places[0].any()
    np.testing.assert_array_equal(*places)


@given(st.lists(st.floats(100, 900), min_size=1, max_size=4))
def test_the_numbers_of_neighbouring_targets_do_not_cover_one_another(middles: list[float]) -> None:
    places = _side_by_side(np.array(middles), 100.0, 900.0)
    assert np.diff(sorted(places)).min(initial=BADGE_ROOM) >= BADGE_ROOM - 1e-9
    assert min(places) >= 100
    assert max(places) <= 900
    if np.diff(sorted(middles)).min(initial=BADGE_ROOM) >= BADGE_ROOM:
        assert places == pytest.approx(middles)


def test_a_loss_is_told_by_its_colour() -> None:
    panel = made_up_panel()
    header = Box(860, 0, WIDTH - 860, 44)
    for gain, shown, absent in ((0.2, TARGET, ORANGE), (-0.2, ORANGE, TARGET)):
        image = cut(picture(panel._replace(learning_gain=gain)), header)
        assert is_colour(image, shown).any()
        assert not is_colour(image, absent).any()


@pytest.mark.parametrize(
    ("n_concepts", "n_targets", "n_steps", "step_budget"),
    [(1, 1, 0, 1), (2, 2, 5, 5), (110, 3, 0, 30), (110, 110, 30, 30), (900, 5, 300, 1000), (110, 2, 23, 10)],
)
def test_extreme_episodes(n_concepts: int, n_targets: int, n_steps: int, step_budget: int) -> None:
    image = picture(made_up_panel(n_concepts, n_targets, n_steps, step_budget))
    assert (image[:20] == image[0, 0]).all(axis=-1)[:, 540:580].all(), "the head of the page runs over its room"
    assert is_colour(image, TARGET).any()


@pytest.mark.parametrize("render_mode", ["rgb_array", "human"])
def test_without_pygame(monkeypatch: pytest.MonkeyPatch, render_mode: str) -> None:
    monkeypatch.setitem(sys.modules, "pygame", None)
    env = small_env(render_mode=render_mode)
    with pytest.raises(
        MissingExtraError, match=r"Drawing an environment needs the package 'pygame'.*ldsim-env\[render"
    ):
        env.reset(seed=0)
        env.render()


def test_frames_of_an_episode() -> None:
    env = RenderCollection(make_small(render_mode="rgb_array"))
    env.reset(seed=0)
    for question in range(4):
        env.step(question)
    frames = env.render()
    assert len(frames) == 5
    assert all((first != second).any() for first, second in pairwise(frames))


@pytest.mark.slow
def test_record_video(tmp_path: Path) -> None:
    pytest.importorskip("moviepy", reason="RecordVideo needs moviepy, which is not installed")
    env = RecordVideo(make_small(render_mode="rgb_array"), str(tmp_path / "videos"), episode_trigger=lambda _: True)
    env.reset(seed=0)
    for question in range(4):
        env.step(question)
    env.close()
    (video,) = (tmp_path / "videos").glob("*.mp4")
    assert video.stat().st_size > 1000
