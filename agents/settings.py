"""Settings of training: frozen dataclasses, each field an option of the command line, its docstring the help."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, TypeVar

from stable_baselines3.common.utils import LinearSchedule

from ldsim_env.errors import SettingsError

DEVICE = "cpu"  # batches this small only wait for an accelerator


@dataclass(frozen=True)
class TrainingSettings:
    """What every agent's training has in common.

    Args:
        env_id: environment of this package
        action: what an action is: question, concept, candidates or embedding
        observation: what is observed: flat, dict, history or latent
        student_model: student model to train on, a name or a folder; several with commas between; empty is the bank's
        member: who answers of several student models: mean or random (another one each episode); empty is the mean
        observer: student model whose estimates are observed; empty is the one that answers
        reward: reward term to train on; the examination is by E_p whichever it is
        reward_scale: the reward is multiplied by this
        total_timesteps: questions asked in training
        max_minutes: training ends after so many minutes, whatever has been asked
        seed: seeds weights, students, targets, response noise and the choice of questions
        n_envs: students taught at once
        n_curve_points: examinations for the learning curve, evenly spread over the steps; 0 leaves it out
        n_curve_students: held-out students in each of them
        n_students: held-out students for the comparison at the end; 0 leaves it out
        out: folder for model.zip, settings.json and curves.parquet

    Attributes:
        masks: How a rollout buffer keeps masks, see `ldsim_env.envs.rollout_memory`; None where it keeps none.
    """

    masks: ClassVar[str | None] = None
    env_id: str = "LDSim-ASSIST09-v0"
    action: str = "question"
    observation: str = "flat"
    student_model: str = ""
    member: str = ""
    observer: str = ""
    reward: str = "expected_gain"
    reward_scale: float = 1.0
    total_timesteps: int = 100_000
    max_minutes: float = 30.0
    seed: int = 0
    n_envs: int = 32
    n_curve_points: int = 20
    n_curve_students: int = 100
    n_students: int = 100
    out: Path = Path("out/agent")

    def __post_init__(self) -> None:
        for name in ("total_timesteps", "n_envs", "n_curve_students"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name}: expected at least 1, got {getattr(self, name)}.")
        for name in ("n_curve_points", "n_students", "max_minutes"):
            if getattr(self, name) < 0:
                raise SettingsError(f"{name}: expected at least 0, got {getattr(self, name)}.")

    @property
    def env_options(self) -> dict[str, Any]:
        """Arguments of the environment that decide what is seen, done and taught."""
        several = self.student_model.split(",")
        models = {
            "student_model": several if len(several) > 1 else self.student_model,
            "member": self.member,
            "observer": self.observer,
        }
        modes: dict[str, Any] = {"action": self.action, "observation": self.observation}
        return modes | {name: value for name, value in models.items() if value}


@dataclass(frozen=True)
class PPOFamilySettings(TrainingSettings):
    """What the agents that learn by PPO's rule have in common.

    Args:
        n_steps: questions to each student between two updates; 30 is one episode
        batch_size: questions in a batch; divides n_envs * n_steps
        n_epochs: times that an update goes through the questions
        learning_rate: of Adam at the start; it falls linearly to 0 at the end
        gamma: discount; 1 because the rewards of an episode add up to E_p itself
        gae_lambda: of generalised advantage estimation
    """

    n_steps: int = 30
    batch_size: int = 240
    n_epochs: int = 4
    learning_rate: float = 1e-3
    gamma: float = 1.0
    gae_lambda: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        rollout = self.n_envs * self.n_steps
        if rollout % self.batch_size:
            raise SettingsError(
                f"batch_size: expected a divisor of n_envs * n_steps = {rollout}, got {self.batch_size}."
            )

    @property
    def model_options(self) -> dict[str, Any]:
        """Arguments of Stable-Baselines3's algorithm."""
        return {
            "learning_rate": LinearSchedule(self.learning_rate, 0.0, 1.0),
            "n_steps": self.n_steps,
            "batch_size": self.batch_size,
            "n_epochs": self.n_epochs,
            "gamma": self.gamma,
            "gae_lambda": self.gae_lambda,
            "seed": self.seed,
            "device": DEVICE,
        }


@dataclass(frozen=True)
class ReplaySettings(TrainingSettings):
    """What the agents that learn from remembered questions have in common.

    Args:
        buffer_size: questions remembered
        learning_starts: questions asked before the first update
        batch_size: questions in an update
        gradient_steps: updates after each question to all students
        learning_rate: of Adam
        gamma: discount; below 1, or the errors of the bootstrapped values add up over the episode
    """

    reward_scale: float = 100.0
    buffer_size: int = 50_000
    learning_starts: int = 1_000
    batch_size: int = 256
    gradient_steps: int = 4
    learning_rate: float = 1e-3
    gamma: float = 0.9

    @property
    def model_options(self) -> dict[str, Any]:
        """Arguments of Stable-Baselines3's algorithm."""
        return {
            "learning_rate": self.learning_rate,
            "buffer_size": self.buffer_size,
            "learning_starts": self.learning_starts,
            "batch_size": self.batch_size,
            "train_freq": 1,
            "gradient_steps": self.gradient_steps,
            "gamma": self.gamma,
            "seed": self.seed,
            "device": DEVICE,
        }


Settings = TypeVar("Settings", bound=TrainingSettings)


def read_settings(kind: type[Settings], agent: str, arguments: Sequence[str] | None = None) -> Settings:
    """Read the command line of ``python -m agents.AGENT``; None takes the process's own."""
    parser = argparse.ArgumentParser(f"python -m agents.{agent}", description=f"Train a recommender: {agent}.")
    explanations = _explanations(kind)
    for setting in fields(kind):
        parser.add_argument(
            f"--{setting.name.replace('_', '-')}",
            type=type(setting.default),
            default=setting.default,
            help=f"{explanations[setting.name]} (default: %(default)s)",
        )
    return kind(**vars(parser.parse_args(arguments)))


def _explanations(kind: type[TrainingSettings]) -> dict[str, str]:
    """What the docstrings of a class and of its bases say of each setting."""
    pages = [base.__doc__ or "" for base in reversed(kind.__mro__)]
    return dict(line for page in pages for line in re.findall(r"^ +(\w+): (.+)$", page, re.MULTILINE))


def settings_of(agent: ModuleType) -> type[TrainingSettings]:
    """The settings that an agent's module defines."""
    return next(
        value
        for value in vars(agent).values()
        if isinstance(value, type) and issubclass(value, TrainingSettings) and value.__module__ == agent.__name__
    )
