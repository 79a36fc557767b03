"""What every agent does around its algorithm: make the environment, train with a learning curve, save, examine."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import polars as pl
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from agents.settings import Settings, TrainingSettings, read_settings
from ldsim_env.compare import CompareSettings, compare, print_table
from ldsim_env.envs import rollout_memory, to_sb3
from ldsim_env.files import write_atomic, write_json
from ldsim_env.recommenders import Recommender, SB3Recommender

if TYPE_CHECKING:
    from ldsim_env.compare import ResultFolder

MODEL_FILE, SETTINGS_FILE, CURVES_FILE = "model.zip", "settings.json", "curves.parquet"
RIVALS = ("random", "random-target", "zpd-weakest")
CURVE_SEED = 1_000_003  # of the students of the learning curve, the same for every agent and every seed of training

Algorithm = TypeVar("Algorithm", bound=BaseAlgorithm)
MakeModel = Callable[[Settings, VecEnv], Algorithm]


def run(
    agent: str, kind: type[Settings], make_model: MakeModel[Settings, Any], arguments: Sequence[str] | None = None
) -> None:
    """Train, save and examine, as the command line of ``python -m agents.AGENT`` says."""
    settings = read_settings(kind, agent, arguments)
    torch.set_num_threads(1)  # batches are small: threads would wait for each other, the more so on a busy machine
    console = Console()
    model, curve = train(agent, settings, make_model, console)
    save(model, settings, curve, agent)
    console.print(f"Saved {settings.out / MODEL_FILE}")
    if settings.n_students:
        print_table(examine(agent, model, settings, console), console)


def make_env(settings: TrainingSettings) -> VecEnv:
    """The students to train on."""
    reward = {settings.reward: settings.reward_scale}
    return to_sb3(settings.env_id, settings.n_envs, reward=reward, **settings.env_options)


def train(
    agent: str,
    settings: Settings,
    make_model: MakeModel[Settings, Algorithm],
    console: Console | None = None,
    env: VecEnv | None = None,
) -> tuple[Algorithm, list[dict[str, Any]]]:
    """Train an agent.

    Args:
        agent: Its name, for the learning curve.
        settings: How.
        make_model: Makes the untrained model from the settings and the environment.
        console: Where to show progress; None shows nothing.
        env: Where, instead of the environment that the settings name: one of `to_sb3`.

    Returns:
        The trained model and its learning curve, a row a point: agent, seed, steps, seconds, gain.
    """
    taught = env or make_env(settings)
    model = make_model(settings, taught)
    examination = None if env is not None or not settings.n_curve_points else held_out(settings)
    watch = TrainingWatch(agent, settings, examination, console)
    if console is not None and isinstance(model, OnPolicyAlgorithm) and not isinstance(model, RecurrentPPO):
        console.print(str(rollout_memory(taught, model.n_steps, settings.masks)))
    model.learn(settings.total_timesteps, callback=watch)
    return model, watch.curve


def train_once(agent: str, settings: Settings, make_model: MakeModel[Settings, Any], console: Console) -> None:
    """Train and save an agent, unless the folder that its settings name has one."""
    if (settings.out / MODEL_FILE).exists():
        return
    model, curve = train(agent, settings, make_model, console)
    save(model, settings, curve, agent)


def held_out(settings: TrainingSettings) -> VecEnv:
    """Students held back from training, for the learning curve."""
    return to_sb3(
        settings.env_id,
        settings.n_curve_students,
        reward="expected_gain",
        cohort_split="eval",
        **settings.env_options,
    )


class TrainingWatch(BaseCallback):
    """Shows how training goes, examines now and then, and ends training when its minutes are used up.

    The seconds of the curve and the minutes of the limit are those of training: examinations don't count.

    Args:
        agent: Name of the agent.
        settings: Of the training.
        examination: Students to examine on; None draws no curve.
        console: Where to show a progress bar; None shows nothing.

    Attributes:
        curve: A row a point: agent, seed, steps, seconds, gain.
    """

    def __init__(self, agent: str, settings: TrainingSettings, examination: VecEnv | None, console: Console | None):
        super().__init__()
        self.curve: list[dict[str, Any]] = []
        self._agent, self._settings, self._examination = agent, settings, examination
        self._every = settings.total_timesteps / max(settings.n_curve_points, 1)
        self._seconds_examining = 0.0
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left"), TimeRemainingColumn(),
            console=console, disable=console is None,
        )  # fmt: skip
        self._task = self._progress.add_task("Training", total=settings.total_timesteps)

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._began - self._seconds_examining

    def _on_training_start(self) -> None:
        self._began = time.monotonic()
        self._progress.start()
        self._examine()

    def _on_step(self) -> bool:
        if self.num_timesteps >= len(self.curve) * self._every:
            self._examine()
        return self._seconds < 60 * self._settings.max_minutes

    def _on_rollout_end(self) -> None:
        gain = f", E_p {self.curve[-1]['gain']:+.3f}" if self.curve else ""
        self._progress.update(self._task, completed=self.num_timesteps, description=f"Training{gain}")

    def _on_training_end(self) -> None:
        self._progress.stop()
        if self.curve and self.curve[-1]["steps"] < self.num_timesteps:
            self._examine()

    def _examine(self) -> None:
        if self._examination is None:
            return
        seconds, began = self._seconds, time.monotonic()
        gain = expected_gain(self.model, self._examination)
        self._seconds_examining += time.monotonic() - began
        point = {"steps": self.num_timesteps, "seconds": round(seconds, 2), "gain": gain}
        self.curve.append({"agent": self._agent, "seed": self._settings.seed, **point})


def expected_gain(model: BaseAlgorithm, env: VecEnv) -> float:
    """Mean E_p of one episode with each student of an environment whose reward is ``expected_gain``.

    The sum of that reward has the mean of E_p and a tenth of its noise. The model takes its best action; where it knows
    nothing of masks, an illegal one lets the step pass.
    """
    takes_masks = "action_masks" in model.predict.__code__.co_varnames
    env.seed(CURVE_SEED)
    observations, state = env.reset(), None
    starts, total = np.ones(env.num_envs, bool), np.zeros(env.num_envs)
    going = starts.copy()
    while going.any():
        masks = {"action_masks": np.stack(env.env_method("action_masks"))} if takes_masks else {}
        actions, state = model.predict(observations, state, starts, deterministic=True, **masks)  # type: ignore[arg-type]
        observations, rewards, ended, _ = env.step(actions)
        total += np.where(going, rewards, 0.0)
        going &= ~ended
        starts = np.asarray(ended)
    return float(total.mean())


def save(model: BaseAlgorithm, settings: TrainingSettings, curve: Sequence[dict[str, Any]], agent: str) -> None:
    """Write model.zip, settings.json and curves.parquet into the settings' folder."""
    save_model(model, settings.out / MODEL_FILE)
    kept = {name: value for name, value in asdict(settings).items() if value != ""}  # empty: left to the environment
    write_json(settings.out / SETTINGS_FILE, {"agent": agent, **kept, "out": str(settings.out)})
    if curve:
        content = io.BytesIO()
        pl.DataFrame(list(curve)).write_parquet(content)
        write_atomic(settings.out / CURVES_FILE, content.getvalue())


def save_model(model: BaseAlgorithm, path: Path) -> None:
    """Write a model that `SB3Recommender.load` and ``ldsim compare`` read where the module `agents` is importable."""
    content = io.BytesIO()
    model.save(content)
    write_atomic(path, content.getvalue())


def examine(
    agent: str, model: BaseAlgorithm, settings: TrainingSettings, console: Console | None = None
) -> ResultFolder:
    """Compare the trained recommender with simple ones on students it was not trained on."""
    policies: list[str | Recommender] = [*RIVALS, SB3Recommender(model, agent)]
    options = {"cohort_split": "eval", **settings.env_options}
    return compare(
        policies, CompareSettings(env_id=settings.env_id, env_options=options, n_students=settings.n_students), console
    )
