from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest

from ldsim_env.compare.batched import may_be_batched, run_batched
from ldsim_env.compare.episodes import run_episode
from ldsim_env.compare.student_view import NeedsOwnEnvError
from ldsim_env.recommenders import make_recommender
from tests.compare.test_episodes import arrays_of
from tests.envs.fake_student import SMALL_ID, FakeStudent, register_small

STUDENTS = range(7)
BATCHED = ("random", "random-target", "fixed", "weakest", "zpd", "zpd-weakest")


def make_both(**options: Any) -> tuple[Any, Any]:
    register_small()
    arguments = {
        "cohort_split": "all",
        "student_model": FakeStudent(practice=0.15, from_mastery=True),
        "mastery_threshold": 0.45,
    } | options
    batched = gymnasium.make_vec(SMALL_ID, num_envs=len(STUDENTS), vectorization_mode="vector_entry_point", **arguments)
    return gymnasium.make(SMALL_ID, disable_env_checker=True, **arguments), batched


@pytest.mark.parametrize("name", BATCHED)
@pytest.mark.parametrize("options", [{}, {"masked_action": "error"}, {"max_episode_steps": 5}])
def test_the_same_episodes_as_one_after_another(name: str, options: dict[str, Any]) -> None:
    single, batched = make_both(**options)
    for _ in range(2):  # the second time the batch has a past
        together = run_batched(batched, make_recommender(name), 3, STUDENTS)
        for student, episode in zip(STUDENTS, together, strict=True):
            alone = run_episode(single, make_recommender(name), 3, student)
            assert (episode.student, episode.terminated) == (student, alone.terminated)
            assert episode.learning_gain == pytest.approx(alone.learning_gain)
            for one, other in zip(arrays_of(episode), arrays_of(alone), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-6)
    if name == "random" and not options:
        assert len({episode.n_steps for episode in together}) > 1


class Nosy:
    name = "nosy"
    copies_share_nothing = True

    def start(self, env: Any, rng: np.random.Generator) -> None:
        env.unwrapped.save_state()

    def recommend(self, observation: Any, info: Any) -> int:
        return int(np.argmax(info["action_mask"]))


def test_who_asks_for_more_than_a_view_has_is_told_to_go_alone() -> None:
    _, batched = make_both()
    with pytest.raises(NeedsOwnEnvError, match="save_state"):
        run_batched(batched, Nosy(), 0, STUDENTS)


def test_who_may_be_batched() -> None:
    assert may_be_batched(make_recommender("zpd"))
    assert not may_be_batched(make_recommender("greedy"))
    assert may_be_batched(Nosy())


class Own:
    name = "own"

    def start(self, env: Any, rng: np.random.Generator) -> None: ...

    def recommend(self, observation: Any, info: Any) -> int:
        return 0


def test_a_recommender_of_the_users_goes_alone_unless_it_says_otherwise() -> None:
    assert not may_be_batched(Own())
