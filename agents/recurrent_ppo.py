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
from stable_baselines3.common.vec_env import VecEnv

from agents import training
from agents.settings import PPOFamilySettings

AGENT = "recurrent_ppo"


@dataclass(frozen=True)
class RecurrentPPOSettings(PPOFamilySettings):
    """How to train; every setting is an option of the command line.

    Args:
        lstm_hidden: width of the LSTM
        hidden: width of the layer after it
    """

    action: str = "concept"
    observation: str = "history"
    reward_scale: float = 10.0
    lstm_hidden: int = 64
    hidden: int = 64
    out: Path = Path("out/recurrent_ppo")


def make_model(settings: RecurrentPPOSettings, env: VecEnv) -> RecurrentPPO:
    """The untrained model."""
    return RecurrentPPO(
        "MlpLstmPolicy",
        env,
        policy_kwargs={"net_arch": [settings.hidden], "lstm_hidden_size": settings.lstm_hidden},
        **settings.model_options,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, save and examine, as the command line says."""
    training.run(AGENT, RecurrentPPOSettings, make_model, arguments)


if __name__ == "__main__":
    main()
