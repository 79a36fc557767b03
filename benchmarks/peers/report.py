"""The grid's files as one report: mean and range over seeds of every figure of the table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from peers import ours
from peers.catalogue import KINDS, Kind
from peers.grid import Grid, are_alike, read

TASKS = {"kt": "KT", "simulation, sampled": "sampled", "simulation, expected": "expected", "simulation, hard": "hard"}


@dataclass(frozen=True)
class Spread:
    """A figure over seeds."""

    mean: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Mean, least and most."""
    return Spread(float(np.mean(values)), min(values), max(values))


def report(grid: Grid) -> list[dict[str, Any]]:
    """One entry a peer that has scores in the grid's folder, whatever the grid itself would run; plain values.

    Seeds whose setting or rule of fitting is not that of the first are left out: they wait to be run again.
    """
    names = [*(kind.name for kind in KINDS), ours.NAME]
    found = {name: sorted(grid.folder.glob(f"{name}-seed*-scores.json")) for name in names}
    runs = {name: [read(file) for file in files] for name, files in found.items() if files}
    return [_entry(grid, name, [run for run in of if are_alike(run, of[0])]) for name, of in runs.items()]


def with_earlier(entries: list[dict[str, Any]], earlier: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries, and earlier ones of more seeds: of peers whose files are gone, or that are being run anew."""
    found = {entry["peer"]: entry for entry in entries}
    for entry in earlier:
        if len(entry["seeds"]) > len(found.get(entry["peer"], {"seeds": []})["seeds"]):
            found[entry["peer"]] = entry
    return list(found.values())


def with_costs(entries: list[dict[str, Any]], measured: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries with what was measured anew, in the form that JSON gives it back."""
    costs: dict[str, Any] = json.loads(json.dumps(measured))
    return [entry | {"cost": costs.get(entry["peer"], entry["cost"])} for entry in entries]


def _entry(grid: Grid, name: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    kind = next((kind for kind in KINDS if kind.name == name), None)
    figures = {
        f"{task}, {score}": vars(spread([run["tasks"][task]["overall"][score] for run in runs]))
        for task in TASKS
        for score in ("auc", "accuracy", "rmse", "ece")
    }
    horizons = {
        f"{task}, {horizon}": vars(spread([run["tasks"][task]["by_horizon"][horizon]["auc"] for run in runs]))
        for task in TASKS
        for horizon in runs[0]["tasks"][task]["by_horizon"]
    }
    return {
        "peer": name,
        "source": kind.source if kind else "ldsim-env",
        "sizes": kind.sizes if kind else "package defaults",
        "seeds": [run["seed"] for run in runs],
        "sampled_seeds": len(runs[0]["tasks"]["simulation, sampled"]["auc_by_seed"]),
        "search": _search(grid, kind, runs[0]["rule"]) if kind else None,
        "setting": runs[0]["setting"],
        "positions": {task: runs[0]["tasks"][task]["overall"]["n"] for task in TASKS},
        "figures": figures,
        "auc_by_horizon": horizons,
        "seconds": vars(spread([run["seconds"] for run in runs])),
        "epochs": [run["epochs"] for run in runs],
        "rule": runs[0]["rule"],
        "cost": runs[0]["cost"],
    }


def _search(grid: Grid, kind: Kind, rule: str | None) -> dict[str, Any]:
    """Among which settings the row's own was chosen: those fitted by its rule."""
    found = grid.searched(kind, rule)
    return {"searched": kind.searched, "stopping_auc": {str(tried): auc for tried, auc in found.items()}}
