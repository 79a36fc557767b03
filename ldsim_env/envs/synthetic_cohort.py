"""The synthetic cohort that a package can carry, and how it compares with real students."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
from rich.table import Table

from ldsim_env.envs.cohort import Cohort, is_eval_student
from ldsim_env.envs.students import matched_log
from ldsim_env.logs import ResponseLog
from ldsim_env.simulator import SequenceModel, StudentModel, states_after
from ldsim_env.simulator.synthetic import LONGEST


@dataclass(frozen=True)
class CohortProfile:
    """What a cohort looks like to a recommender.

    Args:
        n_students: Number of students.
        length: Mean number of interactions before the episode.
        success_rate: Share of right answers in the histories.
        success_deviation: Standard deviation over students of each one's own share.
        start_mastery: Mean mastery where the episodes start, over students and concepts.
        start_mastery_deviation: Standard deviation over students of each one's own mean mastery.
    """

    n_students: int
    length: float
    success_rate: float
    success_deviation: float
    start_mastery: float
    start_mastery_deviation: float


def synthetic_cohort(
    model: StudentModel, log: ResponseLog, real: ResponseLog, n_students: int, seed: int
) -> tuple[Cohort, dict[str, CohortProfile]]:
    """Draw histories from a generative model of a log, answered by the student model; no record of it is kept.

    Args:
        model: Answers the questions.
        log: Real students, counted only.
        real: Real students to hold the cohort against.
        n_students: Students to draw.
        seed: Seeds questions, lengths and responses.

    Returns:
        The cohort, with the profiles in its provenance, and the profiles: ``"synthetic"``, ``"real early"`` of real
        students met as early as synthetic ones are (`LONGEST` interactions at most), and ``"real"``.
    """
    counted = matched_log(log, model.bank)
    histories = SequenceModel.fit(counted).sample(model, n_students, np.random.default_rng(seed))
    is_eval = np.array([is_eval_student(student) for student in histories.student_ids])
    drawn = Cohort(histories, is_eval)
    held_against = matched_log(real, model.bank)
    profiles = {
        "synthetic": profile(model, drawn),
        "real early": profile(model, Cohort.from_log(held_against, longest=LONGEST)),
        "real": profile(model, Cohort.from_log(held_against)),
    }
    provenance = {
        "synthetic": True,
        "seed": seed,
        "counted": {"bank": counted.bank.name, "fingerprint": counted.fingerprint, "n_students": log.n_students},
        "profiles": {name: asdict(of) for name, of in profiles.items()},
    }
    return replace(drawn, provenance=provenance), profiles


def profile(model: StudentModel, cohort: Cohort) -> CohortProfile:
    """Measure a cohort."""
    log = cohort.histories
    success = np.array([history.responses.mean() for history in log])
    mastery = model.mastery(states_after(model, log)).numpy().mean(1)
    return CohortProfile(
        n_students=log.n_students,
        length=float(log.lengths.mean()),
        success_rate=float(log.responses.mean()),
        success_deviation=float(success.std()),
        start_mastery=float(mastery.mean()),
        start_mastery_deviation=float(mastery.std()),
    )


def profile_table(profiles: dict[str, CohortProfile]) -> Table:
    """Profiles side by side, for the console."""
    table = Table(title="Where episodes start", title_justify="left")
    table.add_column("")
    for name in profiles:
        table.add_column(name, justify="right")
    columns = [asdict(of) for of in profiles.values()]
    for row in columns[0]:
        table.add_row(row.replace("_", " "), *(f"{column[row]:,.3f}".rstrip("0").rstrip(".") for column in columns))
    return table
