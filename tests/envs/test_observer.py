"""The observer sees the answers; the student model gives them and is examined."""

from typing import Any

import numpy as np
import pytest

from ldsim_env.envs import LDSimEnv
from ldsim_env.errors import SettingsError
from tests.envs.fake_student import FakeStudent, small_bank, small_cohort, small_env


def able(**kwargs: Any) -> FakeStudent:
    return FakeStudent(probs=1.0, start=0.5, practice=0.1, **kwargs)


def doubtful() -> FakeStudent:
    return FakeStudent(probs=np.linspace(0.1, 0.9, 12), start=0.1, practice=0.0, evidence=0.2)


def env_of(student: FakeStudent, observer: FakeStudent | None, **kwargs: Any) -> LDSimEnv:
    return small_env(student, observer=observer, **kwargs)


def test_who_says_what() -> None:
    env = env_of(able(), doubtful())
    observation, info = env.reset(seed=0, options={"history": [], "targets": [0]})
    assert info["mastery"] == pytest.approx([0.5] * 4)
    assert info["exam_score"] == pytest.approx(0.5)
    for observed in (info["observed_mastery"], env.mastery(), observation[:4]):
        assert observed == pytest.approx([0.1] * 4)
    assert env.answer_probs() == pytest.approx(np.linspace(0.1, 0.9, 12))
    assert env.expected_gains([0, 3]) == pytest.approx([0.1, 0.0])
    observation, reward, _, _, info = env.step(0)
    assert (info["response"], info["answer_prob"]) == (1, 1.0)
    assert reward == pytest.approx(0.1 / 0.5)
    assert info["mastery"] == pytest.approx([0.6, 0.5, 0.5, 0.5])
    for observed in (info["observed_mastery"], observation[:4]):
        assert observed == pytest.approx([0.1 + 0.2 * 0.9, 0.1, 0.1, 0.1])


def test_by_default_the_student_model_observes_itself() -> None:
    env = env_of(able(), None)
    env.reset(seed=0)
    env.step(0)
    assert env._teaching.observer is env._teaching.learners
    assert env._teaching.model.n_learn_calls > 0


def test_the_observer_learned_the_history_too() -> None:
    env = env_of(able(), doubtful())
    _, info = env.reset(seed=0, options={"history": [(9, 1)]})
    assert info["mastery"] == pytest.approx([0.5, 0.5, 0.5, 0.6])
    assert info["observed_mastery"][3] == pytest.approx(0.1 + 0.2 * (1 - env.answer_probs()[9]), abs=1e-6)


def test_one_seed_one_student_whoever_answers() -> None:
    """With the same observer only the answers, and what follows from them, differ."""
    envs = [env_of(student, doubtful()) for student in (able(), FakeStudent(probs=0.0, start=0.9, practice=0.0))]
    starts = [env.reset(seed=5) for env in envs]
    assert np.array_equal(starts[0][0], starts[1][0])
    for key in ("student", "targets", "observed_mastery", "action_mask"):
        assert np.array_equal(starts[0][1][key], starts[1][1][key])
    steps = [env.step(4) for env in envs]
    assert [step[4]["response"] for step in steps] == [1, 0]
    assert steps[0][0][:4].tolist() != steps[1][0][:4].tolist()


def test_the_observer_gets_the_answers_of_questions_that_were_asked_only() -> None:
    env = env_of(able(), doubtful())
    env.reset(seed=0)
    env.step(0)
    seen = env.mastery()
    assert not env.step(0)[4]["asked"]
    assert np.array_equal(env.mastery(), seen)


def test_actions_refer_to_what_the_observer_expects() -> None:
    env = env_of(able(), doubtful(), action="concept", wished_success=0.1)
    env.reset(seed=0)
    assert env.step(3)[4]["question_id"] == "q8"  # the hardest on Data for the observer


def test_the_weakest_targets_are_the_observers() -> None:
    observer = FakeStudent(probs=0.5, practice=-0.05)  # believes that practice harms
    env = env_of(FakeStudent(probs=0.5, practice=0.05), observer, targets="weakest", n_targets=1)
    assert env.reset(options={"history": [(6, 1)]})[1]["targets"].tolist() == [2]
    env = env_of(observer, FakeStudent(probs=0.5, practice=0.05), targets="weakest", n_targets=1)
    assert env.reset(options={"history": [(0, 1)]})[1]["targets"].tolist() == [1]


def test_termination_is_the_student_models() -> None:
    env = env_of(FakeStudent(start=0.9, practice=0.06), FakeStudent(start=0.1, practice=0.0))
    env.reset(seed=0, options={"history": [], "targets": [0]})
    assert env.step(0)[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"observer": FakeStudent(small_bank(2))},
            r"observer: expected a student model of the same bank .* 'SMALL' \(.*got one of 'SMALL'",
        ),
        (
            {"observer": 3},
            r"observer: expected a student model \(with bank, start, .*\) or the name or folder .* got 3",
        ),
        ({"student_model": []}, "student_model: expected a student model"),
        ({"student_options": 3}, "student_options: expected None or a dict, got 3"),
    ],
)
def test_wrong_models(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        LDSimEnv(**({"student_model": FakeStudent(), "students": small_cohort(), "min_questions": 2} | arguments))
