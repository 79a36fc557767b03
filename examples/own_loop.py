"""A training loop of one's own on the batched environment, in one file: REINFORCE with a baseline, after CleanRL.

    python examples/own_loop.py

No RL library: `gymnasium.make_vec` gives 64 students, the policy chooses among 32 candidates by a network that scores
each of them by its features and by what all share, and every update takes one episode of each student.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import gymnasium as gym
import numpy as np
import torch
import typer
from gymnasium.vector import AutoresetMode
from torch import Tensor, nn
from torch.distributions import Categorical

import ldsim_env  # noqa: F401 - registers the environments


@dataclass(frozen=True)
class Args:
    """Settings of the loop."""

    env_id: str = "LDSim-ASSIST09-v0"
    n_updates: int = 60
    n_envs: int = 64
    n_steps: int = 30
    learning_rate: float = 1e-2
    hidden: int = 32
    seed: int = 0


class CandidateScorer(nn.Module):
    """One network for all candidates: their features and the shared part of the observation in, a score out."""

    def __init__(self, n_features: int, hidden: int):
        super().__init__()
        self.score = nn.Sequential(nn.Linear(n_features + 1, hidden), nn.Tanh(), nn.Linear(hidden, 1))

    def forward(self, candidates: Tensor, progress: Tensor) -> Categorical:
        """The distribution over ``(n, k, n_features)`` candidates; those that may not be asked have no chance."""
        seen = torch.cat([candidates, progress[:, None, None].expand(-1, candidates.shape[1], 1)], dim=2)
        scores = self.score(seen).squeeze(2)
        return Categorical(logits=scores.masked_fill(candidates[:, :, 0] == 0, -1e8))


def main(
    updates: Annotated[int, typer.Option(min=1, help="Updates, each on one episode of every student.")] = 60,
    env_id: Annotated[str, typer.Option(help="Any environment of this package.")] = "LDSim-ASSIST09-v0",
    n_envs: Annotated[int, typer.Option(min=2, help="Students taught at once.")] = 64,
) -> None:
    """Train and print the mean return (E_p in expectation) of each tenth update."""
    args = Args(env_id=env_id, n_updates=updates, n_envs=n_envs)
    torch.manual_seed(args.seed)
    env = make_env(args)
    policy = CandidateScorer(env.single_observation_space["candidates"].shape[1], args.hidden)
    optimizer = torch.optim.Adam(policy.parameters(), lr=args.learning_rate)
    for update in range(args.n_updates):
        log_probs, rewards = rollout(env, policy, args, seed=args.seed + update * args.n_envs)
        to_go = rewards.flip(0).cumsum(0).flip(0)  # what is still to come after each question
        advantage = to_go - to_go.mean(1, keepdim=True)
        loss = -(log_probs * advantage / (advantage.std() + 1e-8)).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if update % 10 == 0 or update == args.n_updates - 1:
            print(f"update {update:4}  mean return {rewards.sum(0).mean():+.3f}")


def make_env(args: Args) -> Any:
    """Students side by side; all are reset together, when their episodes are over."""
    return gym.make_vec(
        args.env_id,
        args.n_envs,
        "vector_entry_point",
        autoreset_mode=AutoresetMode.NEXT_STEP,
        max_episode_steps=args.n_steps,
        action="candidates",
        observation="dict",
        reward="expected_gain",
    )


def rollout(env: Any, policy: CandidateScorer, args: Args, seed: int) -> tuple[Tensor, Tensor]:
    """One episode of every student: log probabilities of the actions and rewards, ``(n_steps, n_envs)`` each.

    A student who mastered the targets before the others earns nothing until all are reset.
    """
    observations, _ = env.reset(seed=seed)
    going = torch.ones(args.n_envs)
    log_probs, rewards = [], []
    for _ in range(args.n_steps):
        candidates = torch.from_numpy(observations["candidates"])
        distribution = policy(candidates, torch.from_numpy(observations["observations"][:, -1]))
        actions = distribution.sample()
        observations, reward, terminated, truncated, _ = env.step(actions.numpy())
        log_probs.append(distribution.log_prob(actions) * going)
        rewards.append(torch.from_numpy(reward).float() * going)
        going = going * torch.from_numpy(~np.logical_or(terminated, truncated)).float()
    return torch.stack(log_probs), torch.stack(rewards)


if __name__ == "__main__":
    typer.run(main)
