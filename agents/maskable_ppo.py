"""MaskablePPO over concepts: sb3-contrib as it comes; the environment picks the concept's question.

    python -m agents.maskable_ppo --seed 0 --out out/maskable_ppo

A plain network with an output for each of 110 concepts, which has to learn of each target by itself that practising it
pays: the comparison that shows what the policy of `agents.ppo` is worth. ``--action candidates`` works too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sb3_contrib import MaskablePPO
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import VecEnv

from agents import training
from agents.settings import TrainingSettings, check_divides

AGENT = "maskable_ppo"


@dataclass(frozen=True)
class MaskablePPOSettings(TrainingSettings):
    """How to train; every setting is an option of the command line.

    Args:
        n_steps: questions to each student between two updates; 30 is one episode
        batch_size: questions in a batch; divides n_envs * n_steps
        n_epochs: times that an update goes through the questions
        learning_rate: of Adam at the start; it falls linearly to 0 at the end
        gamma: discount; 1 because the rewards of an episode add up to E_p itself
        gae_lambda: of generalised advantage estimation
        ent_coef: weight of the entropy over actions
        hidden: width of the two hidden layers
    """

    action: str = "concept"
    reward_scale: float = 10.0
    n_steps: int = 30
    batch_size: int = 240
    n_epochs: int = 4
    learning_rate: float = 1e-3
    gamma: float = 1.0
    gae_lambda: float = 0.9
    ent_coef: float = 0.0
    hidden: int = 128
    out: Path = Path("out/maskable_ppo")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_divides(self.batch_size, self.n_envs * self.n_steps)


def make_model(settings: MaskablePPOSettings, env: VecEnv) -> MaskablePPO:
    """The untrained model."""
    return MaskablePPO(
        "MlpPolicy",
        env,
        learning_rate=LinearSchedule(settings.learning_rate, 0.0, 1.0),
        n_steps=settings.n_steps,
        batch_size=settings.batch_size,
        n_epochs=settings.n_epochs,
        gamma=settings.gamma,
        gae_lambda=settings.gae_lambda,
        ent_coef=settings.ent_coef,
        seed=settings.seed,
        policy_kwargs={"net_arch": [settings.hidden] * 2},
        device="cpu",
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, save and examine, as the command line says."""
    training.run(AGENT, MaskablePPOSettings, make_model, arguments)


if __name__ == "__main__":
    main()
