"""PPO with masks, on a policy that scores questions by their features: the default agent.

    python -m agents.ppo --total-timesteps 100000 --seed 0 --out out/ppo
    ldsim compare zpd-weakest out/ppo/model.zip

It trains on the students of the environment's training split, with Stable-Baselines3's `MaskablePPO` (sb3-contrib) on
the package's batched environment, and is examined on students held back. `agents.question_policy` has the policy, and
why a plain one doesn't do for 16,634 questions.

The reward is `expected_gain`, not the default `step_gain`: the mean of the gain over both answers in place of the gain
that the drawn answer brought. Its sum over an episode has the same mean, so the best policy is the same, but nearly all
of the noise of a step is the answer's. The examination is by E_p, as for every recommender.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console
from sb3_contrib import MaskablePPO
from stable_baselines3.common.vec_env import VecEnv

from agents import training
from agents.question_policy import QuestionPolicy
from agents.settings import PPOFamilySettings
from ldsim_env.envs import mask_list_buffer

AGENT = "ppo"


@dataclass(frozen=True)
class PPOSettings(PPOFamilySettings):
    """How to train; every setting is an option of the command line.

    Args:
        clip_range: largest change of a question's probability ratio that is rewarded
        ent_coef: weight of the entropy over questions
        hidden: width of the policy's hidden layers
        concept_size: learned numbers of each concept in the policy
        n_levels: levels of difficulty told apart among questions of the same concepts
    """

    masks: ClassVar[str | None] = "list"
    learning_rate: float = 5e-3
    clip_range: float = 0.2
    ent_coef: float = 0.0
    hidden: int = 32
    concept_size: int = 4
    n_levels: int = 10
    out: Path = Path("out/ppo")


def make_model(settings: PPOSettings, env: VecEnv) -> MaskablePPO:
    """The untrained model."""
    return MaskablePPO(
        QuestionPolicy,
        env,
        clip_range=settings.clip_range,
        ent_coef=settings.ent_coef,
        policy_kwargs=policy_arguments(settings, env),
        rollout_buffer_class=mask_list_buffer(),  # masks of 16,634 questions would be most of what an update moves
        **settings.model_options,
    )


def train(settings: PPOSettings, env: VecEnv | None = None, console: Console | None = None) -> MaskablePPO:
    """The trained model; see `agents.training.train`."""
    return training.train(AGENT, settings, make_model, console, env)[0]


def policy_arguments(settings: PPOSettings, env: VecEnv) -> dict[str, Any]:
    """What the policy must know of the questions, from the environment's bank."""
    bank = env.get_attr("bank")[0]
    return {
        "question_concepts": bank.question_concepts,
        "difficulty": bank.difficulty,
        "n_concepts": bank.n_concepts,
        "hidden": settings.hidden,
        "concept_size": settings.concept_size,
        "n_levels": settings.n_levels,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, save and examine, as the command line says."""
    training.run(AGENT, PPOSettings, make_model, arguments)


if __name__ == "__main__":
    main()
