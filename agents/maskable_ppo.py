"""MaskablePPO over concepts: sb3-contrib as it comes; the environment picks the concept's question.

    python -m agents.maskable_ppo --seed 0 --out out/maskable_ppo

A plain network with an output for each of 110 concepts, which has to learn of each target by itself that practising it
pays: the comparison that shows what the policy of `agents.ppo` is worth. ``--action candidates`` works too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from sb3_contrib import MaskablePPO
from stable_baselines3.common.vec_env import VecEnv

from agents import training
from agents.settings import PPOFamilySettings

AGENT = "maskable_ppo"


@dataclass(frozen=True)
class MaskablePPOSettings(PPOFamilySettings):
    """How to train; every setting is an option of the command line.

    Args:
        ent_coef: weight of the entropy over actions
        hidden: width of the two hidden layers
    """

    masks: ClassVar[str | None] = "float"
    action: str = "concept"
    reward_scale: float = 10.0
    ent_coef: float = 0.0
    hidden: int = 128
    out: Path = Path("out/maskable_ppo")


def make_model(settings: MaskablePPOSettings, env: VecEnv) -> MaskablePPO:
    """The untrained model."""
    return MaskablePPO(
        "MlpPolicy",
        env,
        ent_coef=settings.ent_coef,
        policy_kwargs={"net_arch": [settings.hidden] * 2},
        **settings.model_options,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, save and examine, as the command line says."""
    training.run(AGENT, MaskablePPOSettings, make_model, arguments)


if __name__ == "__main__":
    main()
