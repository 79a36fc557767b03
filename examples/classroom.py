"""Train one policy that all agents of a class share, and see what exposure control costs a class.

    python -m examples.classroom --total-timesteps 60000

Every agent acts by the same network on what it sees of its own student (parameter sharing). `ClassVecEnv` hands the
class to Stable-Baselines3 as one environment a student; the policy is that of `agents.ppo`. All students have the same
lesson, so the agents want the same questions. The policy is examined on students held back, in the same classes with
and without an exposure limit, beside agents that ask at random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sb3_contrib import MaskablePPO
from stable_baselines3.common.vec_env import VecEnv, VecMonitor

from agents.ppo import PPOSettings, train
from ldsim_env.envs import classroom_v0

MakeClass = Callable[..., Any]
Choose = Callable[[NDArray[np.float32], NDArray[np.int8]], NDArray[Any]]  # observations and masks of n agents
LESSON = ("Reflection", "Rotations", "Translations")  # 91 questions of the bank
SEEDS_APART = 1000  # a class of n students takes n + 1 seeds, one after another
N_STEPS = 30  # of an episode, and between two updates


def main(
    total_timesteps: Annotated[int, typer.Option(help="Questions asked in training.")] = 60_000,
    n_students: Annotated[int, typer.Option(min=1, help="Students of a class.")] = 8,
    exposure_limit: Annotated[int, typer.Option(min=1, help="Students a question may be given to.")] = 2,
    reward: Annotated[str, typer.Option(help="own or class_mean.")] = "own",
    n_classes: Annotated[int, typer.Option(min=1, help="Classes in the examination.")] = 10,
) -> None:
    """Train in a class with the limit, examine with and without it, and print the results."""
    console = Console()
    make = partial(classroom_v0.parallel_env, n_students=n_students, targets=LESSON)
    taught = make(exposure_limit=exposure_limit, reward=reward, reward_terms="expected_gain")
    model = train_shared(ClassVecEnv(taught), total_timesteps, console=console)
    print_results(examine_all(model, make, exposure_limit, n_classes), console)


# ---- training -----------------------------------------------------------------------------------------------------


class ClassVecEnv(VecEnv):
    """A class of PettingZoo as one environment a student; whoever left waits for the next class, with no reward."""

    def __init__(self, classroom: Any):
        self.classroom = classroom
        self.agents: list[str] = classroom.possible_agents
        space = classroom.observation_space(self.agents[0])
        vector, mask = space["observation"], space["action_mask"]
        super().__init__(len(self.agents), vector, classroom.action_space(self.agents[0]))
        self._actions: dict[str, Any] = {}
        self._vectors = np.zeros((self.num_envs, *vector.shape), np.float32)
        self._masks = np.ones((self.num_envs, *mask.shape), np.int8)

    def reset(self) -> NDArray[np.float32]:
        """Begin a class."""
        observations, infos = self.classroom.reset(seed=self._seeds[0])
        self._reset_seeds()
        self.reset_infos = list(infos.values())
        return self._see(observations)

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the actions of the agents that are there."""
        self._actions = {
            agent: action for agent, action in zip(self.agents, actions, strict=True) if self._is_there(agent)
        }

    def step_wait(self) -> Any:
        """Take the actions; when all agents left, the next class begins."""
        observations, rewards, terminated, truncated, infos = self.classroom.step(self._actions)
        seen = self._see(observations)
        ended = np.array([not self._is_there(agent) for agent in self.agents])
        rows = [infos.get(agent, {}) for agent in self.agents]
        for row in np.flatnonzero(ended).tolist():
            agent = self.agents[row]
            rows[row]["terminal_observation"] = seen[row]
            rows[row]["TimeLimit.truncated"] = truncated.get(agent, False) and not terminated[agent]
            self._masks[row] = 1  # whatever it does while it waits
        if ended.all():
            seen = self.reset()
        return seen, np.array([rewards.get(agent, 0.0) for agent in self.agents], np.float32), ended, rows

    def action_masks(self) -> NDArray[np.int8]:
        """``(n, n_actions)``."""
        return self._masks.copy()

    def _is_there(self, agent: str) -> bool:
        return agent in self.classroom.agents

    def _see(self, observations: dict[str, Any]) -> NDArray[np.float32]:
        for agent, observation in observations.items():
            row = self.agents.index(agent)
            self._vectors[row], self._masks[row] = observation["observation"], observation["action_mask"]
        return self._vectors.copy()

    def close(self) -> None:
        """Nothing is open."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The same for each student: of the class, but for the masks."""
        owner = self if attr_name == "action_masks" else self.classroom
        return [getattr(owner, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Nothing needs it."""
        raise NotImplementedError

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Rows of `action_masks`, the one method that training calls."""
        rows = getattr(self, method_name)(*args, **kwargs)
        return [rows[index] for index in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """It isn't."""
        return [False for _ in self._get_indices(indices)]


def train_shared(env: ClassVecEnv, total_timesteps: int, seed: int = 0, console: Console | None = None) -> MaskablePPO:
    """Train the one policy on all students of the class."""
    n = env.num_envs
    settings = PPOSettings(
        total_timesteps=total_timesteps, n_envs=n, n_steps=N_STEPS, batch_size=n * N_STEPS // 2, seed=seed
    )
    return train(settings, VecMonitor(env), console)


# ---- examination --------------------------------------------------------------------------------------------------


class ClassResults(NamedTuple):
    """What a policy achieved in some classes; every array is ``(n_classes,)``."""

    name: str
    exposure_limit: int | None
    mean_gain: NDArray[np.float64]  # E_p, mean over the class
    least_gain: NDArray[np.float64]  # E_p of the student who learned least
    conflicts: NDArray[np.int64]  # steps that passed because another agent was given the question
    most_given: NDArray[np.int64]  # students that the most given question was given to


def examine_all(model: MaskablePPO, make: MakeClass, exposure_limit: int, n_classes: int) -> list[ClassResults]:
    """The policy and random questions in the same classes, with and without the limit."""
    results = []
    for limit in (exposure_limit, None):
        held_back = make(exposure_limit=limit, cohort_split="eval")
        for name, choose in (("random", random_choice(seed=0)), ("shared policy", choice_of(model))):
            results.append(examine(name, held_back, choose, range(0, n_classes * SEEDS_APART, SEEDS_APART)))
    return results


def examine(name: str, classroom: Any, choose: Choose, seeds: Iterable[int]) -> ClassResults:
    """Let all agents of each class act by the same choice."""
    rows = [_teach(classroom, choose, seed) for seed in seeds]
    return ClassResults(name, classroom.class_settings.exposure_limit, *map(np.array, zip(*rows, strict=True)))


def _teach(classroom: Any, choose: Choose, seed: int) -> tuple[float, float, int, int]:
    observations, infos = classroom.reset(seed=seed)
    gains, conflicts = {}, 0
    while agents := classroom.agents:
        vectors, masks = (
            np.stack([observations[agent][key] for agent in agents]) for key in ("observation", "action_mask")
        )
        actions = dict(zip(agents, choose(vectors, masks), strict=True))
        observations, _, _, _, infos = classroom.step(actions)
        gains.update({agent: info["learning_gain"] for agent, info in infos.items()})
        conflicts += sum(info["conflict"] for info in infos.values())
    return float(np.mean(list(gains.values()))), min(gains.values()), conflicts, int(classroom.exposure.max())


def random_choice(seed: int) -> Choose:
    """Any question that may be asked."""
    rng = np.random.default_rng(seed)
    return lambda _, masks: np.array([rng.choice(np.flatnonzero(mask)) for mask in masks])


def choice_of(model: MaskablePPO) -> Choose:
    """Drawn by the policy: agents that all took its first choice would be in each other's way."""

    def choose(vectors: NDArray[np.float32], masks: NDArray[np.int8]) -> NDArray[Any]:
        actions: NDArray[Any] = model.predict(vectors, action_masks=masks, deterministic=False)[0]
        return actions

    return choose


def print_results(results: Iterable[ClassResults], console: Console) -> None:
    """One line a policy and exposure limit; means over the classes."""
    table = Table(title="Learning gain E_p of classes")
    for column in ("policy", "exposure limit", "class mean", "least of the class", "conflicts", "most given question"):
        table.add_column(column, justify="left" if column == "policy" else "right")
    for result in results:
        means = [
            f"{result.mean_gain.mean():+.3f}",
            f"{result.least_gain.mean():+.3f}",
            f"{result.conflicts.mean():.1f}",
        ]
        limit = "none" if result.exposure_limit is None else str(result.exposure_limit)
        table.add_row(result.name, limit, *means, f"{result.most_given.max()} students")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
