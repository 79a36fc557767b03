import warnings

import numpy as np
import pytest

from ldsim_env.envs.rendering import text_panel
from tests.envs.fake_student import FakeStudent, small_env
from tests.envs.panels import made_up_panel


def test_text_panel() -> None:
    env = small_env(FakeStudent(probs=[1.0] * 6 + [0.0] * 6, practice=0.3, start=0.2), render_mode="ansi")
    env.reset(seed=0, options={"history": [], "targets": ["Adding", "Cubes"]})
    for question in (0, 6, 6):
        env.step(question)
    assert env.render() == (
        "Student given history   step 3/30   exam 0.200 -> 0.500   learning gain +0.375\n"
        "Exam ▂▃▅▅\n"
        "Targets (start -> now)\n"
        "  Adding                               ███████████████░░░░░░░░░░░░░░░ 0.200 -> 0.500\n"
        "  Cubes                                ███████████████░░░░░░░░░░░░░░░ 0.200 -> 0.500\n"
        "Mastery of all concepts (▲ target)\n"
        "  ▅▂▅▂\n"
        "  ▲ ▲\n"
        "Path of questions ✓✗·\n"
        "  ✓ question q0 (Adding), P(right) was 1.00\n"
        "  ✗ question q6 (Cubes), P(right) was 0.00\n"
        "  · question q6 was asked before: the step passed\n"
    )


def test_a_panel_before_the_first_question() -> None:
    env = small_env(render_mode="ansi")
    env.reset(seed=0)
    assert "Path of questions -" in (env.render() or "")


def test_only_the_last_steps_are_written_out() -> None:
    env = small_env(render_mode="ansi")
    env.reset(seed=0)
    for question in range(8):
        env.step(question)
    assert (env.render() or "").count("P(right)") == 5


def test_the_strip_of_concepts_breaks_into_lines_with_the_targets_under_their_concepts() -> None:
    panel = made_up_panel(n_concepts=200, n_targets=1)._replace(
        targets=np.array([0, 85]), mastery=np.linspace(0, 1, 200, dtype=np.float32)
    )
    lines = text_panel(panel).split("Mastery of all concepts (▲ target)\n")[1].split("\n")[:5]
    assert [len(line) for line in lines[:4]] == [82, 3, 82, 8]
    assert (lines[0][2], lines[1][2], lines[3][7]) == ("▁", "▲", "▲")
    assert lines[4] == "  " + "▇" * 15 + "█" * 25


def test_without_a_render_mode() -> None:
    env = small_env()
    env.reset(seed=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert env.render() is None
    assert "render_mode='ansi'" in str(caught[0].message)


@pytest.mark.parametrize("name", ["render_modes", "render_fps"])
def test_metadata(name: str) -> None:
    assert name in small_env().metadata
