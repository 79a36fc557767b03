import pytest

import ldsim_env

stable_baselines3 = pytest.importorskip("stable_baselines3")


@pytest.mark.slow
@pytest.mark.skipif("LDSim-ASSIST09-v0" not in ldsim_env.register_envs(), reason="no bundled ASSIST09 bank")
def test_ppo_takes_the_environment_in_one_line() -> None:
    model = stable_baselines3.PPO("MlpPolicy", "LDSim-ASSIST09-v0", n_steps=32, batch_size=32).learn(32)
    assert model.num_timesteps == 32
