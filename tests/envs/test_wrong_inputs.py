"""The page of wrong inputs says what is really said, and each message is of use."""

import re

import gymnasium as gym
import pytest

from ldsim_env.errors import LDSimError
from tests.envs.wrong_inputs import PAGE, TRIED, Wrong, page, said

pytest.importorskip("pettingzoo", reason="needs the extra 'classroom'")
pytest.importorskip("stable_baselines3", reason="needs the extra 'agents'")


OF_USE = (
    *("expected", "unknown", "must be", "each concept once", r"reset\(\)", "[Mm]ake the env", "no student with"),
    *("same arguments", "Render a single", "make another", "is for a single"),
)


def test_the_page_is_in_step() -> None:
    assert PAGE.read_text() == page(), "run `python -m tests.envs.wrong_inputs`"


@pytest.mark.parametrize("wrong", TRIED, ids=lambda wrong: wrong.shown)
def test_the_error_is_ours_or_gymnasiums_and_says_what_was_expected(wrong: Wrong) -> None:
    with pytest.raises((LDSimError, gym.error.Error, gym.error.ClosedEnvironmentError)) as caught:
        wrong.tried()
    assert re.search("|".join(OF_USE), str(caught.value)), said(wrong)
