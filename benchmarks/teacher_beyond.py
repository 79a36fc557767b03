"""What a teacher knows of students beyond the simulator: the most that mastery distillation could hand over.

    python benchmarks/teacher_beyond.py [--labels FILE] [--within 50] [--shares 1.0 0.1]

The simulator is trained without labels on two of folds 1-3 of ASSIST09 and asked about labelled moments of the third.
The outcome of a label is the student's next response on the judged concept. If the teacher's own answers beside the
simulator's P(right) foretell it no better than P(right) alone, no distillation of them can make the simulator better.
Needs the real logs (LDSIM_DATA) and the recorded teacher beside them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from ablation import LOGS, TEACHER
from numpy.typing import NDArray
from parts.machine import machine
from scipy.special import logit
from scipy.stats import bootstrap
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from ldsim_env.files import write_json
from ldsim_env.logs import ResponseLog, StudentHistory, read_logs
from ldsim_env.simulator import Teaching, Trainer, TrainingSettings
from ldsim_env.simulator.fitting import stopping_split
from ldsim_env.simulator.histories import states_after
from ldsim_env.simulator.network import LDSimNetwork
from ldsim_env.teacher import ConceptGraph, MasteryLabels, read_labels, read_relations

RESULTS = Path(__file__).parent / "results"
FOLDS = (1, 2, 3)
REGRESSION = LogisticRegression(C=np.inf)


class Taught(NamedTuple):
    """The students and what the teacher said of them."""

    log: ResponseLog
    graph: ConceptGraph
    labels: MasteryLabels


class Outcomes(NamedTuple):
    """Labels whose concept was asked for later; arrays ``(n,)``."""

    student: NDArray[np.int64]  # index over all folds
    fold: NDArray[np.int64]
    never_met: NDArray[np.bool_]  # whether the judged concept was new to the student
    teacher: NDArray[np.float64]  # P(right) by the teacher
    simulator: NDArray[np.float64]  # P(right) on the question that was asked, from the state at the moment
    response: NDArray[np.int64]


def main() -> None:
    """At every share of the students train three simulators and hold the teacher against them; print and write."""
    options = _options()
    log = read_logs([LOGS / f"fold{i}.csv" for i in FOLDS])
    graph = read_relations(options.relations, log.bank)
    taught = Taught(log, graph, read_labels(options.labels, log, graph))
    report: dict[str, Any] = {"machine": machine(), "within": options.within}
    for share in options.shares:
        parts = [_outcomes_of(fold, share, taught, options.within) for fold in FOLDS]
        found = Outcomes(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
        named = {"all": found, "practised": _select(found, ~found.never_met)}
        named["never met"] = _select(found, found.never_met)
        report[f"{share:.0%} of the students"] = figures = {name: _adds(part) for name, part in named.items()}
        print(f"{share:.0%} of the students", figures, flush=True)
    write_json(options.out, report)


def _outcomes_of(fold: int, share: float, taught: Taught, within: int) -> tuple[NDArray[Any], ...]:
    """The outcomes of one fold's students, by a simulator fitted on a share of the other folds' students."""
    log = taught.log
    ids = set(read_logs([LOGS / f"fold{fold}.csv"]).student_ids)
    inside = np.array([student in ids for student in log.student_ids])
    settings = TrainingSettings(seed=0)
    train, stopping = stopping_split(log.select(np.flatnonzero(~inside)), None, settings)
    drawn = np.random.default_rng(fold).permutation(train.n_students)[: round(share * train.n_students)]
    train = train.select(np.sort(drawn))
    model = Trainer(train, stopping, training=settings, teaching=Teaching(taught.graph)).run(show_progress=True)
    held_out = log.select(np.flatnonzero(inside))
    moments = taught.labels.place(held_out)
    places = zip(moments.student.tolist(), moments.cut.tolist(), moments.concept.tolist(), strict=True)
    later = np.array([_next_on(held_out, *place, within) for place in places])
    kept = np.flatnonzero(later >= 0)
    student, cut, concept = (values[kept] for values in (moments.student, moments.cut, moments.concept))
    at = held_out.offsets[student] + later[kept]
    return (
        student + 10_000 * fold,
        np.full(len(kept), fold),
        np.array([_is_new(held_out, *place) for place in zip(student, cut, concept, strict=True)], bool),
        moments.probability[kept].astype(np.float64),
        _prob_at(model, held_out, student, cut, held_out.questions[at]),
        held_out.responses[at].astype(np.int64),
    )


def _next_on(log: ResponseLog, student: int, cut: int, concept: int, within: int) -> int:
    """Which of a student's interactions is the next on a concept; -1 if none of so many is."""
    questions = log.student(student).questions[cut : cut + within]
    asked = log.bank.concept_matrix[questions, concept]
    return cut + int(asked.argmax()) if asked.any() else -1


