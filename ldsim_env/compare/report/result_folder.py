"""Reading a result folder: its settings and its three tables, checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldsim_env.compare.report.run_settings import RunSettings, read_run_settings
from ldsim_env.errors import CheckpointError, missing_extra

if TYPE_CHECKING:
    import polars as pl

EPISODES_FILE = "episodes.parquet"
STEPS_FILE = "steps.parquet"
CURVES_FILE = "curves.parquet"
OUTCOME_COLUMNS = ("exam_start", "exam_end", "gain", "clipped_gain", "prior_ability", "success_rate", "repeat_rate",
                   "concept_coverage", "questions_to_mastery", "n_steps")  # fmt: skip
EPISODE_COLUMNS = ("policy", "student_model", "seed", "student", *OUTCOME_COLUMNS, "terminated", "targets")
STEP_COLUMNS = ("policy", "student_model", "seed", "student", "step", "question", "question_id", "concepts",
                "response", "answer_prob", "exam_score", "mastery")  # fmt: skip
CURVE_COLUMNS = ("agent", "seed", "steps", "seconds", "gain")


@dataclass(frozen=True, eq=False)
class ResultFolder:
    """What ``ldsim compare`` wrote.

    Args:
        settings: Of the run.
        episodes: One row an episode; the columns are `EPISODE_COLUMNS`.
        steps: One row a step of the students whose steps were kept, `STEP_COLUMNS`; step 0, without a question, is the
            start.
        curves: One row a point of an agent's learning curve, `CURVE_COLUMNS`; no rows where none were kept.
    """

    settings: RunSettings
    episodes: pl.DataFrame
    steps: pl.DataFrame
    curves: pl.DataFrame


def read_result_folder(folder: Path, curves: Sequence[Path] = ()) -> ResultFolder:
    """Read a folder of results.

    Args:
        folder: Holds settings.json, episodes.parquet, steps.parquet and maybe curves.parquet.
        curves: More learning curves, as files or as folders that hold curves.parquet, such as those of trainings.

    Raises:
        CheckpointError: If the folder or a file is absent or damaged, a column is missing, the format is of another
            version, or the tables speak of policies or student models that the settings don't name.
        MissingExtraError: If polars is not installed.
    """
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: no such folder. Expected a folder of results that `ldsim compare` wrote.")
    settings = read_run_settings(folder)
    episodes = _read_table(folder / EPISODES_FILE, EPISODE_COLUMNS)
    steps = _read_table(folder / STEPS_FILE, STEP_COLUMNS)
    _check_not_empty(episodes, folder / EPISODES_FILE)
    for table, name in ((episodes, EPISODES_FILE), (steps, STEPS_FILE)):
        _check_names(table, "policy", [policy.name for policy in settings.policies], folder / name)
        _check_names(table, "student_model", settings.student_models, folder / name)
    return ResultFolder(settings, episodes, steps, _read_curves(folder / CURVES_FILE, curves))


def _read_curves(own: Path, others: Sequence[Path]) -> pl.DataFrame:
    polars = load_polars()
    paths = [own] if own.is_file() else []
    paths += [path / CURVES_FILE if path.is_dir() else path for path in others]
    if not paths:
        return polars.DataFrame(schema=dict.fromkeys(CURVE_COLUMNS, polars.Null))  # type: ignore[no-any-return]
    tables = [_read_table(path, CURVE_COLUMNS) for path in paths]
    return polars.concat(tables, how="vertical_relaxed").unique(maintain_order=True)  # type: ignore[no-any-return]


def _read_table(path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    polars = load_polars()
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file. Compare again; a report needs it.")
    try:
        table: pl.DataFrame = polars.read_parquet(path)
    except (OSError, polars.exceptions.PolarsError) as error:
        raise CheckpointError(f"{path}: can't be read as Parquet ({error}). Compare again.") from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise CheckpointError(f"{path}: expected the columns {', '.join(columns)}; missing: {', '.join(missing)}.")
    return table.select(columns)


def _check_not_empty(table: pl.DataFrame, path: Path) -> None:
    if table.is_empty():
        raise CheckpointError(f"{path}: expected at least one episode, got none. Compare again.")


def _check_names(table: pl.DataFrame, column: str, known: Any, path: Path) -> None:
    strange = sorted(set(table[column].to_list()) - set(known))
    if strange:
        raise CheckpointError(
            f"{path}: column {column} has {', '.join(map(str, strange))}, which the settings don't name "
            f"(they name {', '.join(known)}). The files are of different runs; compare again."
        )


def load_polars() -> Any:
    """Polars, which the package does not need otherwise.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        import polars  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("report", "Reading a folder of results", error) from error
    return polars
