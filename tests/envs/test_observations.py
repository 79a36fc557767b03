"""What is observed, number by number."""

from itertools import chain
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import Tensor

from ldsim_env.envs import LDSimEnv
from ldsim_env.simulator.protocol import State
from tests.envs.fake_student import FakeStudent, small_bank, small_env

PROBS = [1.0] * 6 + [0.0] * 6  # q0 .. q5 are answered right, the others wrong
DIFFICULTY = np.arange(12, dtype=np.float32)


def env_of(observation: str, **kwargs: Any) -> LDSimEnv:
    student = FakeStudent(small_bank().with_difficulty(DIFFICULTY), probs=PROBS, practice=0.1)
    return small_env(student, observation=observation, **kwargs)


def start(env: LDSimEnv, history: list[Any]) -> Any:
    return env.reset(seed=0, options={"history": history, "targets": ["Adding", "Data"]})[0]


def test_flat() -> None:
    env = env_of("flat")
    assert env.observation_space == gym.spaces.Box(0, 1, (11,), np.float32)
    assert start(env, []).tolist() == pytest.approx([0.2] * 4 + [1, 0, 0, 1] + [0, 0, 0])
    observation = env.step(5)[0]
    assert observation.dtype == np.float32
    assert observation.tolist() == pytest.approx([0.2, 0.3, 0.3, 0.2, *[1, 0, 0, 1], *[1, 0], 1 / 30])
    assert env.step(6)[0][8:].tolist() == pytest.approx([0, 1, 2 / 30])


def test_dict_has_the_flat_vector_and_the_mask() -> None:
    env, flat = env_of("dict"), env_of("flat")
    observation, info = env.reset(seed=4)
    assert list(env.observation_space) == sorted(observation)
    assert np.array_equal(observation["observations"], flat.reset(seed=4)[0])
    assert observation["action_mask"].dtype == np.uint8
    assert np.array_equal(observation["action_mask"], info["action_mask"])
    observation = env.step(3)[0]
    assert observation["action_mask"].tolist() == [1] * 3 + [0] + [1] * 8
    assert np.array_equal(observation["observations"], flat.step(3)[0])


@pytest.mark.parametrize(("action", "n_actions"), [("question", 12), ("concept", 4), ("candidates", 6)])
def test_dict_has_the_mask_of_the_actions(action: str, n_actions: int) -> None:
    env = env_of("dict", action=action, n_candidates=6)
    assert env.observation_space["action_mask"] == gym.spaces.Box(0, 1, (n_actions,), np.uint8)
    assert start(env, [])["action_mask"].shape == (n_actions,)


def test_dict_without_a_mask_where_actions_are_vectors() -> None:
    assert set(start(env_of("dict", action="embedding"), [])) == {"observations"}


def interaction(question: int, concepts: list[int], right: bool) -> list[float]:
    row = [(question + 1) / 12, 0, 0, 0, 0, (question + 0.5) / 12, float(right), float(not right)]
    for concept in concepts:
        row[1 + concept] = 1
    return row


def test_history_shows_the_last_interactions_and_nothing_that_is_estimated() -> None:
    env = env_of("history", history_length=3)
    nothing, end = [0.0] * 8, [1, 0, 0, 1]
    assert env.observation_space == gym.spaces.Box(0, 1, (3 * 8 + 5,), np.float32)
    assert start(env, []).tolist() == pytest.approx(nothing * 3 + [*end, 0])
    assert start(env, [(11, 0)]).tolist() == pytest.approx(nothing * 2 + interaction(11, [0, 3], False) + [*end, 0])
    rows = [interaction(11, [0, 3], False), interaction(5, [1, 2], True), interaction(6, [2], False)]
    env.step(5)
    observation = env.step(6)[0]
    assert observation.tolist() == pytest.approx([*chain(*rows), *end, 2 / 30])
    assert env.step(6)[0][:24].tolist() == pytest.approx([*chain(*rows)])  # skipped: nothing new
    assert env.step(0)[0][:24].tolist() == pytest.approx([*chain(*rows[1:], interaction(0, [0], True))])


def test_the_question_can_be_read_off_the_history() -> None:
    env = env_of("history", history_length=2)
    env.reset(seed=0)
    for question in range(12):
        observation = env.step(question)[0]
        assert round(float(observation[8]) * env.bank.n_questions) - 1 == question


def test_a_long_history_is_cut() -> None:
    env = env_of("history", history_length=2)
    observation = start(env, [(0, 1), (1, 0), (2, 1)])
    assert observation[:16].tolist() == pytest.approx(interaction(1, [0], False) + interaction(2, [0], True))


def test_the_cohorts_histories_are_shown() -> None:
    env = env_of("history", history_length=4)
    for student in range(env.n_students):
        observation = env.reset(options={"student": student})[0]
        questions = env._teaching.students.student(student).questions[-4:]
        seen = (observation[:32].reshape(4, 8)[:, 0] * 12).round() - 1
        assert seen.tolist() == [-1] * (4 - len(questions)) + questions.tolist()


def test_latent_is_the_state_in_floats() -> None:
    env = env_of("latent")
    assert env.observation_space.low.tolist() == [-10] * 4 + [0] * 7
    assert env.observation_space.high.tolist() == [10] * 4 + [1] * 7
    start(env, [])
    assert env.step(0)[0].tolist() == pytest.approx([0.3, 0.2, 0.2, 0.2, *[1, 0, 0, 1], *[1, 0], 1 / 30])


class Outspoken(FakeStudent):
    """Says itself what its latent state is."""

    def latent(self, state: State) -> Tensor:
        return torch.stack([state["level"][:, 0] * 1000, -state["practised"][:, 0] * 1000.0], dim=1)


def test_a_model_may_say_itself_what_its_latent_state_is_which_is_cut_off() -> None:
    env = small_env(Outspoken(), observation="latent")
    env.reset(seed=0, options={"history": [(0, 1)]})
    observation = env.step(1)[0]
    assert observation.shape == env.observation_space.shape == (2 + 4 + 3,)
    assert observation[:2].tolist() == [10, -10]


@pytest.mark.parametrize("observation", ["flat", "dict", "history", "latent"])
def test_observations_are_new_arrays(observation: str) -> None:
    env = env_of(observation, action="candidates", n_candidates=3)
    before, _ = env.reset(seed=0)
    kept = {name: value.copy() for name, value in _named(before).items()}
    for place in (0, 1, 2):
        env.step(place)
    assert all(np.array_equal(value, kept[name]) for name, value in _named(before).items())


def _named(observation: Any) -> dict[str, Any]:
    return observation if isinstance(observation, dict) else {"all": observation}
