"""PPO with masks, on a policy that scores questions by their features: train it, save it, examine it.

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

import argparse
import io
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from sb3_contrib import MaskablePPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import LinearSchedule, safe_mean
from stable_baselines3.common.vec_env import VecEnv

from agents.question_policy import QuestionPolicy
from ldsim_env.compare import CompareSettings, Comparison, compare, print_table
from ldsim_env.envs import to_sb3
from ldsim_env.errors import SettingsError
from ldsim_env.files import write_atomic, write_json
from ldsim_env.recommenders import Recommender, SB3Recommender


@dataclass(frozen=True)
class PPOSettings:
    """How to train; every setting is an option of the command line.

    Args:
        env_id: environment of this package with questions as actions and the flat observation
        reward: reward term to train on; the examination is by E_p whichever it is
        total_timesteps: questions asked in training
        max_minutes: training ends after so many minutes, whatever has been asked
        seed: seeds weights, students, targets, response noise and the choice of questions
        n_envs: students taught at once
        n_steps: questions to each of them between two updates; 30 is one episode
        batch_size: questions in a batch; divides n_envs * n_steps
        n_epochs: times that an update goes through the questions
        learning_rate: of Adam at the start; it falls linearly to 0 at the end
        gamma: discount; 1 because the rewards of an episode add up to E_p itself
        gae_lambda: of generalised advantage estimation
        clip_range: largest change of a question's probability ratio that is rewarded
        hidden: width of the policy's hidden layers
        concept_size: learned numbers of each concept in the policy
        n_levels: levels of difficulty told apart among questions of the same concepts
        n_students: held-out students for the examination at the end; 0 leaves it out
        out: folder for model.zip and settings.json
    """

    env_id: str = "LDSim-ASSIST09-v0"
    reward: str = "expected_gain"
    total_timesteps: int = 100_000
    max_minutes: float = 30.0
    seed: int = 0
    n_envs: int = 32
    n_steps: int = 30
    batch_size: int = 240
    n_epochs: int = 4
    learning_rate: float = 5e-3
    gamma: float = 1.0
    gae_lambda: float = 0.9
    clip_range: float = 0.2
    hidden: int = 64
    concept_size: int = 4
    n_levels: int = 10
    n_students: int = 100
    out: Path = Path("out/ppo")

    def __post_init__(self) -> None:
        if self.n_envs * self.n_steps % self.batch_size:
            raise SettingsError(
                f"batch_size: expected a divisor of n_envs * n_steps = {self.n_envs * self.n_steps}, "
                f"got {self.batch_size}."
            )


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, save and examine, as the command line says."""
    settings = read_settings(arguments)
    torch.set_num_threads(1)  # batches are small: threads would wait for each other, the more so on a busy machine
    console = Console()
    model = train(settings, console=console)
    save(model, settings.out / "model.zip")
    write_json(settings.out / "settings.json", asdict(settings) | {"out": str(settings.out)})
    console.print(f"Saved {settings.out / 'model.zip'}")
    if settings.n_students:
        print_table(examine(model, settings, console), console)


def read_settings(arguments: Sequence[str] | None = None) -> PPOSettings:
    """Read the command line; None takes the process's own."""
    parser = argparse.ArgumentParser("python -m agents.ppo", description="Train a recommender with PPO.")
    explanations = dict(re.findall(r"^ +(\w+): (.+)$", PPOSettings.__doc__ or "", re.MULTILINE))
    for setting in fields(PPOSettings):
        parser.add_argument(
            f"--{setting.name.replace('_', '-')}",
            type=type(setting.default),
            default=setting.default,
            help=f"{explanations[setting.name]} (default: %(default)s)",
        )
    return PPOSettings(**vars(parser.parse_args(arguments)))


def train(settings: PPOSettings, env: VecEnv | None = None, console: Console | None = None) -> MaskablePPO:
    """Train a recommender.

    Args:
        settings: How.
        env: Where, instead of the environment that the settings name: one of `to_sb3`.
        console: Where to show progress; None shows nothing.

    Returns:
        The trained model.
    """
    env = env or to_sb3(settings.env_id, settings.n_envs, reward=settings.reward)
    model = MaskablePPO(
        QuestionPolicy,
        env,
        learning_rate=LinearSchedule(settings.learning_rate, 0.0, 1.0),
        n_steps=settings.n_steps,
        batch_size=settings.batch_size,
        n_epochs=settings.n_epochs,
        gamma=settings.gamma,
        gae_lambda=settings.gae_lambda,
        clip_range=settings.clip_range,
        seed=settings.seed,
        policy_kwargs=policy_arguments(settings, env),
        device="cpu",  # batches this small only wait for an accelerator
    )
    watch = TrainingWatch(settings.total_timesteps, settings.max_minutes, console)
    return model.learn(settings.total_timesteps, callback=watch)


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


class TrainingWatch(BaseCallback):
    """Shows how training goes, and ends it when its minutes are used up.

    Args:
        total_timesteps: Questions that training will ask.
        max_minutes: The most minutes.
        console: Where to show a progress bar; None shows nothing.
    """

    def __init__(self, total_timesteps: int, max_minutes: float, console: Console | None) -> None:
        super().__init__()
        self._deadline = time.monotonic() + 60 * max_minutes
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left"), TimeRemainingColumn(),
            console=console, disable=console is None,
        )  # fmt: skip
        self._task = self._progress.add_task("Training", total=total_timesteps)

    def _on_training_start(self) -> None:
        self._progress.start()

    def _on_step(self) -> bool:
        return time.monotonic() < self._deadline

    def _on_rollout_end(self) -> None:
        episodes = self.model.ep_info_buffer or ()
        mean_return = safe_mean([episode["r"] for episode in episodes]) if episodes else 0.0
        description = f"Training, mean return {mean_return:+.3f}"
        self._progress.update(self._task, completed=self.num_timesteps, description=description)

    def _on_training_end(self) -> None:
        self._progress.stop()


def save(model: MaskablePPO, path: Path) -> None:
    """Write a model that `SB3Recommender.load` and ``ldsim compare`` read where the module `agents` is importable."""
    content = io.BytesIO()
    model.save(content)
    write_atomic(path, content.getvalue())


def examine(model: MaskablePPO, settings: PPOSettings, console: Console | None = None) -> Comparison:
    """Compare the trained recommender with simple ones on students it was not trained on."""
    policies: list[str | Recommender] = ["random", "random-target", "zpd-weakest", SB3Recommender(model, "ppo")]
    return compare(policies, CompareSettings(env_id=settings.env_id, n_students=settings.n_students), console)


if __name__ == "__main__":
    main()
