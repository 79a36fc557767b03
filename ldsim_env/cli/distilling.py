"""``ldsim distill relations`` and ``ldsim distill mastery``: a teacher's knowledge and reasoning as small files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ldsim_env.cli.arguments import LogFormat, Logs, Seed, complaints, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ldsim_env.teacher import Course, Prompt, Teacher
    from ldsim_env.teacher.asking import PromptBatch

app = typer.Typer(no_args_is_help=True, help="Distil a teacher (an LLM, or its recorded answers) for a simulator.")

TeacherSpec = Annotated[
    str,
    typer.Option(
        "--teacher", help="transformers:FOLDER_OR_ID, http://HOST/v1#MODEL, or replay:CACHE_FILE.", show_default=False
    ),
]
Cache = Annotated[
    Path, typer.Option(help="Every answer is kept here, so that a killed run asks nothing twice; holds the prompts.")
]
Subject = Annotated[str, typer.Option(help="The subject, as the prompts name it.")]
Level = Annotated[str, typer.Option(help="The level, as the prompts name it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be asked, and what it takes.")]
CACHE = Path("teacher-answers.sqlite")


@app.command()
def relations(
    logs: Logs,
    teacher: TeacherSpec,
    out: Annotated[Path, typer.Option(help="The graph's .json file; a drawing goes beside it.")],
    reference: Annotated[Path | None, typer.Option(help="Reference pairs (.csv) to measure the teacher on.")] = None,
    per_concept: Annotated[
        int,
        typer.Option(
            help="Ask only about so many likely partners of each concept, by name and by nearness in the logs; "
            "0: all pairs of up to 150 concepts, 10 partners in bigger courses.",
            min=0,
        ),
    ] = 0,
    cache: Cache = CACHE,
    subject: Subject = "mathematics",
    level: Level = "middle school",
    dry_run: DryRun = False,
    log_format: LogFormat = "auto",
) -> None:
    """Ask a teacher how the concepts of a course's logs are related, and write the concept graph."""
    from ldsim_env.logs import read_logs
    from ldsim_env.teacher import RelationSettings, relation_run_batches, run_relations

    log = read_logs(logs, format=log_format)
    settings = RelationSettings(all_pairs_up_to=0, per_concept=per_concept) if per_concept else RelationSettings()
    course, asked = _course(subject, level), _load(teacher, cache)
    _announce(asked, relation_run_batches(log.bank, settings, course=course, log=log, reference=reference))
    if not dry_run:
        run = run_relations(log.bank, asked, out, settings, course=course, log=log, reference=reference, ask=_ask)
        _show(run.report, run.files)


@app.command()
def mastery(
    logs: Logs,
    teacher: TeacherSpec,
    out: Annotated[Path, typer.Option(help="The labels' .json file; it holds no student's record.")],
    relations: Annotated[Path | None, typer.Option(help="Concept relations (.json or .csv).")] = None,
    histories: Annotated[int, typer.Option(help="Moments of students' histories to judge.", min=1)] = 800,
    concepts: Annotated[int, typer.Option(help="Concepts judged at each moment.", min=1)] = 5,
    paraphrases: Annotated[
        int, typer.Option(help="Wordings in which each judgement is asked; 0: all of the template's.", min=0)
    ] = 0,
    cache: Cache = CACHE,
    subject: Subject = "mathematics",
    level: Level = "middle school",
    seed: Seed = 0,
    dry_run: DryRun = False,
    log_format: LogFormat = "auto",
) -> None:
    """Ask a teacher what training students have mastered, and write the soft labels."""
    from ldsim_env.logs import read_logs
    from ldsim_env.teacher import MasterySettings, SamplingSettings, mastery_questions, read_relations, run_mastery

    log = read_logs(logs, format=log_format)
    graph = read_relations(relations, log.bank) if relations else None
    sampling = SamplingSettings(concepts=concepts)
    settings = MasterySettings(histories=histories, sampling=sampling, paraphrases=paraphrases, seed=seed)
    course, asked = _course(subject, level), _load(teacher, cache)
    _announce(asked, [mastery_questions(log, settings, graph, course=course).batch])
    if not dry_run:
        run = run_mastery(log, asked, out, settings, graph, course=course, ask=_ask)
        _show(run.report, run.files)


def _course(subject: str, level: str) -> Course:
    from ldsim_env.teacher import Course

    return Course(subject=subject, level=level)


def _load(spec: str, cache: Path) -> Teacher:
    from ldsim_env.teacher.loading import load_teacher

    return load_teacher(spec, cache)


def _announce(teacher: Teacher, batches: Sequence[PromptBatch]) -> None:
    """Say what the run takes before the first call."""
    from ldsim_env.teacher.budget import budget_of_batches

    say(str(budget_of_batches(teacher, batches)))


def _ask(teacher: Teacher, prompts: Sequence[Prompt], choices: Sequence[str]) -> NDArray[np.float64]:
    """Ask behind a bar that names the template."""
    from ldsim_env.teacher.answering import ask

    template = prompts[0].template.partition("/")[0] if prompts else "nothing"
    return ask(teacher, prompts, choices, what=f"Asking {template}", console=complaints)


def _show(report: str, files: Sequence[Path]) -> None:
    say(report)
    say("written: " + ", ".join(str(file) for file in files))
