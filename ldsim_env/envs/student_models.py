"""Which student model the arguments mean: one by name or folder, several as an ensemble, an LLM, or a given one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ldsim_env.envs.exploitable import warn_if_exploitable
from ldsim_env.errors import CheckpointError, SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.simulator.checkpoint import BANK_FILE, bank_folder, load_simulator, simulator_folder
from ldsim_env.simulator.llm_student import LLMStudent
from ldsim_env.simulator.models import Ensemble
from ldsim_env.simulator.naming import student_model_folder
from ldsim_env.simulator.protocol import StudentModel
from ldsim_env.simulator.unknown_questions import Fitted
from ldsim_env.teacher.graph_files import load_graph
from ldsim_env.teacher.loading import KINDS, load_teacher
from ldsim_env.teacher.protocol import Teacher

LLM = "llm"
RELATIONS_FILE = "relations.json"
OF_STUDENT = ("examined", "memory", "course", "graph")  # options of an LLM that aren't the teacher's


def choose_student_model(
    bank: str | Path,
    value: Any,
    *,
    member: str | None = None,
    options: Mapping[str, Any] | None = None,
    device: str = "cpu",
) -> StudentModel:
    """The student model that answers and is examined.

    Args:
        bank: Name of a bundled bank, or a simulator's folder.
        value: The argument ``student_model``; None is the simulator of ``bank``.
        member: Who answers of an ensemble, see `EnsembleSettings`; None is as the ensemble was made.
        options: Of an LLM.
        device: Where it computes.

    Raises:
        SettingsError: If an argument is of no use to this student model, or has a wrong value.
        CheckpointError: If there is no such simulator, or it is damaged.
    """
    if options is not None and not isinstance(options, Mapping):
        raise SettingsError(f"student_options: expected None or a dict, got {options!r}.")
    model = _named("student_model", bank if value is None else value, bank, options, device)
    if member is None:
        return model
    if not isinstance(model, Ensemble):
        raise SettingsError(
            f"member: {member!r} is for an ensemble, got {type(model).__name__} as the student model. Give "
            "student_model='ensemble' or a list of several."
        )
    return Ensemble(model.members, replace(model.settings, member=member))


def choose_observer(value: Any, bank: str | Path, model: StudentModel, device: str = "cpu") -> StudentModel:
    """The student model that tracks what a tutor could know.

    Raises:
        SettingsError: If it is of another bank than ``model``, the one that answers.
        CheckpointError: If there is no such simulator, or it is damaged.
    """
    observer = _named("observer", value, bank, None, device)
    if observer.bank.fingerprint != model.bank.fingerprint:
        raise SettingsError(
            f"observer: expected a student model of the same bank as the one that answers, {model.bank.name!r} "
            f"({model.bank.fingerprint[:12]}), got one of {observer.bank.name!r} ({observer.bank.fingerprint[:12]})."
        )
    return observer


def _named(argument: str, value: Any, bank: str | Path, options: Mapping[str, Any] | None, device: str) -> StudentModel:
    if isinstance(value, str) and value.partition(":")[0] == LLM:
        return _llm_student(argument, value.partition(":")[2], bank, options or {})
    if options:
        raise SettingsError(f"student_options: only student_model='llm' takes any, got {dict(options)!r}.")
    if isinstance(value, str | Path):
        return _saved(argument, value, bank, device)
    if isinstance(value, Sequence) and value:
        return Ensemble([_named(argument, one, bank, None, device) for one in value])
    if not isinstance(value, StudentModel):
        raise SettingsError(
            f"{argument}: expected a student model (with bank, start, answer_prob, learn and mastery) or the name or "
            f"folder of a simulator, or several of them, got {value!r}."
        )
    return value


def _saved(argument: str, value: str | Path, bank: str | Path, device: str) -> StudentModel:
    folder = simulator_folder(value) if value is bank else student_model_folder(value, bank)
    if argument == "student_model":  # an observer pays nobody
        warn_if_exploitable(folder)
    return _on_device(load_simulator(folder), device)


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


# ---- an LLM in the loop -------------------------------------------------------------------------------------------


def _llm_student(argument: str, model: str, bank: str | Path, options: Mapping[str, Any]) -> LLMStudent:
    """An LLM that is asked at every step what the student would answer; slow, for evaluation only."""
    of_student = {name: options[name] for name in OF_STUDENT if name in options}
    of_teacher = {name: value for name, value in options.items() if name not in (*OF_STUDENT, "teacher")}
    if of_teacher.get("cache") is not None:
        of_teacher["cache"] = Path(of_teacher["cache"])
    teacher = options.get("teacher", model)
    if not teacher:
        raise SettingsError(
            f"{argument}: 'llm' needs a model to ask. Give 'llm:MODEL', where MODEL is a folder or an id on the hub, "
            "'llm:http://HOST/v1#MODEL' for a chat endpoint or 'llm:replay:FILE' for recorded answers, or "
            "student_options={'teacher': ...}."
        )
    if isinstance(teacher, str):
        known = teacher.partition(":")[0] in KINDS
        teacher = load_teacher(teacher if known else f"transformers:{teacher}", **of_teacher)
    elif of_teacher:
        raise SettingsError(
            f"student_options: {', '.join(sorted(of_teacher))} would be settings of a teacher that is made here, but "
            f"one was given. Known besides teacher: {', '.join(OF_STUDENT)}."
        )
    return LLMStudent(_checked(teacher), _bank(bank), **({"graph": _graph(bank)} | of_student))


def _checked(teacher: Any) -> Teacher:
    if not isinstance(teacher, Teacher):
        raise SettingsError(f"student_options: teacher: expected what names a teacher, or one, got {teacher!r}.")
    return teacher


def _bank(bank: str | Path) -> QuestionBank:
    return QuestionBank.load(bank_folder(simulator_folder(bank)) / BANK_FILE)


def _graph(bank: str | Path) -> Any:
    path = bank_relations(bank)
    return None if path is None else load_graph(path)


def bank_relations(bank: str | Path) -> Path | None:
    """The concept relations in a bank's folder; None where there are none, or ``bank`` names no folder."""
    try:
        path = simulator_folder(bank) / RELATIONS_FILE
    except CheckpointError:  # the student model was given, and the bank names no folder
        return None
    return path if path.is_file() else None
