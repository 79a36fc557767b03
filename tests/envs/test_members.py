"""Ensembles in the environment: a member drawn for each episode, uncertainty, rewards that doubt."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ldsim_env.envs import LDSimEnv, LDSimVectorEnv
from ldsim_env.errors import SettingsError
from ldsim_env.simulator.models import Ensemble, EnsembleSettings
from tests.envs.fake_student import FakeStudent, small_bank, small_cohort

SLOW, FAST = 0.02, 0.08


def two(member: str = "mean", **different: Any) -> Ensemble:
    """A slow and a fast learner, who answer alike; from .2 on, each question on a concept adds to it."""
    bank = small_bank()
    learners = [FakeStudent(bank, practice=practice, **different) for practice in (SLOW, FAST)]
    return Ensemble(learners, EnsembleSettings(member))


def arguments(model: Any, **others: Any) -> dict[str, Any]:
    bank = small_bank()
    return {
        "student_model": model,
        "students": small_cohort(bank),
        "cohort_split": "all",
        "targets": [0],
        "min_questions": 1,
        "allow_repeats": True,
    } | others


def test_uncertainty_is_how_far_the_members_exams_are_apart() -> None:
    env = LDSimEnv(**arguments(two()))
    _, info = env.reset(seed=0, options={"student": 0})
    assert info["uncertainty"] == 0.0
    for step in (1, 2, 3):
        info = env.step(0)[4]
        assert info["exam_score"] == pytest.approx(0.2 + step * (SLOW + FAST) / 2)
        assert info["uncertainty"] == pytest.approx(step * (FAST - SLOW) / 2)


def test_a_single_simulator_has_no_uncertainty_to_tell() -> None:
    env = LDSimEnv(**arguments(FakeStudent()))
    _, info = env.reset(seed=0)
    assert "uncertainty" not in info
    terms = env.step(0)[4]["reward_terms"]
    assert terms["disagreement"] == 0.0
    assert terms["pessimistic_gain"] == terms["step_gain"]


@pytest.mark.parametrize("pessimism", [0.0, 1.0, 2.5])
def test_gain_minus_k_times_disagreement(pessimism: float) -> None:
    env = LDSimEnv(**arguments(two(), reward="pessimistic_gain", pessimism=pessimism))
    env.reset(seed=0, options={"student": 0})
    _, reward, _, _, info = env.step(0)
    gain, apart = (FAST + SLOW) / 2 / 0.8, (FAST - SLOW) / 2 / 0.8
    assert info["reward_terms"]["disagreement"] == pytest.approx(apart)
    assert reward == pytest.approx(gain - pessimism * apart, abs=1e-6)


def test_a_step_without_a_question_has_no_disagreement() -> None:
    env = LDSimEnv(**arguments(two(), reward="pessimistic_gain", allow_repeats=False))
    env.reset(seed=0, options={"student": 0})
    env.step(0)
    _, reward, _, _, info = env.step(0)
    assert not info["asked"]
    assert reward == info["reward_terms"]["disagreement"] == 0.0


@pytest.mark.parametrize("reward", ["pessimistic_gain", {"step_gain": 1.0, "disagreement": -0.5}])
def test_one_simulator_cant_disagree(reward: Any) -> None:
    with pytest.raises(SettingsError, match=r"reward: .* needs an ensemble, .*got FakeStudent as the student model"):
        LDSimEnv(**arguments(FakeStudent(), reward=reward))


def test_a_pessimism_that_is_none() -> None:
    with pytest.raises(SettingsError, match="pessimism: expected a finite number of at least 0, got -1"):
        LDSimEnv(**arguments(two(), pessimism=-1))


def gains(env: LDSimEnv, seed: int) -> float:
    env.reset(seed=seed, options={"student": 0})
    return round(float(env.step(0)[4]["reward_terms"]["exam_delta"]), 4)


def test_one_member_is_drawn_for_each_episode() -> None:
    env = LDSimEnv(**arguments(two(), member="random"))
    drawn = [gains(env, seed) for seed in range(40)]
    assert set(drawn) == {SLOW, FAST}
    assert 8 < drawn.count(FAST) < 32
    assert drawn == [gains(env, seed) for seed in range(40)]
    env.reset(seed=3)
    of_episode = {round(float(env.step(0)[4]["reward_terms"]["exam_delta"]), 4) for _ in range(6)}
    assert len(of_episode) == 1


def test_the_drawn_member_is_part_of_the_saved_state() -> None:
    env = LDSimEnv(**arguments(two("random")))
    for seed in range(6):
        env.reset(seed=seed)
        saved = env.save_state()
        before = env.step(0)[4]["exam_score"]
        env.reset(seed=seed + 100)
        env.load_state(saved)
        assert env.step(0)[4]["exam_score"] == before


def test_the_batched_form_draws_the_same_members() -> None:
    many = LDSimVectorEnv(8, **arguments(two("random"), reward="pessimistic_gain"))
    _, infos = many.reset(seed=0)
    _, rewards, _, _, infos = many.step(np.zeros(8, np.int64))
    singles = [LDSimEnv(**arguments(two("random"), reward="pessimistic_gain")) for _ in range(8)]
    for row, env in enumerate(singles):
        env.reset(seed=row)
        _, reward, _, _, info = env.step(0)
        assert_allclose(rewards[row], reward)
        assert_allclose(infos["uncertainty"][row], info["uncertainty"])
    assert len(set(np.round(infos["reward_terms"]["exam_delta"], 4))) == 2


def test_episodes_of_a_fixed_seed_are_alike_with_and_without_the_draw() -> None:
    """The draw comes last: the student and the targets stay those of the seed."""
    mean, drawn = (
        LDSimEnv(**arguments(two(), member=member, targets="random", n_targets=2)) for member in ("mean", "random")
    )
    for seed in range(5):
        infos = [env.reset(seed=seed)[1] for env in (mean, drawn)]
        assert infos[0]["student"] == infos[1]["student"]
        assert_array_equal(infos[0]["targets"], infos[1]["targets"])


def test_a_list_is_an_ensemble() -> None:
    bank = small_bank()
    env = LDSimEnv(**arguments([FakeStudent(bank, practice=0.1), FakeStudent(bank, practice=0.3)]))
    assert isinstance(env._teaching.model, Ensemble)


def test_who_answers_of_a_single_simulator() -> None:
    with pytest.raises(
        SettingsError, match="member: 'random' is for an ensemble, got FakeStudent as the student model"
    ):
        LDSimEnv(**arguments(FakeStudent(), member="random"))
