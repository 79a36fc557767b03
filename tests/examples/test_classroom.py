from typing import Any

import numpy as np
import pytest
from rich.console import Console

pytest.importorskip("pettingzoo")
pytest.importorskip("sb3_contrib")

from examples.classroom import ClassVecEnv, examine_all, main, print_results, train_shared
from ldsim_env.envs import Cohort, classroom_v0
from ldsim_env.logs.response_log import ResponseLog, StudentHistory
from tests.envs.classes import classroom, moving_student
from tests.envs.fake_student import FakeStudent, small_arguments, small_bank

N = 3
NOTHING = (np.empty(0, np.int32), np.empty(0, np.int8))


def make(**kwargs: Any) -> Any:
    student = FakeStudent(small_bank(4), practice=0.05)
    return classroom_v0.parallel_env(n_students=N, targets=[0, 1], **small_arguments(student, kwargs))


def test_one_policy_is_trained_and_examined(capsys: pytest.CaptureFixture[str]) -> None:
    model = train_shared(ClassVecEnv(make(exposure_limit=2)), total_timesteps=N * 60)
    assert model.num_timesteps == N * 60
    results = examine_all(model, make, exposure_limit=1, n_classes=2)
    assert [(result.name, result.exposure_limit) for result in results] == [
        ("random", 1),
        ("shared policy", 1),
        ("random", None),
        ("shared policy", None),
    ]
    for result in results:
        assert result.mean_gain.shape == (2,)
        assert (result.least_gain <= result.mean_gain).all()
        assert result.most_given.max() <= (result.exposure_limit or N)
    print_results(results, Console(width=120))
    assert "shared policy" in capsys.readouterr().out


def test_the_class_as_environments_of_stable_baselines() -> None:
    env = ClassVecEnv(classroom(N, moving_student(2), max_episode_steps=2, exposure_limit=1))
    env.seed(4)
    first = env.reset()
    assert first.shape == (N, *env.observation_space.shape)
    assert env.action_masks().all()
    observations, _, ended, _ = env.step(np.array([0, 1, 2]))
    assert not ended.any()
    assert env.env_method("action_masks", indices=1)[0][:4].tolist() == [0, 0, 0, 1]
    observations, rewards, ended, infos = env.step(np.array([3, 4, 5]))
    assert ended.all()
    assert rewards.dtype == np.float32
    assert all(info["TimeLimit.truncated"] for info in infos)
    assert [info["terminal_observation"][-1] for info in infos] == [1] * N
    assert observations[:, -1].tolist() == [0] * N  # the next class
    assert env.action_masks().all()


def test_who_left_waits_for_the_next_class() -> None:
    student = FakeStudent(practice=0.2, start=0.2)
    env = ClassVecEnv(make_alike(student))
    env.reset()
    env.step(np.array([0, 3]))
    _, _, ended, infos = env.step(np.array([1, 4]))
    assert ended.tolist() == [True, False]
    assert not infos[0]["TimeLimit.truncated"]
    masks = env.action_masks()
    assert masks[0].all()
    assert masks[1].sum() == 10
    _, rewards, ended, _ = env.step(np.array([0, 8]))
    assert ended.tolist() == [True, False]
    assert rewards.tolist() == [0, 0]
    observations, _, ended, infos = env.step(np.array([0, 9]))
    assert ended.all()
    assert [info["TimeLimit.truncated"] for info in infos] == [False, True]
    assert observations[:, -1].tolist() == [0, 0]


def make_alike(student: FakeStudent) -> Any:
    """Two students without a history, who are to master Adding in two questions, and have four steps."""
    cohort = Cohort(ResponseLog.from_histories(student.bank, [StudentHistory("new", *NOTHING)]), np.array([False]), {})
    rules = {"students": cohort, "targets": [0], "mastery_threshold": 0.6, "max_episode_steps": 4}
    return classroom(2, student, exposure_limit=None, **rules)


@pytest.mark.slow
def test_the_example_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    main(total_timesteps=60, n_students=2, exposure_limit=1, n_classes=1)
    assert "Learning gain E_p of classes" in capsys.readouterr().out
