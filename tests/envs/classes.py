"""Small classes on the fake student."""

from typing import Any

import pytest

from ldsim_env.envs import classroom_v0
from tests.envs.fake_student import FakeStudent, small_arguments, small_bank

pytest.importorskip("pettingzoo")

N = 3


def moving_student(n_copies: int = 1, practice: float = 0.05) -> FakeStudent:
    """A student whose answers and mastery depend on everything that happened."""
    return FakeStudent(small_bank(n_copies), practice=practice, evidence=0.1, from_mastery=True)


def classroom(n_students: int = N, student: FakeStudent | None = None, **kwargs: Any) -> Any:
    return classroom_v0.parallel_env(n_students=n_students, **arguments(student, kwargs))


def arguments(student: FakeStudent | None, others: dict[str, Any]) -> dict[str, Any]:
    return small_arguments(student if student is not None else moving_student(), others)


def same(env: Any, action: Any) -> dict[str, Any]:
    return dict.fromkeys(env.agents, action)


def asked(infos: dict[str, Any]) -> list[bool]:
    return [info["asked"] for info in infos.values()]


def steady(**kwargs: Any) -> Any:
    """Every question raises the mastery of its concepts by .1, from .2 on, however answered; the target is Adding."""
    student = FakeStudent(practice=0.1, start=0.2)
    history = {"history": [], "targets": ["Adding"]}
    env = classroom(student=student, exposure_limit=None, **kwargs)
    env.reset(seed=0, options=history)
    return env


STEP_GAIN = 0.1 / 0.8
