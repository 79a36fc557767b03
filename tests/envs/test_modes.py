"""Every action, observation and reward together: checkers, wrappers, random episodes."""

import copy
import pickle
import warnings
from contextlib import nullcontext
from itertools import product
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st

from ldsim_env.envs import REWARD_TERMS
from ldsim_env.envs.rewards import DISAGREEMENT_TERMS, reward_weights
from ldsim_env.envs.settings import ACTIONS, MASKED_ACTION_RULES, OBSERVATIONS, RESPONSE_RULES
from ldsim_env.envs.targets import TARGET_RULES
from ldsim_env.teacher.graph import ConceptGraph, Relation
from tests.envs.fake_student import FakeStudent, make_small, small_bank, small_env, small_vector_env

REWARDS: tuple[Any, ...] = (*REWARD_TERMS, {"step_gain": 1.0, "retention": 0.5, "success": -0.1})
BANK = small_bank().with_difficulty(np.linspace(-1, 1, 12).astype(np.float32))
GRAPH = ConceptGraph(BANK.concept_ids, BANK.concept_names, (Relation(0, 1, 1.0), Relation(1, 2, 0.5)), ())
MODES = list(product(ACTIONS, OBSERVATIONS))
every_mode = pytest.mark.parametrize(("action", "observation"), MODES)


@pytest.fixture(autouse=True)
def _no_warning() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def student() -> FakeStudent:
    return FakeStudent(BANK, practice=0.02, evidence=0.1, from_mastery=True)


def make(action: str, observation: str, **kwargs: Any) -> gym.Env[Any, Any]:
    sizes = {"n_candidates": 5, "history_length": 4, "retention_steps": 2}
    taught = answering(kwargs.get("reward", "step_gain"))
    return make_small(student=student(), action=action, observation=observation, **(sizes | taught | kwargs))


def answering(reward: Any) -> dict[str, Any]:
    """Who answers: where the reward is about disagreement, two student models that disagree."""
    if not set(reward_weights(reward)) & set(DISAGREEMENT_TERMS):
        return {}
    return {"student_model": [student(), FakeStudent(BANK, practice=0.05, evidence=0.2, from_mastery=True)]}


# ---- checkers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reward", REWARDS, ids=str)
@every_mode
def test_gymnasium_checker(action: str, observation: str, reward: Any) -> None:
    check_env(make(action, observation, reward=reward).unwrapped, skip_render_check=True)


@every_mode
def test_sb3_checker(action: str, observation: str) -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker", reason="needs the extra 'agents'")
    # It would rather have a vector than the matrix of features, which MultiInputPolicy makes of it anyway.
    advice = r"Your observation candidates has an unconventional shape \(neither an image, nor a 1D vector\)"
    expected = (
        pytest.warns(UserWarning, match=advice) if (action, observation) == ("candidates", "dict") else nullcontext()
    )
    for reward in REWARDS:
        with expected:
            checker.check_env(make(action, observation, reward=reward), warn=True)


# ---- random episodes ----------------------------------------------------------------------------------------------


