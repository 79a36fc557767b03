"""``ldsim distill``, with a teacher whose answers are known, recorded in a cache."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ldsim_env.cli import app
from ldsim_env.errors import TeacherError
from ldsim_env.logs import read_logs
from ldsim_env.teacher import (
    MasteryLabels,
    MasterySettings,
    SamplingSettings,
    distill_mastery,
    distill_relations,
    load_graph,
)
from ldsim_env.teacher.cache import CachedTeacher
from tests.teacher.fake_teacher import (
    CHAIN,
    NAMES,
    RELATED,
    Answer,
    FakeTeacher,
    always_the_first_choice,
    knows_the_course,
    practice_log,
    reads_the_digest,
)

HISTORIES, CONCEPTS = 40, 3


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log of the fake teacher's course in the four-line form."""
    folder = tmp_path_factory.mktemp("course")
    log = practice_log(60, np.random.default_rng(0))
    lines = []
    for i, history in enumerate(log):
        questions = history.questions + 1
        rows = (questions, history.questions // 2 + 1, history.responses)
        lines += [f"{i},{i}", *(",".join(map(str, row)) for row in rows)]
    (folder / "fold1.csv").write_text("\n".join(lines) + "\n")
    (folder / "skills.json").write_text(json.dumps({name: i + 1 for i, name in enumerate(NAMES)}))
    return folder


def recorded(path: Path, logs: Path, answer: Answer) -> str:
    """What the fake teacher answers to all that the tests ask, as a replay teacher."""
    teacher, log = CachedTeacher(FakeTeacher(answer), path), read_logs([logs])
    if answer is reads_the_digest:
        settings = MasterySettings(histories=HISTORIES, sampling=SamplingSettings(concepts=CONCEPTS), paraphrases=1)
        distill_mastery(log, teacher, settings)
    elif answer is knows_the_course:
        distill_relations(log.bank, teacher)
    else:
        with pytest.raises(TeacherError):
            distill_relations(log.bank, teacher)
    return f"replay:{path}"


def distill(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["distill", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return str(result.exception) if code else result.output


def test_relations_of_a_teacher_who_knows(tmp_path: Path, logs: Path) -> None:
    teacher, out = recorded(tmp_path / "answers.sqlite", logs, knows_the_course), tmp_path / "relations.json"
    printed = distill("relations", logs, "--teacher", teacher, "--out", out)
    graph = load_graph(out)
    assert {(one.source, one.target) for one in graph.prerequisites} == CHAIN
    assert {(one.source, one.target) for one in graph.related} == RELATED
    assert "isolated concepts: Poetry" in printed
    assert f"written: {out}, {out.with_suffix('.png')}" in printed
    assert out.with_suffix(".png").stat().st_size > 1000


def test_a_bad_teacher_writes_nothing(tmp_path: Path, logs: Path) -> None:
    teacher, out = recorded(tmp_path / "answers.sqlite", logs, always_the_first_choice), tmp_path / "relations.json"
    told = distill("relations", logs, "--teacher", teacher, "--out", out, code=1)
    assert "100% of the pairs are connected" in told
    assert not out.exists()
    assert not out.with_suffix(".png").exists()


def test_few_partners_are_fewer_prompts(tmp_path: Path, logs: Path) -> None:
    teacher, out = recorded(tmp_path / "answers.sqlite", logs, knows_the_course), tmp_path / "relations.json"
    shared = ("relations", logs, "--teacher", teacher, "--out", out, "--dry-run")
    all_pairs, pruned = (
        int(re.findall(r"^(\d+) prompts", distill(*shared, *more), re.MULTILINE)[0])
        for more in ((), ("--per-concept", 1))
    )
    assert all_pairs == 28 * 2 * 2 + len(NAMES)
    assert pruned < all_pairs
    assert not out.exists()


def test_a_dry_run_counts_the_reference_pairs(tmp_path: Path, logs: Path) -> None:
    teacher, reference = recorded(tmp_path / "answers.sqlite", logs, knows_the_course), tmp_path / "pairs.csv"
    far = [f"{NAMES[a]},{NAMES[b]},0,unrelated" for a in range(4) for b in range(a + 4, 8)]
    reference.write_text("\n".join(["a,b,label,kind", *far]) + "\n")
    shared = ("relations", logs, "--teacher", teacher, "--out", tmp_path / "relations.json", "--dry-run")

    def prompts(*more: object) -> int:
        return int(re.findall(r"^(\d+) prompts", distill(*shared, *more), re.MULTILINE)[0])

    few = ("--per-concept", 1)
    assert prompts(*few, "--reference", reference) > prompts(*few)
    assert prompts("--reference", reference) == prompts()  # all pairs are asked about, these among them


def test_mastery_asks_as_much_as_it_is_told_to(tmp_path: Path, logs: Path) -> None:
    teacher, out = recorded(tmp_path / "answers.sqlite", logs, reads_the_digest), tmp_path / "labels.json"
    few = ("--histories", HISTORIES, "--concepts", CONCEPTS, "--paraphrases", 1)
    printed = distill("mastery", logs, "--teacher", teacher, "--out", out, *few)
    labels = MasteryLabels.load(out)
    assert f"prompts {HISTORIES * CONCEPTS}, " in printed
    assert len(labels) == HISTORIES * CONCEPTS
    assert "smoothed running accuracy" in printed
