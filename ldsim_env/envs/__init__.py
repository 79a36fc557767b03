"""Teaching sessions as environments: session rules, reward terms, cohorts and the Gymnasium environment."""

from ldsim_env.envs.cohort import Cohort
from ldsim_env.envs.env import LDSimEnv
from ldsim_env.envs.rewards import TERMS as REWARD_TERMS
from ldsim_env.envs.settings import EnvSettings
from ldsim_env.simulator.histories import states_after

__all__ = ["REWARD_TERMS", "Cohort", "EnvSettings", "LDSimEnv", "states_after"]
