"""A2C that chooses among a few candidates: Stable-Baselines3 as it comes.

    python -m agents.a2c --seed 0 --out out/a2c

The environment proposes questions at each step (``action="candidates"``) and shows their features; the network has an
output for each place. A2C knows nothing of masks: a place without a question, which is rare, lets the step pass in
training, and in play `SB3Recommender` takes the best legal place. `agents.ppo` says why the reward is `expected_gain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stable_baselines3 import A2C
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import VecEnv

from agents import training
from agents.settings import TrainingSettings

AGENT = "a2c"


@dataclass(frozen=True)
class A2CSettings(TrainingSettings):
    """How to train; every setting is an option of the command line.

    Args:
        n_steps: questions to each student between two updates
        learning_rate: of RMSprop at the start; it falls linearly to 0 at the end
        gamma: discount; 1 because the rewards of an episode add up to E_p itself
        gae_lambda: of generalised advantage estimation
        ent_coef: weight of the entropy over places
        hidden: width of the two hidden layers
    """

    action: str = "candidates"
    reward_scale: float = 100.0
    n_steps: int = 10
    learning_rate: float = 2e-3
    gamma: float = 1.0
    gae_lambda: float = 0.9
    ent_coef: float = 0.01
    hidden: int = 64
    out: Path = Path("out/a2c")


def make_model(settings: A2CSettings, env: VecEnv) -> A2C:
    """The untrained model."""
    return A2C(
        "MlpPolicy",
        env,
        learning_rate=LinearSchedule(settings.learning_rate, 0.0, 1.0),
        n_steps=settings.n_steps,
        gamma=settings.gamma,
        gae_lambda=settings.gae_lambda,
        ent_coef=settings.ent_coef,
        normalize_advantage=True,
        seed=settings.seed,
        policy_kwargs={"net_arch": [settings.hidden] * 2},
        device="cpu",
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, save and examine, as the command line says."""
    training.run(AGENT, A2CSettings, make_model, arguments)


if __name__ == "__main__":
    main()
