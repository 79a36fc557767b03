from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest

from ldsim_env.compare import run_episode
from ldsim_env.compare.episodes import NO_RESPONSE
from ldsim_env.errors import SettingsError
from ldsim_env.recommenders import RECOMMENDERS, make_recommender
from tests.envs.fake_student import FakeStudent, make_small, small_env
from tests.recommenders.toy_env import N_STEPS, register_toy


class Stubborn:
    """Asks the same question for ever, which the environment refuses from the second time on."""

    name = "stubborn"

    def start(self, env: Any, rng: np.random.Generator) -> None: ...

    def recommend(self, observation: Any, info: Any) -> int:
        return 3


def arrays_of(episode: Any) -> list[Any]:
    names = ("targets", "questions", "responses", "answer_probs", "rewards", "exam_scores", "mastery")
    return [getattr(episode, name) for name in names]


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_same_seed_and_student_same_episode(name: str) -> None:
    env = make_small(cohort_split="all")
    first = run_episode(env, make_recommender(name), seed=5, student=2)
    run_episode(env, make_recommender("random"), seed=1, student=0)
    again = run_episode(env, make_recommender(name), seed=5, student=2)
    for one, other in zip(arrays_of(first), arrays_of(again), strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_seed_is_another_episode() -> None:
    env = gymnasium.make(register_toy())
    episodes = [run_episode(env, make_recommender("random"), seed, 2) for seed in range(4)]
    assert len({tuple(episode.questions) for episode in episodes}) == 4
    assert len({tuple(episode.targets) for episode in episodes}) > 1


def test_shapes_and_agreement_with_the_environment() -> None:
    env = gymnasium.make(register_toy())
    episode = run_episode(env, make_recommender("zpd"), seed=0, student=1)
    assert episode.n_steps == N_STEPS
    assert not episode.terminated
    assert [len(values) for values in arrays_of(episode)[1:]] == [N_STEPS] * 4 + [N_STEPS + 1] * 2
    assert episode.mastery.shape == (N_STEPS + 1, 4)
    np.testing.assert_allclose(episode.mastery[:, episode.targets].mean(1), episode.exam_scores, rtol=1e-6)
    expected = (episode.exam_end - episode.exam_start) / (1 - episode.exam_start)
    assert episode.learning_gain == pytest.approx(expected)
    assert episode.rewards.sum() == pytest.approx(expected)
    assert episode.success_rate == episode.responses.mean()
    assert episode.repeat_rate == 0


def test_an_episode_that_ends_by_itself() -> None:
    env = small_env(FakeStudent(practice=0.5), cohort_split="all", n_targets=1)
    episode = run_episode(env, make_recommender("random-target"), seed=0, student=0)
    assert episode.terminated
    assert episode.n_steps == 2


def test_refused_questions_count_as_repeats_and_not_as_answers() -> None:
    env = make_small(cohort_split="all")
    episode = run_episode(env, Stubborn(), seed=0, student=0)
    assert episode.questions.tolist() == [3] * 30
    assert (episode.responses[1:] == NO_RESPONSE).all()
    assert np.isnan(episode.answer_probs[1:]).all()
    assert episode.repeat_rate == pytest.approx(29 / 30)
    assert episode.success_rate == episode.responses[0]


def test_an_environment_of_another_kind_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"expected the info keys exam_score.*'LDSim-'"):
        run_episode(gymnasium.make("CartPole-v1"), Stubborn(), seed=0, student=0)
