"""DQN over candidates or over concepts: Stable-Baselines3 as it comes.

    python -m agents.dqn --action candidates --seed 0 --out out/dqn
    python -m agents.dqn --action concept --seed 0 --out out/dqn-concept

A Q-value for each of 16,634 questions can't be learned in minutes; one for each of 32 candidates, whose features are
observed, or of 110 concepts can. DQN knows nothing of masks: see `agents.a2c`. The discount is below 1: with 1, the
errors of the bootstrapped values add up over the episode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stable_baselines3 import DQN
from stable_baselines3.common.vec_env import VecEnv

from agents import training
from agents.settings import ReplaySettings
from ldsim_env.errors import SettingsError

AGENT = "dqn"
ACTIONS = ("candidates", "concept")


@dataclass(frozen=True)
class DQNSettings(ReplaySettings):
    """How to train; every setting is an option of the command line.

    Args:
        target_update_interval: questions to each student between two copies of the network to the target network
        exploration_fraction: share of the training in which random actions become fewer
        exploration_final_eps: share of random actions after that
        hidden: width of the two hidden layers
    """

    action: str = "candidates"
    target_update_interval: int = 50
    exploration_fraction: float = 0.3
    exploration_final_eps: float = 0.05
    hidden: int = 64
    out: Path = Path("out/dqn")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.action not in ACTIONS:
            raise SettingsError(f"action: expected one of {', '.join(ACTIONS)} for DQN, got {self.action!r}.")


def make_model(settings: DQNSettings, env: VecEnv) -> DQN:
    """The untrained model."""
    return DQN(
        "MlpPolicy",
        env,
        target_update_interval=settings.target_update_interval * settings.n_envs,
        exploration_fraction=settings.exploration_fraction,
        exploration_final_eps=settings.exploration_final_eps,
        policy_kwargs={"net_arch": [settings.hidden] * 2},
        **settings.model_options,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, save and examine, as the command line says."""
    training.run(AGENT, DQNSettings, make_model, arguments)


if __name__ == "__main__":
    main()
