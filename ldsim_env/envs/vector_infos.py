"""Infos of many environments at once, as Gymnasium's vector environments have them, worked out when they are read.

For each key of the single environment's info there are two: ``key`` with a row an environment, and ``_key``, ``(n,)``
bool, with the environments that have it; the rows of the others are zeros, or None where values are no numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.infos import REWARD_TERMS, STATE_COLUMNS, STEP_COLUMNS, Info, Step, objects, state_names
from ldsim_env.envs.later import LaterDict
from ldsim_env.envs.observations import Observations
from ldsim_env.envs.teaching import Teaching

BoolArray = NDArray[np.bool_]
Make = Callable[[str], Any]


def state_infos(teaching: Teaching, present: BoolArray) -> LaterDict:
    """What a reset tells of the environments that are ``present``."""
    then = teaching.frozen()
    return _masked(state_names(teaching), lambda name: STATE_COLUMNS[name](then), present)


def step_infos(teaching: Teaching, step: Step | None, stepped: BoolArray, present: BoolArray) -> LaterDict:
    """What a step tells.

    Args:
        teaching: After the step, and after the resets that came with it.
        step: The step; None where nobody stepped.
        stepped: ``(n,)``, the environments whose step this info tells.
        present: ``(n,)``, the environments whose state this info tells.
    """
    infos = state_infos(teaching, present)
    if step is not None and stepped.any():
        terms = _masked(step.terms, lambda name: step.terms[name], stepped)
        infos.add(_masked(STEP_COLUMNS, lambda name: STEP_COLUMNS[name](step), stepped))
        infos.update({REWARD_TERMS: terms, f"_{REWARD_TERMS}": stepped.copy()})
    return infos


def final_infos(observations: Observations, infos: Info, ended: BoolArray) -> Info:
    """What ended episodes leave behind where the next one begins in the same step.

    Args:
        observations: Of all environments at the end.
        infos: `step_infos` of those that ended.
        ended: ``(n,)``.
    """
    rows = [one_observation(observations, row) if has_ended else None for row, has_ended in enumerate(ended.tolist())]
    return {"final_obs": objects(rows), "_final_obs": ended.copy(), "final_info": infos, "_final_info": ended.copy()}


def one_observation(observations: Observations, row: int) -> Any:
    """The observation of one environment; a copy."""
    if isinstance(observations, dict):
        return {name: value[row].copy() for name, value in observations.items()}
    return observations[row].copy()


def one_info(infos: Info, row: int) -> Info:
    """What the infos tell of one environment, as the single environment's info has it."""
    return _row_info(infos, [name for name in infos if not name.startswith("_") and infos[f"_{name}"][row]], row)


def rows_of_infos(infos: Info, n: int) -> list[Info]:
    """`one_info` of each of the n environments, without what ended episodes left behind."""
    names = [name for name in infos if not name.startswith(("_", "final_"))]
    everywhere = [name for name in names if infos[f"_{name}"].all()]
    if len(everywhere) < len(names):
        return [one_info(infos, row) for row in range(n)]
    return [_row_info(infos, names, row) for row in range(n)]


def _row_info(infos: Info, names: Iterable[str], row: int) -> Info:
    return LaterDict(names, lambda name: _one_value(infos[name], row))


def _one_value(value: Any, row: int) -> Any:
    if isinstance(value, dict):
        return one_info(value, row)
    one = value[row]
    return one.item() if isinstance(one, np.generic) else one


def _masked(names: Iterable[str], column: Make, present: BoolArray) -> LaterDict:
    """Two keys for each name."""

    def make(key: str) -> NDArray[Any]:
        if key.startswith("_"):
            return present.copy()
        return _only_rows(column(key), present)

    return LaterDict([key for name in names for key in (name, f"_{name}")], make)


def _only_rows(column: NDArray[Any], present: BoolArray) -> NDArray[Any]:
    if present.all():
        return column
    rows = np.full_like(column, None if column.dtype == object else 0)
    rows[present] = column[present]
    return rows
