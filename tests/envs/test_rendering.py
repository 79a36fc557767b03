import warnings

import numpy as np
import pytest

from ldsim_env.envs.picture import EMPTY, RESPONSE_COLOURS, TARGET_CONCEPT
from ldsim_env.envs.session import NOT_ASKED
from ldsim_env.logs.response_log import RIGHT, WRONG
from tests.envs.fake_student import FakeStudent, small_env


def test_text_panel() -> None:
    env = small_env(FakeStudent(probs=[1.0] * 6 + [0.0] * 6, practice=0.3, start=0.2), render_mode="ansi")
    env.reset(seed=0, options={"history": [], "targets": ["Adding", "Cubes"]})
    for question in (0, 6, 6):
        env.step(question)
    assert env.render() == (
        "Student given history   step 3/30   exam 0.200 -> 0.500   learning gain +0.375\n"
        "Targets (start -> now)\n"
        "  Adding                               ███████████████░░░░░░░░░░░░░░░ 0.200 -> 0.500\n"
        "  Cubes                                ███████████████░░░░░░░░░░░░░░░ 0.200 -> 0.500\n"
        "Path ✓✗·\n"
        "  ✓ question q0 (Adding), P(right) was 1.00\n"
        "  ✗ question q6 (Cubes), P(right) was 0.00\n"
        "  · question q6 was asked before: the step passed\n"
    )


def test_a_panel_before_the_first_question() -> None:
    env = small_env(render_mode="ansi")
    env.reset(seed=0)
    assert "Path -" in (env.render() or "")


def test_only_the_last_steps_are_written_out() -> None:
    env = small_env(render_mode="ansi")
    env.reset(seed=0)
    for question in range(8):
        env.step(question)
    assert (env.render() or "").count("P(right)") == 5


def test_without_a_render_mode() -> None:
    env = small_env()
    env.reset(seed=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert env.render() is None
    assert "render_mode='ansi'" in str(caught[0].message)


def test_picture() -> None:
    env = small_env(FakeStudent(probs=[1.0] * 6 + [0.0] * 6, practice=0.3, start=0.2), render_mode="rgb_array")
    env.reset(seed=0, options={"history": [], "targets": ["Adding"]})
    before = env.render()
    for question in (0, 6, 6):
        env.step(question)
    after = env.render()
    assert isinstance(before, np.ndarray)
    assert isinstance(after, np.ndarray)
    assert (after.shape, after.dtype) == ((400, 640, 3), np.uint8)
    step = (640 - 2 * 16) / 30
    middle = [int(16 + step * (i + 0.5)) for i in range(4)]
    assert [tuple(after[368, x].tolist()) for x in middle] == [
        RESPONSE_COLOURS[RIGHT],
        RESPONSE_COLOURS[WRONG],
        RESPONSE_COLOURS[NOT_ASKED],
        EMPTY,
    ]
    bar = [(image[:, 80] == TARGET_CONCEPT).all(axis=1).sum() for image in (before, after)]
    assert bar[0] == pytest.approx(0.2 * 320, abs=2)
    assert bar[1] == pytest.approx(0.5 * 320, abs=2)


@pytest.mark.parametrize("name", ["render_modes", "render_fps"])
def test_metadata(name: str) -> None:
    assert name in small_env().metadata
