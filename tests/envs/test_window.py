import copy
import pickle

import numpy as np
import pytest

from ldsim_env.envs import LDSimEnv
from ldsim_env.envs.window import Window
from tests.envs.fake_student import small_env

pygame = pytest.importorskip("pygame")


@pytest.fixture(autouse=True)
def a_dummy_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.quit()
    # No test needs to wait for the next picture.
    monkeypatch.setitem(LDSimEnv.metadata, "render_fps", 100_000)


def shown() -> np.ndarray:
    return np.swapaxes(pygame.surfarray.array3d(pygame.display.get_surface()), 0, 1)


def test_reset_and_step_show_the_picture() -> None:
    env, other = small_env(render_mode="human"), small_env(render_mode="rgb_array")
    for twin in (env, other):
        twin.reset(seed=0)
    np.testing.assert_array_equal(shown(), other.render())
    for twin in (env, other):
        twin.step(3)
    np.testing.assert_array_equal(shown(), other.render())
    assert env.render() is None
    env.close()


def test_no_window_before_the_first_reset() -> None:
    env = small_env(render_mode="human")
    assert pygame.display.get_surface() is None
    env.close()


def test_close() -> None:
    env = small_env(render_mode="human")
    env.reset(seed=0)
    env.close()
    assert pygame.display.get_surface() is None
    assert pygame.font.get_init(), "other environments of the process keep their fonts"
    env.close()
    env.reset(seed=0)
    assert pygame.display.get_surface() is not None
    env.close()


@pytest.mark.parametrize("end", [pygame.display.quit, pygame.quit])
def test_another_environment_takes_the_window_away(end: object) -> None:
    env = small_env(render_mode="human")
    env.reset(seed=0)
    end()  # type: ignore[operator]
    env.step(0)
    assert pygame.display.get_surface() is not None
    env.close()


def test_another_environment_shows_a_picture_of_another_size() -> None:
    window = Window("ours", 100_000)
    for _ in range(2):
        window.show(pygame.Surface((20, 10)))
        assert pygame.display.get_surface().get_size() == (20, 10)
        pygame.display.set_mode((30, 30))
    window.close()


def test_a_copy_opens_its_own_window() -> None:
    env = small_env(render_mode="human")
    env.reset(seed=0)
    twin = copy.deepcopy(env)
    env.close()
    twin.step(0)
    assert pygame.display.get_surface() is not None
    twin.close()


def test_a_window_survives_pickling_as_a_closed_one() -> None:
    window = Window("a window", 100_000)
    window.show(pygame.Surface((20, 10)))
    twin = pickle.loads(pickle.dumps(window))
    assert window.is_open
    assert not twin.is_open
    assert (twin.caption, twin.frames_per_second) == ("a window", 100_000)
    window.close()


def test_pictures_come_at_the_wished_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[int] = []

    class Clock:
        def tick(self, frames_per_second: int) -> None:
            waits.append(frames_per_second)

    monkeypatch.setattr(pygame.time, "Clock", Clock)
    window = Window("slow", 4)
    for _ in range(3):
        window.show(pygame.Surface((20, 10)))
    window.close()
    assert waits == [4, 4, 4]
