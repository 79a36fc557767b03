"""SAC in the space of question vectors: Stable-Baselines3 as it comes.

    python -m agents.sac --seed 0 --out out/sac

An action is a point (``action="embedding"``); the question with the nearest vector is asked. All 16,634 questions are
within reach and like questions lie side by side, but the actor has to find the targets' corner of the space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stable_baselines3 import SAC
from stable_baselines3.common.vec_env import VecEnv

from agents import training
from agents.settings import ReplaySettings

AGENT = "sac"


@dataclass(frozen=True)
class SACSettings(ReplaySettings):
    """How to train; every setting is an option of the command line.

    Args:
        tau: share of the target network that each update replaces
        hidden: width of the two hidden layers
    """

    action: str = "embedding"
    total_timesteps: int = 50_000
    tau: float = 0.01
    hidden: int = 128
    out: Path = Path("out/sac")


def make_model(settings: SACSettings, env: VecEnv) -> SAC:
    """The untrained model."""
    return SAC(
        "MlpPolicy",
        env,
        tau=settings.tau,
        policy_kwargs={"net_arch": [settings.hidden] * 2},
        **settings.model_options,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, save and examine, as the command line says."""
    training.run(AGENT, SACSettings, make_model, arguments)


if __name__ == "__main__":
    main()