def _is_new(log: ResponseLog, student: int, cut: int, concept: int) -> bool:
    return not log.bank.concept_matrix[log.student(student).questions[:cut], concept].any()


def _prob_at(
    model: LDSimNetwork,
    log: ResponseLog,
    student: NDArray[np.int64],
    cut: NDArray[np.int64],
    question: NDArray[np.int32],
) -> NDArray[np.float64]:
    """P(right) on each question, from the history before each moment alone."""
    whole = [log.student(int(s)) for s in student]
    shown = [
        StudentHistory(str(i), one.questions[:n], one.responses[:n])
        for i, (one, n) in enumerate(zip(whole, cut, strict=True))
    ]
    with torch.inference_mode():
        state = states_after(model, ResponseLog.from_histories(log.bank, shown))
        return model.answer_prob(state, torch.from_numpy(question.astype(np.int64))).numpy().astype(np.float64)


def _adds(found: Outcomes) -> dict[str, Any]:
    """What the teacher adds to the simulator's P(right), by a logistic regression on the logits of both.

    Weights fitted on the other folds' students say what it adds (to the simulator's logit refitted alike, so that only
    the teacher differs); weights fitted on the very outcomes, what it can add at the most.
    """
    simulator = logit(found.simulator)[:, None]
    teacher = found.teacher.clip(0.01, 0.99)
    both = np.hstack([simulator, logit(teacher)[:, None]])
    prob = {"simulator": _by_others(simulator, found), "both": _by_others(both, found), "teacher": teacher}
    fitted = REGRESSION.fit(both, found.response)
    at_most = fitted.predict_proba(both)[:, 1]
    return {
        "outcomes": len(found.response),
        "AUC": {name: float(roc_auc_score(found.response, values)) for name, values in prob.items()},
        "log loss": {name: float(log_loss(found.response, values)) for name, values in prob.items()},
        "AUC added, 95%": _interval(found, prob["simulator"], prob["both"]),
        "AUC added at most, 95%": _interval(found, found.simulator, at_most),
        "weights of the logits of simulator and teacher": fitted.coef_[0].tolist(),
    }


def _by_others(columns: NDArray[np.float64], found: Outcomes) -> NDArray[np.float64]:
    """(n,): P(right) of a logistic regression fitted on the other folds' students."""
    prob: NDArray[np.float64] = cross_val_predict(
        REGRESSION, columns, found.response, groups=found.fold, cv=LeaveOneGroupOut(), method="predict_proba"
    )
    return prob[:, 1]


def _interval(found: Outcomes, without: NDArray[np.float64], with_it: NDArray[np.float64]) -> list[float]:
    """Least, mean and most of the difference in AUC, students drawn again with all their labels."""
    of_student = {student: np.flatnonzero(found.student == student) for student in np.unique(found.student)}

    def added(students: NDArray[np.int64]) -> float:
        rows = np.concatenate([of_student[student] for student in students])
        before, after = (roc_auc_score(found.response[rows], prob[rows]) for prob in (without, with_it))
        return float(after - before)

    students = np.array(list(of_student))
    drawn = bootstrap((students,), added, vectorized=False, n_resamples=2000, method="percentile", rng=0)
    return [float(drawn.confidence_interval.low), added(students), float(drawn.confidence_interval.high)]


def _select(found: Outcomes, which: NDArray[np.bool_]) -> Outcomes:
    columns: tuple[Any, ...] = tuple(column[which] for column in found)
    return Outcomes(*columns)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--relations", type=Path, default=TEACHER / "assist09_relations.csv")
    parser.add_argument("--labels", type=Path, default=TEACHER / "assist09_mastery.jsonl")
    parser.add_argument("--shares", nargs="*", type=float, default=[1.0, 0.1], help="shares of the training students")
    parser.add_argument("--within", type=int, default=50, help="how many of the next interactions are looked through")
    parser.add_argument("--out", type=Path, default=RESULTS / "teacher-beyond.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
