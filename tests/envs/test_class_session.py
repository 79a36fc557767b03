"""What the students of a class share: exposure limit and question budget are kept, conflicts are settled fairly."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ldsim_env.envs.class_session import ClassSession
from ldsim_env.envs.class_settings import ClassSettings
from ldsim_env.envs.session import Answers
from ldsim_env.envs.settings import EnvSettings
from tests.envs.classes import N, asked, classroom, moving_student, same
from tests.envs.fake_student import small_bank


def play(env: Any, seed: int, masked: bool, n_favourites: int) -> list[list[tuple[str, int]]]:
    """Play by random actions, all of them among a few; gives who was asked what at each step."""
    rng = np.random.default_rng(seed)
    observations, _ = env.reset(seed=seed)
    steps = []
    while env.agents:
        actions = {}
        for agent in env.agents:
            mask = observations[agent]["action_mask"]
            mask_of_favourites = mask * (np.arange(len(mask)) < n_favourites)
            choices = mask_of_favourites if mask_of_favourites.any() else mask
            actions[agent] = int(rng.choice(np.flatnonzero(choices) if masked else n_favourites))
        observations, _, _, _, infos = env.step(actions)
        steps.append(
            [(agent, env.bank.question_index[info["question_id"]]) for agent, info in infos.items() if info["asked"]]
        )
    return steps


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1000),
    n_students=st.integers(1, 6),
    limit=st.integers(1, 4),
    budget=st.none() | st.integers(1, 40),
    masked=st.booleans(),
    repeats=st.booleans(),
    n_favourites=st.integers(1, 24),
)
def test_limits_are_never_exceeded(
    *, seed: int, n_students: int, limit: int, budget: int | None, masked: bool, repeats: bool, n_favourites: int
) -> None:
    env = classroom(
        n_students,
        moving_student(2),
        exposure_limit=limit,
        question_budget=budget,
        allow_repeats=repeats,
        max_episode_steps=12,
    )
    steps = play(env, seed, masked, n_favourites)
    together = [pair for step in steps for pair in step]
    given_to: dict[int, set[str]] = {}
    for agent, question in together:
        given_to.setdefault(question, set()).add(agent)
    assert all(len(agents) <= limit for agents in given_to.values())
    assert env.exposure.tolist() == [len(given_to.get(question, ())) for question in range(24)]
    n_asked = len(together)
    assert budget is None or n_asked + env.questions_left == budget >= n_asked
    if not repeats:
        assert len(set(together)) == n_asked


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), n_students=st.integers(1, 5), limit=st.none() | st.integers(1, 3))
def test_what_the_mask_allows_is_asked_or_lost_to_others(seed: int, n_students: int, limit: int | None) -> None:
    env = classroom(n_students, moving_student(2), exposure_limit=limit, max_episode_steps=8)
    rng = np.random.default_rng(seed)
    observations, infos = env.reset(seed=seed)
    while env.agents:
        masks = {agent: observations[agent]["action_mask"] for agent in env.agents}
        actions = {agent: int(rng.integers(24)) for agent in env.agents}
        observations, _, _, _, infos = env.step(actions)
        for agent, info in infos.items():
            assert info["asked"] + info["conflict"] == masks[agent][actions[agent]]
            assert np.array_equal(info["action_mask"], observations[agent]["action_mask"])


def test_a_full_question_is_masked_for_the_others() -> None:
    env = classroom(exposure_limit=2)
    env.reset(seed=0)
    observations, _, _, _, infos = env.step({"student_0": 5, "student_1": 5, "student_2": 7})
    assert asked(infos) == [True, True, True]
    masks = [observation["action_mask"] for observation in observations.values()]
    assert [mask[5] for mask in masks] == [0, 0, 0]
    assert [mask[7] for mask in masks] == [1, 1, 0]
    _, rewards, _, _, infos = env.step(same(env, 5))
    assert asked(infos) == [False] * 3
    assert [info["conflict"] for info in infos.values()] == [False] * 3
    assert set(rewards.values()) == {0.0}


def test_repeating_a_question_exposes_it_to_nobody_new() -> None:
    env = classroom(2, exposure_limit=1, allow_repeats=True)
    env.reset(seed=0)
    env.step({"student_0": 5, "student_1": 7})
    observations, _, _, _, infos = env.step({"student_0": 5, "student_1": 5})
    assert asked(infos) == [True, False]
    assert observations["student_0"]["action_mask"][[5, 7]].tolist() == [1, 0]
    assert env.exposure[[5, 7]].tolist() == [1, 1]
    env.exposure[:] = 9  # a copy
    assert env.exposure.sum() == 2


def test_a_concept_asks_only_what_has_seats_left() -> None:
    env = classroom(2, exposure_limit=1, action="concept")
    env.reset(seed=0)
    first = env.step({"student_0": 0, "student_1": 1})[4]["student_0"]["question_id"]
    infos = env.step({"student_0": 1, "student_1": 0})[4]
    assert asked(infos) == [True, True]
    assert infos["student_1"]["question_id"] != first


def test_conflicts_are_fair() -> None:
    env = classroom(exposure_limit=1)
    env.reset(seed=0)
    won = np.zeros(N, int)
    for _ in range(300):
        env.reset()
        infos = env.step(same(env, 3))[4]
        assert sum(asked(infos)) == 1
        assert [info["conflict"] for info in infos.values()] == [not one for one in asked(infos)]
        won += asked(infos)
    assert won.min() > 70  # 100 each are expected, with a standard deviation of 8


def test_the_last_questions_of_the_budget_go_by_the_same_order() -> None:
    env = classroom(question_budget=4, observation="flat")
    observations, _ = env.reset(seed=0)
    assert observations["student_0"]["observation"][-1] == 0
    observations, *_ = env.step({"student_0": 0, "student_1": 1, "student_2": 2})
    assert observations["student_0"]["observation"][-1] == 0.75
    assert env.questions_left == 1
    observations, _, terminated, truncated, infos = env.step({"student_0": 3, "student_1": 4, "student_2": 5})
    assert sum(asked(infos)) == 1
    assert sum(info["conflict"] for info in infos.values()) == 2
    assert observations["student_0"]["observation"][-1] == 1
    assert not observations["student_0"]["action_mask"].any()
    assert (set(terminated.values()), set(truncated.values())) == ({True}, {False})
    assert env.agents == []


def test_conflicts_use_as_many_random_numbers_as_their_absence() -> None:
    apart, together = classroom(exposure_limit=1), classroom(exposure_limit=1)
    for env in (apart, together):
        env.reset(seed=5)
    apart.step({"student_0": 0, "student_1": 1, "student_2": 2})
    together.step(same(together, 0))
    late = [env.step({"student_0": 3, "student_1": 3, "student_2": 3})[4] for env in (apart, together)]
    assert asked(late[0]) == asked(late[1])


def line_of(n: int, limit: int | None, budget: int | None = None, repeats: bool = False) -> ClassSession:
    rules = ClassSettings(n, limit, budget)
    session = ClassSession(small_bank(), EnvSettings(min_questions=2, allow_repeats=repeats), rules)
    session.begin(np.ones((n, 4), bool), np.zeros((n, 4), np.float32))
    return session


def served(
    session: ClassSession, questions: list[int], draws: list[float], wanted: list[int] | None = None
) -> list[int]:
    wants = np.ones(len(questions), bool) if wanted is None else np.array(wanted, bool)
    return session.served(np.array(questions), wants, np.array(draws)).astype(int).tolist()


def test_what_was_legal_stays_readable() -> None:
    session = line_of(2, 1)
    before = session.frozen()
    asks = Answers(np.array([3, 5]), np.full(2, 0.5), np.ones(2, np.int8), np.array([True, False]))
    session.record(asks, np.zeros((2, 4), np.float32))
    assert before.action_masks().all()
    assert session.action_masks()[:, 3].tolist() == session.frozen().action_masks()[:, 3].tolist() == [0, 0]
    assert session.legal(np.array([[3, 5], [3, 5]])).tolist() == [[False, True]] * 2


def test_students_are_served_in_the_order_of_their_draws() -> None:
    assert served(line_of(4, 2), [3, 3, 3, 5], [0.9, 0.1, 0.5, 0.95]) == [0, 1, 1, 1]
    assert served(line_of(4, 1), [3, 3, 5, 5], [0.9, 0.1, 0.2, 0.3]) == [0, 1, 1, 0]
    assert served(line_of(4, None), [3, 3, 3, 3], [0.9, 0.1, 0.5, 0.95]) == [1, 1, 1, 1]
    assert served(line_of(4, 1), [3, 3, 3, 3], [0.4, 0.1, 0.2, 0.3], wanted=[1, 0, 0, 1]) == [0, 0, 0, 1]
    # One who is turned down for the question takes nothing of the budget.
    assert served(line_of(4, 1, budget=2), [3, 3, 5, 6], [0.1, 0.2, 0.3, 0.4]) == [1, 0, 1, 0]


def test_who_repeats_a_question_takes_no_seat() -> None:
    session = line_of(3, 2, repeats=True)
    asks = Answers(np.array([3, 4, 4]), np.full(3, 0.5), np.ones(3, np.int8), np.ones(3, bool))
    session.record(asks, np.zeros((3, 4), np.float32))
    assert served(session, [3, 3, 3], [0.1, 0.2, 0.3]) == [1, 1, 0]
    assert served(session, [4, 4, 4], [0.1, 0.2, 0.3]) == [0, 1, 1]
