"""Running the cells of a comparison: in this process or in several, going on where a run was cut off."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ldsim_env.compare.cells import Cell, CellRunner
from ldsim_env.compare.policies import Policy
from ldsim_env.compare.settings import CompareSettings
from ldsim_env.errors import LDSimError, SettingsError
from ldsim_env.recommenders import Recommender

THREAD_SETTINGS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Work:
    """Cells to run.

    Args:
        cells: All cells of the comparison.
        policies: By name.
        settings: Of the comparison.
        folder: For the results of the cells.
    """

    cells: Sequence[Cell]
    policies: Mapping[str, Policy]
    settings: CompareSettings
    folder: Path


def run_cells(work: Work, n_jobs: int, console: Console | None) -> None:
    """Run the cells whose results are not in the folder.

    Args:
        work: The cells.
        n_jobs: Processes; 1 runs in this one.
        console: Where to show progress and the time left; None shows nothing.

    Raises:
        SettingsError: If something can't be made, or can't be sent to another process.
        LDSimError: If a process died.
    """
    todo = replace(work, cells=[cell for cell in work.cells if not _is_done(cell, work)])
    n_done = len(work.cells) - len(todo.cells)
    with _progress(console, len(work.cells), n_done, work.settings.n_students) as progress:
        if n_jobs == 1 or len(todo.cells) <= 1:
            _run_here(todo, progress)
        else:
            _run_elsewhere(todo, min(n_jobs, len(todo.cells)), progress)


def _is_done(cell: Cell, work: Work) -> bool:
    # A recommender that came as an object may be another one than that of the last run; nothing tells.
    return bool(work.policies[cell.policy].entry.source) and cell.is_done(work.folder)


def _run_here(work: Work, progress: Progress) -> None:
    runner = CellRunner(work.settings)
    for cell in work.cells:
        runner.run(cell, work.policies[cell.policy].loaded(), work.folder)
        progress.advance(progress.task_ids[0], work.settings.n_students)


def _run_elsewhere(work: Work, n_jobs: int, progress: Progress) -> None:
    # Spawned, not forked: a fork copies torch's and polars' threads in whatever state they are.
    context = multiprocessing.get_context("spawn")
    with _one_thread_each(), ProcessPoolExecutor(n_jobs, context, _start_worker, (work.settings,)) as pool:
        tasks = [_Task(cell, work.policies[cell.policy].without_recommender(), work.folder) for cell in work.cells]
        try:
            for future in as_completed([pool.submit(_run_in_worker, task) for task in tasks]):
                _result(future)
                progress.advance(progress.task_ids[0], work.settings.n_students)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _result(future: Future[None]) -> None:
    try:
        future.result()
    except BrokenProcessPool as error:
        raise LDSimError(
            "compare: a process died, perhaps for want of memory. What is done is kept: run the same command again to "
            "go on, with fewer jobs or fewer students."
        ) from error
    except (AttributeError, TypeError) as error:
        if "pickle" not in str(error):
            raise
        raise SettingsError(
            f"n_jobs: a policy, student model or option can't be sent to another process ({error}). Give names, files "
            "or module:attribute, or run with one job."
        ) from error


@dataclass(frozen=True)
class _Task:
    cell: Cell
    policy: Policy
    folder: Path


class _Worker:
    """What a process keeps between cells."""

    runner: CellRunner
    recommenders: dict[str, Recommender]


def _start_worker(settings: CompareSettings) -> None:
    import torch  # noqa: PLC0415 - `import ldsim_env` must not load it

    torch.set_num_threads(1)
    _Worker.runner, _Worker.recommenders = CellRunner(settings), {}


def _run_in_worker(task: _Task) -> None:
    name = task.cell.policy
    if name not in _Worker.recommenders:
        _Worker.recommenders[name] = task.policy.loaded()
    _Worker.runner.run(task.cell, _Worker.recommenders[name], task.folder)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """The processes that start meanwhile compute with one thread: more would get in each other's way."""
    before = {name: os.environ.get(name) for name in THREAD_SETTINGS}
    os.environ.update(dict.fromkeys(THREAD_SETTINGS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _progress(console: Console | None, n_cells: int, n_done: int, n_students: int) -> Iterator[Progress]:
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
        console=console, disable=console is None,
    )  # fmt: skip
    progress.add_task("Episodes", total=n_cells * n_students, completed=n_done * n_students)
    with progress:
        yield progress
