"""The environment's arguments, checked and turned into what it is made of."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ldsim_env.envs.candidate_sampler import CandidateSampler
from ldsim_env.envs.settings import EnvSettings
from ldsim_env.envs.student_models import bank_relations, choose_observer, choose_student_model
from ldsim_env.envs.students import make_cohort
from ldsim_env.envs.targets import target_rule
from ldsim_env.envs.teaching import Teaching
from ldsim_env.errors import SettingsError, unknown_name
from ldsim_env.simulator.checkpoint import simulator_folder
from ldsim_env.teacher.graph import ConceptGraph
from ldsim_env.teacher.graph_files import load_graph


def refuse_unknown(unknown: Mapping[str, Any], constructor: Callable[..., Any]) -> None:
    """Refuse the arguments that ``constructor`` doesn't name.

    Raises:
        SettingsError: Names every one of them, with the nearest match.
    """
    if unknown:
        known = [name for name in inspect.signature(constructor).parameters if name not in ("self", "unknown")]
        raise SettingsError(" ".join(unknown_name("argument", name, known) for name in unknown))


def check_render_mode(render_mode: str | None, modes: Sequence[str]) -> str | None:
    """The render mode, if it is None or one of ``modes``.

    Raises:
        SettingsError: If it is neither.
    """
    if render_mode is not None and render_mode not in modes:
        raise SettingsError(f"render_mode: {unknown_name('render mode', str(render_mode), modes)}")
    return render_mode


def make_teaching(
    bank: str | Path,
    *,
    student_model: Any,
    member: str | None,
    student_options: Mapping[str, Any] | None,
    observer: Any,
    students: Any,
    cohort_split: str,
    targets: str | Sequence[int | str],
    relations: ConceptGraph | str | Path | None,
    sampler: CandidateSampler | None,
    settings: EnvSettings,
    device: str = "cpu",
) -> Teaching:
    """Load what the arguments name, and bring it together for one student; see `LDSimEnv` for the arguments.

    Raises:
        SettingsError: If an argument has a wrong value.
        LogError: If the students' log can't be read.
        CheckpointError: If the simulator, the cohort or the relations are absent, damaged or of another bank.
    """
    model = choose_student_model(bank, student_model, member=member, options=student_options, device=device)
    cohort = make_cohort(students, model.bank, simulator_folder(bank) if students is None else None)
    graph = _relations(relations, bank) if targets == "next" else None
    return Teaching(
        model,
        cohort.students_of(cohort_split),
        settings,
        target_rule(model.bank, settings, targets, graph),
        observer=None if observer is None else choose_observer(observer, bank, model, device),
        sampler=sampler,
    )


def _relations(relations: Any, bank: str | Path) -> ConceptGraph | None:
    """The concept relations: those given, or those in the bank's folder, if there are some."""
    if isinstance(relations, ConceptGraph):
        return relations
    if relations is not None and not isinstance(relations, str | Path):
        raise SettingsError(f"relations: expected None, a ConceptGraph or the path of one, got {relations!r}.")
    path = Path(relations) if relations is not None else bank_relations(bank)
    if path is None:
        return None
    return load_graph(path)