@st.composite
def arguments(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of the environment, all of them allowed."""
    weights = st.dictionaries(st.sampled_from(list(REWARD_TERMS)), st.floats(-2, 2), min_size=1)
    return {
        "action": draw(st.sampled_from(ACTIONS)),
        "observation": draw(st.sampled_from(OBSERVATIONS)),
        "reward": draw(st.one_of(st.sampled_from(list(REWARD_TERMS)), weights)),
        "response": draw(st.sampled_from(RESPONSE_RULES)),
        "allow_repeats": draw(st.booleans()),
        "masked_action": draw(st.sampled_from(MASKED_ACTION_RULES)),
        "targets": draw(st.one_of(st.sampled_from(TARGET_RULES), st.just(["Data", 0]))),
        "relations": GRAPH,
        "n_targets": draw(st.integers(1, 4)),
        "mastery_threshold": draw(st.floats(0.3, 1)),
        "min_gap": draw(st.floats(0.01, 1)),
        "wished_success": draw(st.floats(0.01, 1)),
        "n_candidates": draw(st.integers(1, 14)),
        "history_length": draw(st.integers(1, 6)),
        "retention_steps": draw(st.integers(1, 4)),
        "full_info": draw(st.booleans()),
        "observer": draw(st.sampled_from([None, FakeStudent(BANK, evidence=0.2, from_mastery=True)])),
    }


@st.composite
def reset_options(draw: st.DrawFn) -> dict[str, Any]:
    """Options of reset, all of them allowed."""
    interaction = st.tuples(st.one_of(st.integers(0, 11), st.sampled_from(BANK.question_ids)), st.integers(0, 1))
    options: dict[str, Any] = draw(
        st.one_of(
            st.just({}),
            st.fixed_dictionaries({"student": st.integers(0, 15)}),
            st.fixed_dictionaries({"history": st.lists(interaction, max_size=8)}),
        )
    )
    if draw(st.booleans()):
        options["targets"] = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True))
    if draw(st.booleans()):
        options["response_noise"] = draw(st.lists(st.floats(0, 1, exclude_max=True), max_size=5))
    return options


@settings(max_examples=80, deadline=None)
@given(arguments(), reset_options(), st.integers(0, 2**31), st.randoms(use_true_random=False))
def test_whatever_is_allowed_works(kwargs: dict[str, Any], options: dict[str, Any], seed: int, random: Any) -> None:
    env = small_env(student(), **answering(kwargs["reward"]), **kwargs)
    env.action_space.seed(seed)
    observation, info = env.reset(seed=seed, options=options)
    assert observation in env.observation_space
    start, gains, terminated = info["exam_score"], 0.0, False
    while not terminated and env._teaching.session.steps[0] < 16:
        action = legal_action(env, info, random) if kwargs["masked_action"] == "error" else env.action_space.sample()
        observation, reward, terminated, truncated, info = env.step(action)
        assert observation in env.observation_space
        assert np.isfinite(reward)
        assert not truncated
        expected_terms = set(REWARD_TERMS) if kwargs["full_info"] else set(env.settings.terms)
        assert set(info["reward_terms"]) == expected_terms
        assert reward == pytest.approx(sum(w * info["reward_terms"][name] for name, w in env.settings.weights.items()))
        gains += info["reward_terms"]["step_gain"]
    assert gains == pytest.approx(info["learning_gain"], abs=1e-6)
    assert info["learning_gain"] * max(1 - start, kwargs["min_gap"]) == pytest.approx(info["exam_score"] - start)


def legal_action(env: Any, info: dict[str, Any], random: Any) -> Any:
    if "action_mask" not in info:
        return env.action_space.sample()
    return random.choice(np.flatnonzero(info["action_mask"]).tolist())


@settings(max_examples=30, deadline=None)
@given(arguments(), reset_options(), st.integers(0, 2**31))
def test_one_seed_one_episode_and_saved_states_are_the_same(
    kwargs: dict[str, Any], options: dict[str, Any], seed: int
) -> None:
    kwargs |= {"masked_action": "skip"}
    one, other = (small_env(student(), **answering(kwargs["reward"]), **kwargs) for _ in range(2))
    one.action_space.seed(seed)
    assert data_equivalence(one.reset(seed=seed, options=options), other.reset(seed=seed, options=options), exact=True)
    for _ in range(6):
        other.load_state(one.save_state())
        action = one.action_space.sample()
        step = one.step(action)
        assert data_equivalence(step, other.step(action), exact=True)
        if step[2]:
            break


# ---- wrappers, copies, processes ----------------------------------------------------------------------------------


@every_mode
def test_gymnasiums_wrappers(action: str, observation: str) -> None:
    env = gym.wrappers.RecordEpisodeStatistics(
        gym.wrappers.TransformReward(
            gym.wrappers.FlattenObservation(make(action, observation, max_episode_steps=3)), lambda reward: 2 * reward
        )
    )
    plain = make(action, observation, max_episode_steps=3)
    plain.action_space.seed(0)
    env.reset(seed=1)
    plain.reset(seed=1)
    total, ended = 0.0, False
    while not ended:
        chosen = plain.action_space.sample()
        flattened, reward, terminated, truncated, info = env.step(chosen)
        observed, plain_reward = plain.step(chosen)[:2]
        assert np.array_equal(flattened, gym.spaces.flatten(plain.observation_space, observed))
        assert flattened in env.observation_space
        assert reward == 2 * plain_reward
        total, ended = total + reward, terminated or truncated
    assert info["episode"]["r"] == pytest.approx(total)
    assert info["episode"]["l"] == 3


@every_mode
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["deepcopy", "pickle"]
)
def test_copies_go_on_alike_and_apart(action: str, observation: str, copied: Any) -> None:
    env = make(action, observation)
    env.action_space.seed(0)
    env.reset(seed=4)
    env.step(env.action_space.sample())
    twin = copied(env)
    for _ in range(4):
        chosen = env.action_space.sample()
        assert data_equivalence(env.step(chosen), twin.step(chosen), exact=True)
    assert data_equivalence(env.reset(), twin.reset(), exact=True)


@pytest.mark.slow
@pytest.mark.parametrize(("action", "observation"), [("candidates", "dict"), ("embedding", "history")])
def test_async_vector_env_equals_sync(action: str, observation: str) -> None:
    makers = [Maker(action, observation)] * 2
    vectors = [SyncVectorEnv(makers), AsyncVectorEnv(makers, context="spawn")]
    vectors[0].action_space.seed(0)
    actions = vectors[0].action_space.sample()
    results = [(vector.reset(seed=1), vector.step(actions)) for vector in vectors]
    for vector in vectors:
        vector.close()
    assert data_equivalence(results[0][0], results[1][0])
    assert data_equivalence(results[0][1][:4], results[1][1][:4])


class Maker:
    """Makes an environment in another process."""

    def __init__(self, action: str, observation: str):
        self.action, self.observation = action, observation

    def __call__(self) -> gym.Env[Any, Any]:
        return make(self.action, self.observation)


def test_closing_twice_and_going_on() -> None:
    env = make("candidates", "dict")
    env.reset(seed=0)
    env.close()
    env.close()
    env.step(0)  # nothing but a window is closed


# ---- learners -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "policy", "action", "observation"),
    [
        ("PPO", "MlpPolicy", "concept", "latent"),
        ("PPO", "MultiInputPolicy", "candidates", "dict"),
        ("DQN", "MlpPolicy", "candidates", "flat"),
        ("SAC", "MlpPolicy", "embedding", "history"),
    ],
)
def test_stable_baselines_learns(algorithm: str, policy: str, action: str, observation: str) -> None:
    sb3 = pytest.importorskip("stable_baselines3", reason="needs the extra 'agents'")
    steps = {"n_steps": 32, "n_epochs": 1} if algorithm == "PPO" else {"learning_starts": 16, "buffer_size": 100}
    small = {"net_arch": [8]}
    model = getattr(sb3, algorithm)(
        policy, make(action, observation), batch_size=16, device="cpu", policy_kwargs=small, **steps
    )
    model.learn(32)


# ---- the batched form ---------------------------------------------------------------------------------------------


@every_mode
@pytest.mark.parametrize("observed", [False, True], ids=["itself", "observer"])
def test_many_students_at_once_are_as_good_as_one_by_one(action: str, observation: str, observed: bool) -> None:
    observer = FakeStudent(BANK, evidence=0.2, from_mastery=True) if observed else None
    kwargs = {"action": action, "observation": observation, "observer": observer, "full_info": True}
    kwargs |= {"n_candidates": 5, "history_length": 4, "targets": "weakest"}
    many = small_vector_env(4, student(), max_episode_steps=6, **kwargs)
    singles = [make_small(student=student(), max_episode_steps=6, **kwargs) for _ in range(4)]
    many.action_space.seed(0)
    observations, _ = many.reset(seed=7)
    one_by_one = [env.reset(seed=7 + i)[0] for i, env in enumerate(singles)]
    for _ in range(6):
        for i, single in enumerate(one_by_one):
            row = gym.spaces.flatten(singles[i].observation_space, of_row(observations, i))
            np.testing.assert_allclose(row, gym.spaces.flatten(singles[i].observation_space, single), atol=1e-6)
        actions = many.action_space.sample()
        observations, rewards, terminated, truncated, infos = many.step(actions)
        steps = [env.step(chosen) for env, chosen in zip(singles, actions, strict=True)]
        one_by_one = [step[0] for step in steps]
        assert rewards == pytest.approx([step[1] for step in steps], abs=1e-6)
        assert terminated.tolist() == [step[2] for step in steps]
        assert truncated.tolist() == [step[3] for step in steps]
        assert infos["question_id"].tolist() == [step[4]["question_id"] for step in steps]
        for term in ("expected_gain", "retention"):
            terms = [step[4]["reward_terms"][term] for step in steps]
            assert infos["reward_terms"][term] == pytest.approx(terms, abs=1e-6)


def of_row(observations: Any, row: int) -> Any:
    if isinstance(observations, dict):
        return {name: values[row] for name, values in observations.items()}
    return observations[row]
