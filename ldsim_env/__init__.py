"""Simulated students, fitted on real logs and distilled from an LLM, as Gymnasium environments.

Importing the package registers one environment for each question bank it carries, for example
``LDSim-ASSIST09-v0``, and loads nothing heavy.
"""

from pathlib import Path

from gymnasium.envs.registration import register, registry

from ldsim_env._version import __version__

__all__ = ["__version__", "register_envs"]

BANKS = Path(__file__).parent / "banks"


def register_envs() -> list[str]:
    """Register ``LDSim-<BANK>-v0`` for every bank in the package; ids that are registered already are left alone.

    Returns:
        The ids of all bundled environments.
    """
    ids = []
    for simulator in sorted(BANKS.glob("*/simulator.json")):
        name = simulator.parent.name
        ids.append(f"LDSim-{name}-v0")
        if ids[-1] not in registry:
            _register(ids[-1], name)
    return ids


def _register(env_id: str, bank: str) -> None:
    register(
        env_id,
        entry_point="ldsim_env.envs.env:LDSimEnv",
        vector_entry_point="ldsim_env.envs.vector_env:LDSimVectorEnv",
        max_episode_steps=30,
        kwargs={"bank": bank},
    )


register_envs()
