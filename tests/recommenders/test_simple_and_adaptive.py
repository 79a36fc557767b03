from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
import pytest

from ldsim_env.errors import LDSimError, SettingsError
from ldsim_env.recommenders import RECOMMENDERS, GreedyRecommender, Recommender, make_recommender, uses_simulator
from tests.recommenders.toy_env import CONCEPTS, ToyEnv, register_toy

TOY_PLAYERS = sorted(set(RECOMMENDERS) - {"beam"})  # which needs the student model itself: see test_beam


def play(name: str, *, targets: Sequence[int] = (0, 1), seed: int = 3, n_steps: int = 12) -> list[int]:
    """The questions that a recommender asks of the toy student 0, until the bank is used up."""
    env: gymnasium.Env[Any, Any] = ToyEnv()
    observation, info = env.reset(seed=seed, options={"student": 0, "targets": list(targets)})
    recommender = make_recommender(name)
    recommender.start(env, np.random.default_rng(seed))
    asked: list[int] = []
    for _ in range(n_steps):
        action = recommender.recommend(observation, info)
        assert info["action_mask"][action] == 1
        observation, _, terminated, _, info = env.step(action)
        asked.append(action)
    assert terminated == (n_steps == 12)
    return asked


def on_targets(targets: Sequence[int]) -> set[int]:
    return {question for question, concepts in enumerate(CONCEPTS) if set(concepts) & set(targets)}


@pytest.mark.parametrize("name", TOY_PLAYERS)
def test_every_recommender_asks_legal_questions_till_the_bank_is_used_up(name: str) -> None:
    assert sorted(play(name)) == list(range(12))


@pytest.mark.parametrize("name", sorted(set(TOY_PLAYERS) - {"random"}))
@pytest.mark.parametrize("targets", [(0, 1), (1, 2), (3,)])
def test_target_questions_come_before_all_others(name: str, targets: Sequence[int]) -> None:
    wanted = on_targets(targets)
    assert set(play(name, targets=targets)[: len(wanted)]) == wanted


@pytest.mark.parametrize("name", TOY_PLAYERS)
def test_same_seed_same_questions(name: str) -> None:
    assert play(name) == play(name)


@pytest.mark.parametrize("name", ["random", "random-target", "weakest"])
def test_another_seed_other_questions(name: str) -> None:
    assert play(name) != play(name, seed=4)


def test_fixed_order_alternates_the_targets_each_from_easy_to_hard() -> None:
    # concept 0: 1 (-1.0), 0 (.5), 2 (2.0); concept 1: 4 (-2.0), 3 (0.0), 5 (1.0)
    assert play("fixed", targets=(1, 0))[:6] == [1, 4, 0, 3, 2, 5]


def test_fixed_order_ends_with_the_rest_of_the_bank_from_easy_to_hard() -> None:
    assert play("fixed")[6:] == [10, 6, 8, 11, 9, 7]


def test_a_question_of_two_targets_comes_once_in_the_fixed_order() -> None:
    # concept 1: 4, 3, 5; concept 2: 6 (-.5), 5 (1.0), 7 (1.5): 5 stands in the place that concept 2 gives it
    assert play("fixed", targets=(1, 2))[:5] == [4, 6, 3, 5, 7]


def test_weakest_keeps_to_the_target_with_the_least_mastery() -> None:
    env = ToyEnv()
    observation, info = env.reset(seed=0, options={"student": 0, "targets": [0, 3]})
    env._mastery[[0, 3]] = 0.9, 0.1
    recommender = make_recommender("weakest")
    recommender.start(env, np.random.default_rng(0))
    assert {recommender.recommend(observation, info) for _ in range(50)} == {8, 9, 10}


def test_weakest_passes_over_a_target_without_questions() -> None:
    env = ToyEnv()
    env.reset(seed=0, options={"student": 0, "targets": [0, 3]})
    env._mastery[[0, 3]] = 0.9, 0.1
    env._asked[[8, 9, 10]] = True
    recommender = make_recommender("weakest")
    recommender.start(env, np.random.default_rng(0))
    assert recommender.recommend(None, {"action_mask": env.action_masks()}) in {0, 1, 2}


