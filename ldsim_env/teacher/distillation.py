"""Whole distillations with their files and reports: what the command line calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ldsim_env.logs.bank import QuestionBank
from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.teacher.asking import Ask, PromptBatch, ask_directly
from ldsim_env.teacher.graph import ConceptGraph
from ldsim_env.teacher.graph_figure import save_graph_figure
from ldsim_env.teacher.graph_files import save_graph
from ldsim_env.teacher.mastery import MasteryDistillation, MasterySettings, distill_mastery
from ldsim_env.teacher.prompts import Course, readable
from ldsim_env.teacher.protocol import Teacher
from ldsim_env.teacher.relation_quality import (
    RelationQuality,
    ask_reference,
    read_reference,
    reference_batches,
    refuse_chance,
)
from ldsim_env.teacher.relation_settings import RelationSettings
from ldsim_env.teacher.relations import distill_relations, relation_batches

_RELATIONS, _MASTERY, _MATHEMATICS = RelationSettings(), MasterySettings(), Course()


class RelationRun(NamedTuple):
    """A finished distillation of relations."""

    graph: ConceptGraph
    quality: RelationQuality | None  # None without reference pairs
    report: str
    files: tuple[Path, ...]


class MasteryRun(NamedTuple):
    """A finished distillation of mastery."""

    distilled: MasteryDistillation
    report: str
    files: tuple[Path, ...]


def run_relations(
    bank: QuestionBank,
    teacher: Teacher,
    out: Path,
    settings: RelationSettings = _RELATIONS,
    *,
    course: Course = _MATHEMATICS,
    log: ResponseLog | None = None,
    reference: Path | None = None,
    ask: Ask = ask_directly,
) -> RelationRun:
    """Distil relations, write the graph to ``out`` (JSON) and its drawing beside it (PNG).

    Args:
        bank: The course.
        teacher: Who is asked.
        out: The graph's file; a name that ends in .json.
        settings: How it is asked and decided.
        course: Subject, level and texts.
        log: Training log over the bank, to choose pairs of a big bank.
        reference: Reference pairs as CSV, to measure the teacher on.
        ask: Asks the teacher; see `Ask`.

    Raises:
        TeacherError: If the teacher's answers make no graph, or are little better than chance on the reference pairs;
            nothing is written then.
    """
    known = read_reference(reference, bank) if reference else None
    quality = ask_reference(bank, teacher, known, settings, course=course, ask=ask) if known else None
    if quality:
        refuse_chance(quality, settings)  # before all the other pairs are asked about, and paid for
    graph = distill_relations(bank, teacher, settings, course=course, log=log, ask=ask)
    if quality:
        graph = replace(graph, provenance=replace(graph.provenance, quality=quality.to_json()))
    drawing = out.with_suffix(".png")
    save_graph(graph, out)
    save_graph_figure(graph, drawing, f"{bank.name}: relations between concepts, as {teacher.model} sees them")
    return RelationRun(graph, quality, graph_report(graph, quality), (out, drawing))


def relation_run_batches(
    bank: QuestionBank,
    settings: RelationSettings = _RELATIONS,
    *,
    course: Course = _MATHEMATICS,
    log: ResponseLog | None = None,
    reference: Path | None = None,
) -> list[PromptBatch]:
    """What `run_relations` may ask with the same arguments, for a dry run: the reference pairs first, then all others.

    Raises:
        TeacherError: If ``reference`` is no file of reference pairs over the bank.
    """
    known = read_reference(reference, bank) if reference else None
    measured = reference_batches(bank, known, settings, course=course) if known else []
    return [*measured, *relation_batches(bank, settings, course=course, log=log)]


def run_mastery(
    log: ResponseLog,
    teacher: Teacher,
    out: Path,
    settings: MasterySettings = _MASTERY,
    graph: ConceptGraph | None = None,
    *,
    course: Course = _MATHEMATICS,
    ask: Ask = ask_directly,
) -> MasteryRun:
    """Distil mastery labels and write them to ``out`` (JSON).

    Args:
        log: Training students only.
        teacher: Who is asked.
        out: The labels' file.
        settings: How it is asked.
        graph: Relations over the log's bank.
        course: Subject, level and texts.
        ask: Asks the teacher; see `Ask`.

    Raises:
        TeacherError: If the teacher's answers make no labels; nothing is written then.
    """
    distilled = distill_mastery(log, teacher, settings, graph, course=course, ask=ask)
    distilled.labels.save(out)
    return MasteryRun(distilled, mastery_report(distilled), (out,))


def graph_report(graph: ConceptGraph, quality: RelationQuality | None = None) -> str:
    """A graph in a few lines: counts, broken cycles, isolated concepts, quality."""
    names = [readable(name) for name in graph.concept_names]
    stats = graph.stats()
    lines = [
        f"{stats.concepts} concepts: {stats.prerequisites} prerequisites (longest chain {stats.depth}), "
        f"{stats.related} related pairs, mean confidence {stats.mean_confidence:.2f}",
        "asked: " + _listed(graph.provenance.counts),
        f"cycles broken at {stats.removed} edges"
        + "".join(f"\n  {names[one.source]} -> {names[one.target]} ({one.confidence:.2f})" for one in graph.removed),
        f"isolated concepts: {', '.join(names[concept] for concept in graph.isolated) or 'none'}",
    ]
    return "\n".join([*lines, str(quality)] if quality else lines)


def mastery_report(distilled: MasteryDistillation) -> str:
    """Labels in a few lines: counts, and the teacher's quality as asked and as labels."""
    counts = _listed(distilled.labels.provenance.counts)
    return f"{counts}\nas asked: {distilled.quality_as_asked}\nlabels: {distilled.quality}"


def _listed(counts: Mapping[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in counts.items()) or "nothing"
