import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector.utils import batch_space

from ldsim_env.envs.batched_space import BOUNDS, batched_space

N = 1000
BOX = gym.spaces.Box(np.array([0, -10, -np.inf], np.float32), np.array([1, 10, np.inf], np.float32))
SPACES = [
    BOX,
    gym.spaces.Discrete(7),
    gym.spaces.Dict(observations=BOX, action_mask=gym.spaces.Box(0, 1, (9,), np.uint8)),
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_it_is_gymnasiums_space(space: gym.Space) -> None:
    ours, theirs = batched_space(space, N), batch_space(space, N)
    assert ours == theirs
    for each in (ours, theirs):
        each.seed(3)
    one, other = ours.sample(), theirs.sample()
    assert gym.utils.env_checker.data_equivalence(one, other)
    assert one in ours
    assert other in ours


@pytest.mark.parametrize("space", [BOX, SPACES[2]["action_mask"]], ids=str)
def test_bounds_take_the_memory_of_one_row(space: gym.spaces.Box) -> None:
    batched = batched_space(space, N)
    for name in BOUNDS:
        bound = getattr(batched, name)
        assert bound.strides[0] == 0
        assert bound.base.nbytes == getattr(space, name).nbytes
