import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.envs.fake_student import FakeStudent, make_small, small_bank, small_vector_env

N_STEPS = 2_000
LEAST_LEAK = 40 * N_STEPS  # bytes: one small object kept at each step


def single() -> Callable[[], None]:
    env: Any = make_small(student=FakeStudent(small_bank(5)))
    env.reset(seed=0)

    def step() -> None:
        _, _, terminated, truncated, info = env.step(env.np_random.integers(60))
        assert info["reward_terms"]["step_gain"] < 1
        if terminated or truncated:
            env.reset()

    return step


def batched() -> Callable[[], None]:
    env = small_vector_env(3, FakeStudent(small_bank(5)), max_episode_steps=30)
    env.reset(seed=0)
    rng = np.random.default_rng(0)

    def step() -> None:
        infos = env.step(rng.integers(0, 60, 3))[4]
        assert infos["action_mask"].shape == (3, 60)

    return step


@pytest.mark.slow
@pytest.mark.parametrize("form", [single, batched])
def test_steps_keep_no_memory(form: Callable[[], Callable[[], None]]) -> None:
    step = form()
    for _ in range(200):
        step()
    gc.collect()
    n_objects = len(gc.get_objects())
    tracemalloc.start()
    try:
        for _ in range(N_STEPS):
            step()
        gc.collect()
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < LEAST_LEAK
    assert len(gc.get_objects()) - n_objects < N_STEPS / 10
