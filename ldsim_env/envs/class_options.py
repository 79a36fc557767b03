"""The ``options`` of a class's ``reset``: for every student, or by agent for one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ldsim_env.envs.options import ResetOptions, read_options
from ldsim_env.errors import SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.logs.response_log import ResponseLog

NO_MEANING = "options"
"""PettingZoo's own tests pass ``{"options": 1}`` to every environment, so this key is let through."""


class ClassOptions(NamedTuple):
    """What the user fixed for one episode of a class."""

    of_all: ResetOptions
    of_one: dict[int, ResetOptions]  # by the student's row


def read_class_options(
    options: Mapping[str, Any] | None, agents: Sequence[str], bank: QuestionBank, students: ResponseLog
) -> ClassOptions:
    """Check and translate the options of ``reset``.

    Args:
        options: Those of `read_options` for every student; or by agent such options for its student, which go before
            those for every student.
        agents: The agents' names.
        bank: The question bank.
        students: The students of the class's split.

    Raises:
        SettingsError: If a key is unknown or a value wrong.
    """
    if not isinstance(options, Mapping):
        return ClassOptions(read_options(options, bank, students), {})
    of_all = {key: value for key, value in options.items() if key not in agents and key != NO_MEANING}
    of_one = {
        row: read_options(of_all | _own_options(agent, options[agent]), bank, students)
        for row, agent in enumerate(agents)
        if agent in options
    }
    return ClassOptions(read_options(of_all, bank, students), of_one)


def _own_options(agent: str, own: Any) -> dict[str, Any]:
    if not isinstance(own, Mapping):
        raise SettingsError(f"options[{agent!r}]: expected a dict of options for this student, got {own!r}.")
    return dict(own)
