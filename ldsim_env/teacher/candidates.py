"""Which pairs of concepts a teacher is asked about: all of a small bank, the likely ones of a big one.

All pairs grow with the square of the concepts. The likely pairs of a concept are the few whose names are most alike,
the few that students meet most often near it, and, where vectors of the concepts are given, its nearest ones; so the
cost grows in proportion to the concepts. What this loses is measured: `candidate_recall` on a known graph, and in
`distill_relations` by asking about random pairs outside the candidates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError, missing_extra
from ldsim_env.logs.bank import NO_CONCEPT, QuestionBank
from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.teacher.graph import ConceptGraph
from ldsim_env.teacher.prompts import readable

Pairs = NDArray[np.int64]
"""``(n, 2)`` concept indices, the smaller first, each pair once."""

_NEAR = 12  # concepts practised one after another, so many changes of concept apart, are met near each other


class CandidateRecall(NamedTuple):
    """Share of a known graph's relations whose pair is among the candidates."""

    prerequisites: float
    related: float
    all: float
    asked: float  # share of all pairs that the candidates are


def all_pairs(n_concepts: int) -> Pairs:
    """Every pair of concepts."""
    return np.column_stack(np.triu_indices(n_concepts, k=1)).astype(np.int64)


def candidate_pairs(
    bank: QuestionBank,
    per_concept: int,
    log: ResponseLog | None = None,
    embeddings: NDArray[np.floating] | None = None,
) -> Pairs:
    """The likely pairs: for each concept its ``per_concept`` nearest by each source at hand.

    Args:
        bank: The course.
        per_concept: Partners of a concept from each source, at least 1.
        log: Training log over the bank; pairs that are met near each other become candidates.
        embeddings: ``(n_concepts, width)``: vectors of the concepts, of a sentence encoder say.

    Returns:
        At most ``n_concepts * per_concept`` pairs from each source.

    Raises:
        SettingsError: If ``per_concept`` is below 1 or the embeddings are not one row a concept.
        MissingExtraError: If scikit-learn is not installed.
    """
    if per_concept < 1:
        raise SettingsError(f"per_concept: expected at least 1 partner for each concept, got {per_concept}.")
    sources = [_name_similarity(bank)]
    if log is not None:
        sources.append(_nearness(log))
    if embeddings is not None:
        sources.append(_cosine(embeddings, bank.n_concepts))
    return np.unique(np.concatenate([_nearest(source, per_concept) for source in sources]), axis=0)


def candidate_recall(pairs: Pairs, graph: ConceptGraph) -> CandidateRecall:
    """How much of a known graph (over the same bank) asking about these pairs only would have found."""
    asked = {(int(a), int(b)) for a, b in pairs}
    found = [
        [(min(one[:2]), max(one[:2])) in asked for one in relations]
        for relations in (graph.prerequisites, graph.related)
    ]
    n_all = graph.n_concepts * (graph.n_concepts - 1) / 2
    return CandidateRecall(_mean(found[0]), _mean(found[1]), _mean(found[0] + found[1]), len(pairs) / max(n_all, 1))


def outsiders(pairs: Pairs, n_concepts: int, n: int, rng: np.random.Generator) -> Pairs:
    """Up to ``n`` random pairs that are not among ``pairs``."""
    key = pairs[:, 0] * n_concepts + pairs[:, 1]
    every = all_pairs(n_concepts)
    outside = every[~np.isin(every[:, 0] * n_concepts + every[:, 1], key)]
    return outside[np.sort(rng.permutation(len(outside))[:n])]


def _name_similarity(bank: QuestionBank) -> NDArray[np.float64]:
    """Cosine of the names' parts of words, the rarer the heavier."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("teacher", "Choosing pairs of concepts to ask about", error) from error
    names = [readable(name) for name in bank.concept_names]
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)).fit_transform(names)
    similarity: NDArray[np.float64] = (vectors @ vectors.T).toarray()
    return similarity


def _nearness(log: ResponseLog) -> NDArray[np.float64]:
    """How often two concepts are met near each other, against how often each is met at all."""
    counts = np.zeros((log.bank.n_concepts, log.bank.n_concepts))
    for history in log:
        met = log.bank.question_concepts[history.questions]
        changes = np.concatenate([[True], (met[1:] != met[:-1]).any(axis=1)]) if len(met) else np.empty(0, bool)
        _count_near(met[changes], counts)
    counts += counts.T
    np.fill_diagonal(counts, 0)
    total = counts.sum(axis=1)
    nearness: NDArray[np.float64] = counts / np.sqrt(np.maximum(total[:, None] * total, 1))
    return nearness


def _count_near(met: NDArray[np.int16], counts: NDArray[np.float64]) -> None:
    """Count pairs of concepts of one question, and of questions at most ``_NEAR`` changes apart."""
    for apart in range(min(_NEAR + 1, len(met))):
        before, after = met[: len(met) - apart], met[apart:]
        for i in range(met.shape[1]):
            for j in range(met.shape[1]):
                both = (before[:, i] != NO_CONCEPT) & (after[:, j] != NO_CONCEPT)
                np.add.at(counts, (before[both, i], after[both, j]), 1 / (1 + apart))


def _cosine(embeddings: NDArray[np.floating], n_concepts: int) -> NDArray[np.float64]:
    if embeddings.ndim != 2 or len(embeddings) != n_concepts:
        raise SettingsError(f"embeddings: expected ({n_concepts}, width), one row a concept, got {embeddings.shape}.")
    vectors = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    return np.asarray(vectors @ vectors.T, np.float64)


def _nearest(similarity: NDArray[np.float64], per_concept: int) -> Pairs:
    """Each concept with its most similar others, as far as they are similar at all."""
    similarity = similarity.copy()
    np.fill_diagonal(similarity, 0)
    partners = np.argsort(-similarity, axis=1, kind="stable")[:, :per_concept]
    concept = np.repeat(np.arange(len(similarity)), partners.shape[1])
    pairs = np.column_stack([concept, partners.reshape(-1)])[similarity[concept, partners.reshape(-1)] > 0]
    return np.sort(pairs, axis=1)


def _mean(found: list[bool]) -> float:
    return float(np.mean(found)) if found else 1.0
