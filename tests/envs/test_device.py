"""The knowledge states live where the student model computes, and nothing of a step is left on the CPU.

Torch's device "meta" keeps shapes and no numbers, and refuses to mix its tensors with those of the CPU, as a GPU does.
So what is brought back for the rules of the session is made up here.
"""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ldsim_env.envs import LDSimEnv, LDSimVectorEnv, learners
from ldsim_env.errors import SettingsError

MODES: list[Any] = [
    {},
    {"action": "concept", "targets": "weakest"},
    {"action": "candidates", "observation": "dict"},
    {"observation": "latent", "reward": "retention", "full_info": True},
    {"student_model": "irt", "observer": "bkt"},
    pytest.param(
        {"student_model": "ensemble", "member": "random", "reward": "pessimistic_gain"}, marks=pytest.mark.slow
    ),
]


@pytest.fixture
def made_up_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    def made_up(tensor: Tensor) -> NDArray[Any]:
        assert tensor.device.type == "meta"
        return np.full(tuple(tensor.shape), 0.5, torch.empty(0, dtype=tensor.dtype).numpy().dtype)

    monkeypatch.setattr(learners, "_numpy", made_up)


@pytest.mark.usefixtures("made_up_numbers")
@pytest.mark.parametrize("mode", MODES, ids=str)
def test_all_of_a_batched_session_computes_there(mode: dict[str, Any]) -> None:
    env = LDSimVectorEnv(3, "ASSIST09", device="meta", **mode)
    env.reset(seed=0)
    env.action_space.seed(0)
    for _ in range(32):  # more than an episode: some are reset while the others go on
        infos = env.step(env.action_space.sample())[4]
    assert all(infos[name] is not None for name in infos)
    assert places(env) == {"meta"}


@pytest.mark.usefixtures("made_up_numbers")
def test_a_single_student_is_kept_there() -> None:
    env = LDSimEnv("ASSIST09", device="meta")
    env.reset(seed=0)
    env.step(0)
    assert places(env) == {"meta"}


def test_machine_code_is_for_the_processor_alone() -> None:
    with pytest.raises(
        SettingsError, match=r"compiled: expected a student model .* on the CPU, got LDSimNetwork on meta"
    ):
        LDSimEnv("ASSIST09", device="meta", compiled=True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that torch can use")
def test_a_gpu_gives_what_the_processor_gives() -> None:
    envs = [LDSimVectorEnv(4, "ASSIST09", device=device) for device in ("cpu", "cuda")]
    for env in envs:
        env.reset(seed=0)
    questions = np.random.default_rng(0).integers(0, envs[0].single_action_space.n, (20, 4))  # type: ignore[attr-defined]
    for asked in questions:
        infos = [env.step(asked)[4] for env in envs]
        np.testing.assert_allclose(*(info["answer_prob"] for info in infos), atol=1e-4)
        np.testing.assert_allclose(*(info["mastery"] for info in infos), atol=1e-4)
    assert [places(env) for env in envs] == [{"cpu"}, {"cuda"}]


def places(env: Any) -> set[str]:
    """Where the tensors of the knowledge states are."""
    return {value.device.type for value in env._teaching.learners._state.values()}
