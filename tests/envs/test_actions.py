"""What each kind of action asks, what its mask says, and what it refuses."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import InvalidAction
from hypothesis import given, settings
from hypothesis import strategies as st

from ldsim_env.envs import LDSimEnv
from ldsim_env.errors import SettingsError
from tests.envs.fake_student import FakeStudent, small_bank, small_env

PROBS = np.array([0.9, 0.5, 0.65, 0.1, 0.2, 0.6, 0.3, 0.4, 0.55, 0.65, 0.99, 0.6])
DIFFICULTY = np.linspace(-2, 2, 12).astype(np.float32)


def env_of(action: str, **kwargs: Any) -> LDSimEnv:
    student = FakeStudent(small_bank().with_difficulty(DIFFICULTY), probs=PROBS, practice=0.0)
    env = small_env(student, action=action, **kwargs)
    env.reset(seed=0)
    return env


def asked(env: LDSimEnv, actions: list[Any]) -> list[str]:
    return [env.step(action)[4]["question_id"] for action in actions]


# ---- concept ------------------------------------------------------------------------------------------------------


def test_a_concept_asks_its_question_nearest_the_wished_success() -> None:
    env = env_of("concept", wished_success=0.6)
    # Adding has q0 .9, q1 .5, q2 .65, q11 .6; Data has q8 .55, q9 .65 (a tie: the first), q10 .99 and q11
    assert env.action_space == gym.spaces.Discrete(4)
    assert asked(env, [0, 0, 0, 3, 3, 3, 0]) == ["q11", "q2", "q1", "q8", "q9", "q10", "q0"]


@pytest.mark.parametrize(("wished", "first"), [(0.1, "q3"), (0.2, "q4"), (1.0, "q5")])
def test_the_wish_is_a_setting(wished: float, first: str) -> None:
    assert asked(env_of("concept", wished_success=wished), [1]) == [first]


def test_a_concept_without_questions_left_is_masked() -> None:
    env = env_of("concept")
    infos = [env.step(2)[4] for _ in range(4)]  # Cubes has three questions
    assert [info["action_mask"].tolist() for info in infos] == [[1, 1, 1, 1]] * 2 + [[1, 1, 0, 1]] * 2
    assert (infos[3]["asked"], infos[3]["question_id"], infos[3]["concept_names"]) == (False, "", ())
    assert (infos[3]["answer_prob"], infos[3]["response"]) == (0.0, -1)
    assert np.array_equal(env.action_masks(), infos[3]["action_mask"])


def test_a_concept_that_no_question_has_is_masked_from_the_start() -> None:
    from ldsim_env.envs import Cohort
    from ldsim_env.logs.bank import QuestionBank
    from ldsim_env.logs.response_log import ResponseLog

    bank = QuestionBank.from_concept_lists("GAP", ["q0", "q1"], [[0], [2]], ["a", "b", "c"])
    nobody = ResponseLog(bank, ("s",), np.array([0, 0]), np.empty(0, np.int32), np.empty(0, np.int8))
    env = LDSimEnv(
        student_model=FakeStudent(bank),
        students=Cohort(nobody, np.array([False])),
        action="concept",
        targets=["a"],
    )
    _, info = env.reset(seed=0)
    assert info["action_mask"].tolist() == [1, 0, 1]
    assert not env.step(1)[4]["asked"]
    assert env.step(2)[4]["question_id"] == "q1"


def test_repeats_leave_every_concept_allowed() -> None:
    env = env_of("concept", allow_repeats=True)
    assert asked(env, [2] * 5) == ["q5"] * 5
    assert env.action_masks().tolist() == [1, 1, 1, 1]


def test_a_masked_concept_is_an_error_on_demand() -> None:
    env = env_of("concept", masked_action="error")
    asked(env, [2, 2, 2])
    with pytest.raises(InvalidAction, match="action: no question of concept 'Cubes' is left to ask in this episode"):
        env.step(2)


# ---- embedding ----------------------------------------------------------------------------------------------------


def test_a_questions_own_vector_asks_it() -> None:
    env = env_of("embedding")
    vectors = env._teaching.action.vectors  # type: ignore[attr-defined]
    assert env.action_space == gym.spaces.Box(-1, 1, (5,), np.float32)  # four concepts and the difficulty
    assert vectors.min(axis=0).tolist() == [-1] * 5
    assert vectors.max(axis=0).tolist() == [1] * 5
    assert asked(env, [vectors[i] for i in (7, 0, 11, 5)]) == ["q7", "q0", "q11", "q5"]


def test_the_nearest_question_that_was_not_asked() -> None:
    env = env_of("embedding")
    vector = env._teaching.action.vectors[0]  # type: ignore[attr-defined]
    assert asked(env, [vector] * 3) == ["q0", "q1", "q2"]  # questions on Adding alone, harder and harder
    assert asked(env_of("embedding", allow_repeats=True), [vector] * 3) == ["q0"] * 3


def test_a_vector_outside_is_taken_to_the_nearest_inside() -> None:
    env = env_of("embedding", allow_repeats=True)
    corner = np.full(5, 1.0)
    assert asked(env, [corner, 7 * corner, np.float32(3e38) * corner]) == asked(env, [corner]) * 3


def test_vectors_ask_every_question_of_the_bank_once() -> None:
    env = env_of("embedding")
    assert sorted(asked(env, [np.zeros(5)] * 12)) == sorted(env.bank.question_ids)
    assert env._teaching.session.terminated()[0]


def test_vectors_of_the_observers_own() -> None:
    student = FakeStudent(practice=0.0)
    student.question_vectors = np.arange(24.0).reshape(12, 2) % 7  # type: ignore[attr-defined]
    env = small_env(student, action="embedding")
    env.reset(seed=0)
    assert env.action_space.shape == (2,)
    assert asked(env, [[-1, -2 / 3], [1 / 3, 2 / 3]]) == ["q0", "q2"]  # (0, 1) and (4, 5) of 0 .. 6


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.ones((12, 3)), "action: 'embedding' needs question vectors that tell questions apart"),
        (np.ones((11, 3)), r"question_vectors: expected \(12, size\) finite numbers .* shape \(11, 3\), of which 0"),
        (np.full((12, 3), np.nan), "question_vectors: expected .* of which 36 aren't finite"),
    ],
)
def test_vectors_that_are_no_use(vectors: np.ndarray, message: str) -> None:
    student = FakeStudent()
    student.question_vectors = vectors  # type: ignore[attr-defined]
    with pytest.raises(SettingsError, match=message):
        small_env(student, action="embedding")


def test_there_is_no_mask_of_vectors() -> None:
    env = env_of("embedding")
    assert "action_mask" not in env.reset(seed=0)[1]
    assert "action_mask" not in env.step(np.zeros(5))[4]
    with pytest.raises(SettingsError, match=r"action_masks: actions are Box\(.*so there is nothing to mask"):
        env.action_masks()


# ---- candidates ---------------------------------------------------------------------------------------------------


def test_a_place_asks_the_candidate_there() -> None:
    env = env_of("candidates", n_candidates=4)
    _, info = env.reset(seed=1)
    for place in (3, 0, 2):
        expected = env.bank.question_ids[info["candidates"][place]]
        info = env.step(place)[4]
        assert info["question_id"] == expected
        assert info["candidates"].shape == (4,)


def test_fewer_questions_than_candidates() -> None:
    env = env_of("candidates", n_candidates=8)
    for _ in range(9):
        info = env.step(0)[4]
    assert (info["candidates"] >= 0).tolist() == info["action_mask"].tolist() == [1] * 3 + [0] * 5
    info = env.step(6)[4]
    assert (info["asked"], info["question_id"]) == (False, "")


def test_a_place_without_a_candidate_is_an_error_on_demand() -> None:
    env = env_of("candidates", n_candidates=12, masked_action="error")
    env.step(0)
    with pytest.raises(
        InvalidAction, match=r"no question that may be asked stands at place 11 of info\['candidates'\]"
    ):
        env.step(11)


def test_candidates_leave_the_response_noise_alone() -> None:
    """The same number of random numbers a step, so all policies meet the same noise."""
    env, other = (small_env(action="candidates", n_candidates=3) for _ in range(2))
    responses = []
    for each, places in ((env, [0, 0, 0, 0, 0]), (other, [2, 1, 2, 0, 1])):
        each.reset(seed=3)
        responses.append([each.step(place)[4]["response"] for place in places])
    assert responses[0] == responses[1]


# ---- all kinds ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "action", "message"),
    [
        ("question", 12, "a question index, an integer from 0 to 11, got 12"),
        ("concept", 4, "a concept index, an integer from 0 to 3, got 4"),
        ("concept", "Adding", "a concept index, an integer from 0 to 3, got 'Adding'"),
        ("concept", 1.0, "a concept index"),
        ("candidates", 5, "a candidate's place, an integer from 0 to 4, got 5"),
        ("candidates", -1, "a candidate's place"),
        ("embedding", [0, 0, float("nan"), 0, 0], r"\(5,\) finite numbers, got \[0, 0, nan, 0, 0\]"),
        ("embedding", np.full(5, np.inf), r"\(5,\) finite numbers"),
        ("embedding", np.zeros((1, 5)), r"\(5,\) finite numbers"),
        ("embedding", 3, r"\(5,\) finite numbers, got 3"),
        ("embedding", None, r"\(5,\) finite numbers, got None"),
        ("embedding", "q1", r"\(5,\) finite numbers, got 'q1'"),
        ("embedding", [[0], [1, 2]], r"\(5,\) finite numbers"),
    ],
)
def test_wrong_actions_change_nothing(kind: str, action: object, message: str) -> None:
    env = env_of(kind, n_candidates=5)
    before = env.save_state()
    with pytest.raises(InvalidAction, match="action: expected " + message):
        env.step(action)
    assert env.np_random.bit_generator.state == before.generator.bit_generator.state
    assert env._teaching.session.steps[0] == 0


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["question", "concept", "candidates"]), st.integers(0, 10**6), st.booleans(), st.integers(1, 15))
def test_masks_say_what_will_be_asked(kind: str, seed: int, allow_repeats: bool, n_candidates: int) -> None:
    env = small_env(
        FakeStudent(practice=0.0), action=kind, allow_repeats=allow_repeats, n_candidates=n_candidates, n_targets=2
    )
    _, info = env.reset(seed=seed)
    random = np.random.default_rng(seed)
    for _ in range(16):
        mask = info["action_mask"]
        assert (mask.dtype, mask.shape) == (np.uint8, (env.action_space.n,))
        assert np.array_equal(mask, env.action_masks())
        action = random.integers(len(mask))
        _, _, terminated, _, info = env.step(action)
        assert info["asked"] == bool(mask[action])
        if terminated:
            assert not info["action_mask"].any()
            break
