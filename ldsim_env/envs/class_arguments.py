"""The arguments and actions that only a class takes, checked."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from gymnasium.error import InvalidAction

from ldsim_env.errors import SettingsError, unknown_name


def refuse_unknown_arguments(arguments: Mapping[str, Any], *classes: type[Any]) -> None:
    """Refuse the arguments that none of the classes' constructors names.

    Raises:
        SettingsError: Names every one of them, with the nearest match.
    """
    known = {
        parameter.name
        for made in classes
        for parameter in inspect.signature(made.__init__).parameters.values()  # `LDSimEnv.__new__` hides the names
        if parameter.kind is not parameter.VAR_KEYWORD and parameter.name != "self"
    }
    unknown = [unknown_name("argument", name, known) for name in arguments if name not in known]
    if unknown:
        raise SettingsError(" ".join(unknown))


def check_agents(actions: Mapping[str, Any], agents: Sequence[str]) -> None:
    """Refuse actions that aren't one for each agent.

    Raises:
        gymnasium.error.InvalidAction: If an agent has none, or somebody else has one.
    """
    if not isinstance(actions, Mapping):
        raise InvalidAction(f"actions: expected a dict with one for each of {agents}, got {actions!r}.")
    if set(actions) != set(agents):
        raise InvalidAction(
            f"actions: expected one for each of {agents}, got some for {list(actions)}; an agent that left has none."
        )
