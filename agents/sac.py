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
from agents.settings import TrainingSettings

AGENT = "sac"


@dataclass(frozen=True)
class SACSettings(TrainingSettings):
    """How to train; every setting is an option of the command line.

    Args:
        buffer_size: questions remembered
        learning_starts: questions asked before the first update
        batch_size: questions in an update
        gradient_steps: updates after each question to all students
        learning_rate: of Adam
        gamma: discount; see agents.dqn
        tau: share of the target network that each update replaces
        hidden: width of the two hidden layers
    """

    action: str = "embedding"
    reward_scale: float = 100.0
    total_timesteps: int = 50_000
    buffer_size: int = 50_000
    learning_starts: int = 1_000
    batch_size: int = 256
    gradient_steps: int = 4
    learning_rate: float = 1e-3
    gamma: float = 0.9
    tau: float = 0.01
    hidden: int = 128
    out: Path = Path("out/sac")


def make_model(settings: SACSettings, env: VecEnv) -> SAC:
    """The untrained model."""
    return SAC(
        "MlpPolicy",
        env,
        learning_rate=settings.learning_rate,
        buffer_size=settings.buffer_size,
        learning_starts=settings.learning_starts,
        batch_size=settings.batch_size,
        train_freq=1,
        gradient_steps=settings.gradient_steps,
        gamma=settings.gamma,
        tau=settings.tau,
        seed=settings.seed,
        policy_kwargs={"net_arch": [settings.hidden] * 2},
        device="cpu",
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, save and examine, as the command line says."""
    training.run(AGENT, SACSettings, make_model, arguments)


if __name__ == "__main__":
    main()
