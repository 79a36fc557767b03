"""Teaching sessions as environments: session rules, reward terms, cohorts and the Gymnasium environment."""

from ldsim_env.envs import classroom_v0
from ldsim_env.envs.candidate_sampler import CandidateSampler, MixedSampler
from ldsim_env.envs.cohort import Cohort
from ldsim_env.envs.env import LDSimEnv
from ldsim_env.envs.rar_env import RarEnv
from ldsim_env.envs.rewards import TERMS as REWARD_TERMS
from ldsim_env.envs.saved_state import SavedState
from ldsim_env.envs.sb3 import to_sb3
from ldsim_env.envs.sb3_memory import (
    ForbiddenActions,
    RolloutMemory,
    byte_mask_buffer,
    mask_list_buffer,
    rollout_memory,
)
from ldsim_env.envs.settings import EnvSettings
from ldsim_env.envs.tutor_view import TutorView
from ldsim_env.envs.vector_env import LDSimVectorEnv
from ldsim_env.simulator.histories import states_after

__all__ = [
    "REWARD_TERMS",
    "CandidateSampler",
    "Cohort",
    "EnvSettings",
    "ForbiddenActions",
    "LDSimEnv",
    "LDSimVectorEnv",
    "MixedSampler",
    "RarEnv",
    "RolloutMemory",
    "SavedState",
    "TutorView",
    "byte_mask_buffer",
    "classroom_v0",
    "mask_list_buffer",
    "rollout_memory",
    "states_after",
    "to_sb3",
]
