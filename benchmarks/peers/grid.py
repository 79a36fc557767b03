"""The grid of peers, settings and seeds: each fit and each score is a file, and what is there is not done again."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from safetensors.torch import load_file, save

from ldsim_env.files import write_atomic, write_json
from ldsim_env.logs import QuestionBank
from ldsim_env.simulator import LDSimNetwork, load_simulator
from ldsim_env.simulator.training_state import TrainingState
from peers import cost, ours
from peers.catalogue import Kind, built
from peers.peer import Peer
from peers.scoring import ALARM, evaluate_peer, refuse_incredible
from peers.split import Split
from peers.training import RULE


@dataclass(frozen=True)
class Grid:
    """What is to be done, and where its files lie.

    Args:
        kinds: The peers, in the order in which they are run.
        seeds: Number of seeds, from 0; settings are searched under seed 0.
        folder: Where the files go; an interrupted grid goes on from what is there.
        split_of: Gives the split of a seed.
        tries: How many of each peer's settings are searched; more may be given later.
        with_ours: Whether LDSim is run too, after the others.
        alarm: The AUC above which everything stops.
    """

    kinds: Sequence[Kind]
    seeds: int
    folder: Path
    split_of: Callable[[int], Split]
    tries: int = 3
    with_ours: bool = True
    alarm: float = ALARM

    def fit_file(self, kind: Kind, seed: int, setting: float) -> Path:
        """The record of one fit; the weights lie beside it."""
        return self.folder / f"{kind.name}-seed{seed}-{setting:g}.json"

    def score_file(self, name: str, seed: int) -> Path:
        """The scores of one peer under one seed."""
        return self.folder / f"{name}-seed{seed}-scores.json"

    def is_fitted(self, kind: Kind, seed: int, setting: float, rule: str | None = RULE) -> bool:
        """Whether the fit's record is there, and of a rule by which networks are fitted: that of now, mostly."""
        file = self.fit_file(kind, seed, setting)
        return file.exists() and read(file)["rule"] in (None, rule)

    def searched(self, kind: Kind, rule: str | None = RULE) -> dict[float, float]:
        """Stopping AUC of each setting of seed 0 that is there, by one rule of fitting."""
        there = [setting for setting in kind.settings if self.is_fitted(kind, 0, setting, rule)]
        return {setting: max(read(self.fit_file(kind, 0, setting))["stopping_auc"]) for setting in there}

    def chosen(self, kind: Kind) -> float:
        """The setting with the best stopping AUC."""
        found = self.searched(kind)
        return max(found, key=lambda setting: found[setting])


def read(path: Path) -> dict[str, Any]:
    """A record."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def are_alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two records, of fits or scores, are of one setting and of one rule of fitting."""
    return all(one[name] == other[name] for name in ("setting", "rule"))


def run(grid: Grid, console: Console) -> None:
    """Do what is not done yet: every peer under seed 0 with its search, then the further seeds.

    Raises:
        LeakError: If a log's rows are expanded, or a score is too good to be true.
    """
    jobs = list(_jobs(grid))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("peers", total=len(jobs))
        for name, seed, job in jobs:
            progress.update(task, description=f"{name}, seed {seed}")
            started = time.monotonic()
            said = job()
            progress.advance(task)
            if said:
                clock = time.strftime("%H:%M:%S")
                console.print(f"{clock} {name}, seed {seed}: {said} ({time.monotonic() - started:.0f} s)")


def measure(grid: Grid, console: Console) -> dict[str, dict[str, Any]]:
    """Time and weigh every peer of the grid anew, whether fitted or not: a step costs the same whatever the weights.

    Returns:
        By peer; what has scores under seed 0 gets it there too. LDSim is left out where it was not fitted.
    """
    bank = grid.split_of(0).bank
    measured = {}
    for kind in grid.kinds:
        peer = _unfitted(kind, bank)
        measured[kind.name] = cost.measure(peer, bank.n_questions, cost.n_parameters(peer))
        _say_cost(kind.name, measured[kind.name], console)
    fitted = grid.folder / f"{ours.NAME}-seed0"
    if grid.with_ours and fitted.exists():
        network = load_simulator(fitted)
        assert isinstance(network, LDSimNetwork)
        measured[ours.NAME] = ours.measure_ours(network)
        _say_cost(ours.NAME, measured[ours.NAME], console)
    records = {name: asdict(of) for name, of in measured.items()}
    for name, record in records.items():
        if (file := grid.score_file(name, 0)).exists():
            write_json(file, read(file) | {"cost": record})
    return records


