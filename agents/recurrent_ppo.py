"""RecurrentPPO on what a tutor really sees: the answers, without any estimate of mastery.

    python -m agents.recurrent_ppo --seed 0 --out out/recurrent_ppo

The observation is ``history`` (the last interactions and the targets), actions are concepts; an LSTM has to find out
for itself what the student knows. sb3-contrib as it comes, without masks: see `agents.a2c`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sb3_contrib import RecurrentPPO
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import VecEnv

from agents import training
from agents.settings import TrainingSettings, check_divides

AGENT = "recurrent_ppo"


@dataclass(frozen=True)
class RecurrentPPOSettings(TrainingSettings):
    """How to train; every setting is an option of the command line.

    Args:
        n_steps: questions to each student between two updates; 30 is one episode
        batch_size: questions in a batch; divides n_envs * n_steps
        n_epochs: times that an update goes through the questions
        learning_rate: of Adam at the start; it falls linearly to 0 at the end
        gamma: discount; 1 because the rewards of an episode add up to E_p itself
        gae_lambda: of generalised advantage estimation
        lstm_hidden: width of the LSTM
        hidden: width of the layer after it
    """

    action: str = "concept"
    observation: str = "history"
    reward_scale: float = 10.0
    n_steps: int = 30
    batch_size: int = 240
    n_epochs: int = 4
    learning_rate: float = 1e-3
    gamma: float = 1.0
    gae_lambda: float = 0.9
    lstm_hidden: int = 64
    hidden: int = 64
    out: Path = Path("out/recurrent_ppo")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_divides(self.batch_size, self.n_envs * self.n_steps)


def make_model(settings: RecurrentPPOSettings, env: VecEnv) -> RecurrentPPO:
    """The untrained model."""
    return RecurrentPPO(
        "MlpLstmPolicy",
        env,
        learning_rate=LinearSchedule(settings.learning_rate, 0.0, 1.0),
        n_steps=settings.n_steps,
        batch_size=settings.batch_size,
        n_epochs=settings.n_epochs,
        gamma=settings.gamma,
        gae_lambda=settings.gae_lambda,
        seed=settings.seed,
        policy_kwargs={"net_arch": [settings.hidden], "lstm_hidden_size": settings.lstm_hidden},
        device="cpu",
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, save and examine, as the command line says."""
    training.run(AGENT, RecurrentPPOSettings, make_model, arguments)


if __name__ == "__main__":
    main()
