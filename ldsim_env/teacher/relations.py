"""World knowledge: distils the relations between a course's concepts into a graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ldsim_env.logs.bank import QuestionBank
from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.teacher.asking import Ask, PromptBatch, ask_directly
from ldsim_env.teacher.candidates import Pairs, all_pairs, candidate_pairs, outsiders
from ldsim_env.teacher.graph import ConceptGraph
from ldsim_env.teacher.prompts import Course, Template, load_template
from ldsim_env.teacher.protocol import Teacher
from ldsim_env.teacher.relation_answers import RelationAnswers, RelationQuestions
from ldsim_env.teacher.relation_rule import decide_relations, refuse_bad_answers
from ldsim_env.teacher.relation_settings import RelationSettings

_DEFAULT = RelationSettings()
_MATHEMATICS = Course()


def distill_relations(
    bank: QuestionBank,
    teacher: Teacher,
    settings: RelationSettings = _DEFAULT,
    *,
    course: Course = _MATHEMATICS,
    log: ResponseLog | None = None,
    embeddings: NDArray[np.floating] | None = None,
    templates: dict[str, Template] | None = None,
    ask: Ask = ask_directly,
) -> ConceptGraph:
    """Ask a teacher about a bank's concepts, in parts, and make the graph.

    1. `connected`: each pair in both orders. Of a big bank the likely pairs only, then those that share a connected
       partner, and random others, by which the recall lost is estimated (``provenance.counts``).
    2. `which` is taught first: the connected pairs, in both orders; and each concept's `grade`.
    3. The rule, see `decide_relations`.

    Args:
        bank: The course.
        teacher: Who is asked.
        settings: How it is asked and decided.
        course: Subject, level and texts.
        log: Training log over the bank; its co-occurrences help to choose pairs of a big bank.
        embeddings: ``(n_concepts, width)`` vectors of the concepts; help to choose pairs of a big bank.
        templates: Templates of one's own by name, in place of the package's.
        ask: Asks the teacher; see `Ask`.

    Raises:
        TeacherError: If the answers are such that no graph should be made of them; see `refuse_bad_answers`.
    """
    questions = relation_questions(bank, settings, course, templates)
    pairs = pairs_to_ask(bank, settings, log, embeddings)
    asked = partial(questions.ask_connected, teacher, ask)
    answers, recall = _ask_connected(asked, pairs, bank.n_concepts, settings)
    refuse_bad_answers(answers, order=False)  # before a bad teacher is asked, and paid, for more
    graph = decide_relations(questions.ask_order(teacher, ask, answers, answers.is_connected), bank)
    counts = {**graph.provenance.counts, **recall}
    return replace(
        graph,
        provenance=replace(graph.provenance, teacher=teacher.model, templates=questions.labels, counts=counts),
    )


def relation_questions(
    bank: QuestionBank, settings: RelationSettings, course: Course, templates: dict[str, Template] | None = None
) -> RelationQuestions:
    """The prompts about a bank, with the package's templates unless others are given."""
    names = ("connected", "which", settings.order_template)
    return RelationQuestions(bank, course, {name: load_template(name) for name in names} | (templates or {}), settings)


def relation_batches(
    bank: QuestionBank,
    settings: RelationSettings = _DEFAULT,
    *,
    course: Course = _MATHEMATICS,
    log: ResponseLog | None = None,
    embeddings: NDArray[np.floating] | None = None,
    templates: dict[str, Template] | None = None,
) -> list[PromptBatch]:
    """What `distill_relations` may ask, for a dry run; an upper bound but for the few pairs with a common partner.

    The second part, ``which``, is asked about connected pairs only, so about fewer than stand here.
    """
    questions = relation_questions(bank, settings, course, templates)
    pairs = pairs_to_ask(bank, settings, log, embeddings)
    outside = outsiders(pairs, bank.n_concepts, settings.outsiders, np.random.default_rng(settings.seed))
    return questions.batches(np.concatenate([pairs, outside]), ordered=pairs)


def pairs_to_ask(
    bank: QuestionBank,
    settings: RelationSettings,
    log: ResponseLog | None = None,
    embeddings: NDArray[np.floating] | None = None,
) -> Pairs:
    """All pairs of a small bank, the likely pairs of a big one."""
    if bank.n_concepts <= settings.all_pairs_up_to:
        return all_pairs(bank.n_concepts)
    return candidate_pairs(bank, settings.per_concept, log, embeddings)


def _ask_connected(
    asked: Callable[[Pairs], RelationAnswers], pairs: Pairs, n_concepts: int, settings: RelationSettings
) -> tuple[RelationAnswers, dict[str, float]]:
    """Whether pairs are connected: the candidates, those with a common partner, and random others."""
    answers = asked(pairs)
    n_pairs = n_concepts * (n_concepts - 1) // 2
    if len(pairs) == n_pairs:
        return answers, {}
    answers = answers.joined(asked(_common_partner(answers, n_concepts)))
    rng = np.random.default_rng(settings.seed)
    others = asked(outsiders(answers.pairs, n_concepts, settings.outsiders, rng))
    return answers.joined(others), _recall_lost(answers, others, n_pairs)


def _common_partner(answers: RelationAnswers, n_concepts: int) -> Pairs:
    """Pairs not asked about yet that are both connected with one concept."""
    linked = np.zeros((n_concepts, n_concepts), bool)
    linked[tuple(answers.pairs[answers.is_connected].T)] = True
    linked |= linked.T
    shared = np.triu(linked.astype(np.float32) @ linked > 0, k=1)
    shared[tuple(answers.pairs.T)] = False
    return np.argwhere(shared).astype(np.int64)


def _recall_lost(asked: RelationAnswers, others: RelationAnswers, n_pairs: int) -> dict[str, float]:
    """What pruning loses, estimated from the share of connected pairs among random pairs outside."""
    found = int(asked.is_connected.sum())
    share = float(others.is_connected.mean()) if len(others.pairs) else 0.0
    missed = share * (n_pairs - len(asked.pairs))
    return {
        "pairs_in_all": n_pairs,
        "outsiders_asked": len(others.pairs),
        "outsiders_connected": int(others.is_connected.sum()),
        "estimated_recall": round(found / max(found + missed, 1), 3),
    }
