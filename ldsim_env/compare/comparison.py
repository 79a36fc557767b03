"""The paired comparison: every policy teaches the same students, with the same targets and response noise."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from rich.console import Console

from ldsim_env.compare.cells import Cell, Place, make_env
from ldsim_env.compare.parallel import Work, run_cells
from ldsim_env.compare.policies import Policy, read_policies
from ldsim_env.compare.report.result_folder import ResultFolder, read_result_folder
from ldsim_env.compare.result_tables import polars
from ldsim_env.compare.run_folder import CELLS, begin_run, describe_run, gather, gather_curves
from ldsim_env.compare.settings import CompareSettings
from ldsim_env.errors import SettingsError
from ldsim_env.recommenders import Env, Recommender

SAME_SCORE = 1e-5


def compare(
    policies: Sequence[str | Recommender],
    settings: CompareSettings | None = None,
    console: Console | None = None,
    *,
    out: Path | None = None,
    n_jobs: int = 1,
    trained_on: Mapping[str, str] | None = None,
) -> ResultFolder:
    """Let policies teach the same students and gather how much was learned.

    Args:
        policies: Recommenders, or what `load_recommender` takes: ``NAME``, ``FILE.zip``, ``module:attribute``; with
            ``NAME=`` before it, it is called so. If the settings' reference policy is not among them, it is added in
            front.
        settings: What to compare on; by default 200 held-out students of the embedded bank.
        console: Where to show progress and the time left; None shows nothing.
        out: Folder for the results. A run that was cut off goes on where it was when it is started again, and further
            policies are added to those that are there. None keeps nothing on disk.
        n_jobs: Processes. More than 1 needs a main module that can be imported (``if __name__ == "__main__":``).
        trained_on: Student model that a policy was trained on, by the policy's name, where no file says it.

    Raises:
        SettingsError: If a policy or the environment can't be found or made, names repeat, the folder has results of
            another comparison, or the environment's ``reset`` gives two policies different students or targets.
        CheckpointError: If a saved policy or student model can't be read.
        MissingExtraError: If polars is not installed.
    """
    polars()  # its absence must be reported before the long run
    settings = settings or CompareSettings()
    loaded = read_policies(_with_reference(policies, settings.reference), trained_on)
    with _folder(out) as folder:
        _run(loaded, settings, folder, n_jobs, console)
        results = read_result_folder(folder)
    _check_paired(results)
    return results


def cells_of(policies: Sequence[Policy], settings: CompareSettings) -> list[Cell]:
    """All cells, those of one student model together, so that a process seldom needs another environment."""
    return [
        Cell(policy.name, model, seed, policy.observer or _seen_through(policy, settings), tuple(policy.modes.items()))
        for model in settings.model_names
        for policy in policies
        for seed in settings.seeds
    ]


def _seen_through(policy: Policy, settings: CompareSettings) -> str | None:
    trained_on = policy.entry.trained_on
    known = (*settings.model_names, settings.observer)
    return trained_on if trained_on in known else settings.observer


def _run(
    policies: Sequence[Policy], settings: CompareSettings, folder: Path, n_jobs: int, console: Console | None
) -> None:
    cells = cells_of(policies, settings)
    with closing(make_env(settings, Place(settings.model_names[0], settings.observer))) as env:
        _check_cohort(env, settings)
        run = begin_run(folder, describe_run(policies, settings, env))
    by_name = {policy.name: policy for policy in policies}
    run_cells(Work(cells, by_name, settings, folder / CELLS), n_jobs, console)
    others = [entry["name"] for entry in run["policies"] if entry["name"] not in by_name]
    gather(folder, [*_cells_named(others, settings), *cells])
    gather_curves(folder, policies)


def _cells_named(names: Sequence[str], settings: CompareSettings) -> list[Cell]:
    return [Cell(name, model, seed) for name in names for model in settings.model_names for seed in settings.seeds]


def _with_reference(policies: Sequence[str | Recommender], reference: str) -> list[str | Recommender]:
    # Without a baseline a gain says little, and an unknown one must be reported before the long run, not after it.
    names = [policy.partition("=")[0] if isinstance(policy, str) else policy.name for policy in policies]
    return list(policies) if reference in names else [reference, *policies]


@contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    if out is not None:
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="ldsim-compare-") as folder:
        yield Path(folder)


def _check_cohort(env: Env, settings: CompareSettings) -> None:
    available = env.get_wrapper_attr("n_students") if env.has_wrapper_attr("n_students") else settings.n_students
    if settings.n_students > available:
        raise SettingsError(
            f"n_students: expected at most {available}, the students of {settings.env_id} with "
            f"{dict(settings.env_options)}, got {settings.n_students}. Ask for fewer, or for more seeds."
        )


def _check_paired(results: ResultFolder) -> None:
    pl = polars()
    start, lists = pl.col("exam_start"), pl.col("targets")
    spread = results.episodes.group_by("student_model", "seed", "student").agg(
        (start.max() - start.min()).alias("spread"), lists.n_unique().alias("lists"), pl.col("policy")
    )
    apart = spread.filter((pl.col("spread") > SAME_SCORE) | (pl.col("lists") > 1)).sort("seed", "student")
    if apart.height:
        first = apart.row(0, named=True)
        raise SettingsError(
            f"env: reset gave {' and '.join(first['policy'][:2])} different students or targets for seed "
            f"{first['seed']} and student {first['student']}, so policies can't be compared in pairs. "
            "Draw everything in reset from self.np_random, after super().reset(seed=seed); targets that are chosen by "
            "mastery need one observer for all policies."
        )
