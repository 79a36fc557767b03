"""The environment's arguments, checked and turned into what it is made of."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ldsim_env.envs.candidate_sampler import CandidateSampler
from ldsim_env.envs.exploitable import warn_if_exploitable
from ldsim_env.envs.settings import EnvSettings
from ldsim_env.envs.students import make_cohort
from ldsim_env.envs.targets import target_rule
from ldsim_env.envs.teaching import Teaching
from ldsim_env.errors import CheckpointError, SettingsError, unknown_name
from ldsim_env.simulator.checkpoint import load_simulator, simulator_folder
from ldsim_env.simulator.naming import student_model_folder
from ldsim_env.simulator.protocol import StudentModel
from ldsim_env.simulator.unknown_questions import Fitted
from ldsim_env.teacher.graph import ConceptGraph
from ldsim_env.teacher.graph_files import load_graph

RELATIONS_FILE = "relations.json"


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
    student_model: StudentModel | str | Path | None,
    observer: StudentModel | str | Path | None,
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
    model = _student_model("student_model", bank if student_model is None else student_model, bank, device)
    cohort = make_cohort(students, model.bank, simulator_folder(bank) if students is None else None)
    graph = _relations(relations, bank) if targets == "next" else None
    return Teaching(
        model,
        cohort.students_of(cohort_split),
        settings,
        target_rule(model.bank, settings, targets, graph),
        observer=None if observer is None else _observer(observer, bank, model, device),
        sampler=sampler,
    )


def _student_model(name: str, value: Any, bank: str | Path, device: str) -> StudentModel:
    if isinstance(value, str | Path):
        folder = simulator_folder(value) if value is bank else student_model_folder(value, bank)
        if name == "student_model":  # an observer pays nobody
            warn_if_exploitable(folder)
        return _on_device(load_simulator(folder), device)
    if not isinstance(value, StudentModel):
        raise SettingsError(
            f"{name}: expected a student model (with bank, start, answer_prob, learn and mastery) or the name or "
            f"folder of a simulator, got {value!r}."
        )
    return value


def _on_device(network: Fitted, device: str) -> Fitted:
    if device == "cpu":
        return network
    try:
        network.to(device)
    except (RuntimeError, AssertionError) as error:  # torch: no such device, or built without it
        raise SettingsError(
            f"device: expected 'cpu' or a device that torch can use here, got {device!r} ({error})."
        ) from error
    network.freeze()  # its tables are read from the buffers, which have moved
    return network


def _observer(value: Any, bank: str | Path, model: StudentModel, device: str) -> StudentModel:
    observer = _student_model("observer", value, bank, device)
    if observer.bank.fingerprint != model.bank.fingerprint:
        raise SettingsError(
            f"observer: expected a student model of the same bank as the one that answers, {model.bank.name!r} "
            f"({model.bank.fingerprint[:12]}), got one of {observer.bank.name!r} ({observer.bank.fingerprint[:12]})."
        )
    return observer


def _relations(relations: Any, bank: str | Path) -> ConceptGraph | None:
    """The concept relations: those given, or those in the bank's folder, if there are some."""
    if isinstance(relations, ConceptGraph):
        return relations
    if relations is not None and not isinstance(relations, str | Path):
        raise SettingsError(f"relations: expected None, a ConceptGraph or the path of one, got {relations!r}.")
    path = Path(relations) if relations is not None else _bank_relations(bank)
    if path is None:
        return None
    return load_graph(path)


def _bank_relations(bank: str | Path) -> Path | None:
    try:
        path = simulator_folder(bank) / RELATIONS_FILE
    except CheckpointError:  # the student model was given, and the bank names no folder
        return None
    return path if path.is_file() else None
