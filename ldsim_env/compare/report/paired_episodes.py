"""The episodes of one student model as arrays: the same students and seeds for every policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ldsim_env.compare.report.result_folder import OUTCOME_COLUMNS, ResultFolder
from ldsim_env.errors import CheckpointError

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class PairedEpisodes:
    """Policies x seeds x students of one student model.

    Args:
        student_model: Its name.
        policies: Names of the policies that taught it, in the order of the run.
        seeds: The seeds, in rising order.
        students: The students that every policy taught under every seed.
        n_left_out: Students that some policy did not teach under some seed, and that are therefore not counted.
        outcomes: For each of `OUTCOME_COLUMNS` an array ``(n_policies, n_seeds, n_students)``, float64; NaN for null.
    """

    student_model: str
    policies: tuple[str, ...]
    seeds: tuple[int, ...]
    students: tuple[int, ...]
    n_left_out: int
    outcomes: Mapping[str, NDArray[np.float64]]

    def of(self, policy: str, outcome: str = "gain") -> NDArray[np.float64]:
        """``(n_seeds, n_students)``: one outcome of one policy."""
        return np.asarray(self.outcomes[outcome][self.policies.index(policy)])


def pair_episodes(results: ResultFolder, student_model: str) -> PairedEpisodes:
    """Bring the episodes of one student model into pairs.

    Raises:
        CheckpointError: If an episode comes twice, a gain is null or not finite, or fewer than two students were taught
            by every policy under every seed.
    """
    import polars as pl  # noqa: PLC0415 - an optional package

    rows = results.episodes.filter(pl.col("student_model") == student_model)
    _check_rows(rows, student_model)
    policies = tuple(p.name for p in results.settings.policies if p.name in set(rows["policy"]))
    seeds, taught = sorted(set(rows["seed"])), sorted(set(rows["student"]))
    students = _taught_by_all(rows, len(policies) * len(seeds), student_model)
    kept = rows.filter(pl.col("student").is_in(students))
    return PairedEpisodes(
        student_model=student_model,
        policies=policies,
        seeds=tuple(seeds),
        students=tuple(students),
        n_left_out=len(taught) - len(students),
        outcomes=_outcomes(kept, policies, (len(policies), len(seeds), len(students))),
    )


def _check_rows(rows: pl.DataFrame, student_model: str) -> None:
    twice = rows.select("policy", "seed", "student").is_duplicated()
    if twice.any():
        policy, seed, student = rows.filter(twice).select("policy", "seed", "student").row(0)
        raise CheckpointError(
            f"episodes of {student_model}: {policy} teaches student {student} under seed {seed} twice. Compare again."
        )
    if not rows["gain"].cast(float).fill_null(np.nan).is_finite().all():
        raise CheckpointError(f"episodes of {student_model}: column gain: expected finite numbers. Compare again.")


def _taught_by_all(rows: pl.DataFrame, n_cells: int, student_model: str) -> list[int]:
    import polars as pl  # noqa: PLC0415

    counts = rows.group_by("student").len().filter(pl.col("len") == n_cells)
    if counts.height < 2:
        raise CheckpointError(
            f"episodes of {student_model}: expected at least two students that every policy taught under every seed, "
            f"got {counts.height}. Let the comparison run to its end, or compare more students."
        )
    return sorted(counts["student"].to_list())


def _outcomes(
    rows: pl.DataFrame, policies: tuple[str, ...], shape: tuple[int, int, int]
) -> dict[str, NDArray[np.float64]]:
    import polars as pl  # noqa: PLC0415

    order = pl.col("policy").replace_strict({name: row for row, name in enumerate(policies)}, return_dtype=pl.Int64)
    rows = rows.sort(order, "seed", "student")
    return {name: rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy().reshape(shape) for name in OUTCOME_COLUMNS}