def _say_cost(name: str, measured: cost.Cost, console: Console) -> None:
    times = {length: round(time, 1) for length, time in measured.microseconds.items()}
    console.print(f"{name}: microseconds a step {times}, peak {measured.peak_megabytes} MB")


Job = Callable[[], str]


def _jobs(grid: Grid) -> Iterator[tuple[str, int, Job]]:
    for seed in range(grid.seeds):
        for kind in grid.kinds:
            yield kind.name, seed, partial(_run_peer, grid, kind, seed)
    for seed in range(grid.seeds if grid.with_ours else 0):
        yield ours.NAME, seed, partial(_run_ours, grid, seed)


def _run_peer(grid: Grid, kind: Kind, seed: int) -> str:
    out, split = grid.score_file(kind.name, seed), grid.split_of(seed)
    for setting in kind.settings[: grid.tries] if seed == 0 else (grid.chosen(kind),):
        if not grid.is_fitted(kind, seed, setting):
            _fit(grid, kind, split, seed, setting)
    setting = grid.chosen(kind)
    record_file = grid.fit_file(kind, seed, setting)
    if out.exists() and are_alike(read(out), read(record_file)):
        return ""
    if not record_file.with_suffix(".safetensors").exists():  # a clone has the records alone
        _fit(grid, kind, split, seed, setting)
    peer = _with_weights(kind, split, record_file)
    with _own_randomness(seed):
        evaluation = evaluate_peer(peer, split.test)
    refuse_incredible(kind.name, evaluation, grid.alarm)
    record = read(record_file)
    measured = cost.measure(peer, split.bank.n_questions, cost.n_parameters(peer))
    write_json(
        out,
        {
            "peer": kind.name,
            "seed": seed,
            "setting": setting,
            "epochs": len(record["stopping_auc"]),
            "rule": record["rule"],
            "seconds": record["seconds"],
            "tasks": evaluation.to_json()["tasks"],
            "cost": asdict(measured),
        },
    )
    return _headline(read(out))


def _fit(grid: Grid, kind: Kind, split: Split, seed: int, setting: float) -> None:
    out = grid.fit_file(kind, seed, setting)
    kept = TrainingState(out.with_suffix(""), {"peer": kind.name, "seed": seed, "setting": setting, "rule": RULE})
    with _own_randomness(seed):
        peer = built(kind, split.bank)
        record = kind.fit(peer, split, setting, seed, kept)
    weights = {name: value.contiguous() for name, value in peer.state_dict().items()}
    write_atomic(out.with_suffix(".safetensors"), save(weights))
    write_json(out, {"peer": kind.name, "seed": seed, "setting": setting, **asdict(record)})
    shutil.rmtree(kept.path.parent, ignore_errors=True)


def _with_weights(kind: Kind, split: Split, record: Path) -> Peer:
    peer = _unfitted(kind, split.bank)
    peer.load_state_dict(load_file(record.with_suffix(".safetensors")))
    return peer


def _unfitted(kind: Kind, bank: QuestionBank) -> Peer:
    with _own_randomness(0):
        peer = built(kind, bank)
    return peer.eval()


def _run_ours(grid: Grid, seed: int) -> str:
    out = grid.score_file(ours.NAME, seed)
    if out.exists():
        return ""
    done = ours.run_ours(grid.split_of(seed), seed, grid.folder / f"{ours.NAME}-seed{seed}", grid.alarm)
    write_json(
        out,
        {
            "peer": ours.NAME,
            "seed": seed,
            "setting": None,
            "epochs": None,
            "rule": done["rule"],
            "seconds": done["seconds"],
            "tasks": done["evaluation"].to_json()["tasks"],
            "cost": asdict(done["cost"]),
        },
    )
    return _headline(read(out))


def _headline(record: dict[str, Any]) -> str:
    return ", ".join(f"{task} {scores['overall']['auc']:.4f}" for task, scores in record["tasks"].items())


@contextmanager
def _own_randomness(seed: int) -> Iterator[None]:
    """Torch's generator under a seed for the time: the peers' classes draw weights, dropout and levels from it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