@pytest.mark.parametrize(("name", "candidates"), [("zpd", {0, 1, 2, 8, 9, 10}), ("zpd-weakest", {8, 9, 10})])
def test_zpd_asks_for_the_probability_nearest_one_half(name: str, candidates: set[int]) -> None:
    env = ToyEnv()
    observation, info = env.reset(seed=0, options={"student": 0, "targets": [0, 3]})
    env._mastery[[0, 3]] = 0.6, 0.4
    recommender = make_recommender(name)
    recommender.start(env, np.random.default_rng(0))
    distance = {question: abs(float(env.answer_probs()[question]) - 0.5) for question in candidates}
    assert recommender.recommend(observation, info) == min(distance, key=distance.__getitem__)


def test_greedy_asks_for_the_greatest_expected_gain() -> None:
    env = ToyEnv()
    observation, info = env.reset(seed=0, options={"student": 0, "targets": [1, 2]})
    greedy = GreedyRecommender()
    greedy.start(env, np.random.default_rng(0))
    gains = env.expected_gains(np.arange(12))
    assert greedy.recommend(observation, info) == int(np.argmax(gains)) == 5


@pytest.mark.parametrize("max_candidates", [1, 2, 3, 4, 6])
def test_greedy_tries_at_most_so_many_candidates_from_both_ends(max_candidates: int) -> None:
    env = ToyEnv()
    env.reset(seed=0, options={"student": 0, "targets": [0, 3]})
    tried: list[np.ndarray] = []
    look_ahead = env.expected_gains
    env.expected_gains = lambda questions: tried.append(questions) or look_ahead(questions)  # type: ignore[method-assign]
    greedy = GreedyRecommender(max_candidates)
    greedy.start(env, np.random.default_rng(0))
    greedy.recommend(None, {"action_mask": env.action_masks()})
    (candidates,) = tried
    assert 1 <= candidates.size <= max_candidates
    if max_candidates == 4:  # two of each target: its easiest and its hardest question
        assert candidates.tolist() == [1, 2, 9, 10]


def test_only_greedy_and_beam_are_marked_as_using_the_simulator() -> None:
    assert [name for name in RECOMMENDERS if uses_simulator(make_recommender(name))] == ["greedy", "beam"]


def test_every_recommender_keeps_the_protocol_and_its_name() -> None:
    for name in RECOMMENDERS:
        recommender = make_recommender(name)
        assert isinstance(recommender, Recommender)
        assert recommender.name == name


def test_mask_is_asked_of_the_env_where_info_has_none() -> None:
    env = ToyEnv()
    env.reset(seed=0, options={"student": 0, "targets": [0]})
    env._asked[[0, 2]] = True
    recommender = make_recommender("random-target")
    recommender.start(env, np.random.default_rng(0))
    assert recommender.recommend(None, {}) == 1


def test_no_legal_question_left_is_an_error() -> None:
    env = ToyEnv()
    env.reset(seed=0)
    recommender = make_recommender("random")
    recommender.start(env, np.random.default_rng(0))
    with pytest.raises(LDSimError, match="no legal question is left"):
        recommender.recommend(None, {"action_mask": np.zeros(12, np.uint8)})


def test_an_env_of_another_kind_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"CartPoleEnv, which lacks bank, targets"):
        make_recommender("random").start(gymnasium.make("CartPole-v1"), np.random.default_rng(0))


def test_an_env_whose_actions_are_not_questions_is_refused() -> None:
    env = gymnasium.make(register_toy())
    env.action_space = gymnasium.spaces.Discrete(4)
    env.reset(seed=0)
    with pytest.raises(SettingsError, match=r"expected the action space Discrete\(12\).*got Discrete\(4\)"):
        make_recommender("zpd").start(env, np.random.default_rng(0))


def test_greedy_refuses_no_candidates() -> None:
    with pytest.raises(SettingsError, match="max_candidates: expected at least 1, got 0"):
        GreedyRecommender(0)
