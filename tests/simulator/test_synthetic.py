"""The model of question sequences, counted by hand on small logs."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ldsim_env.errors import SettingsError
from ldsim_env.logs import QuestionBank, ResponseLog
from ldsim_env.logs.attempts import attempts_before
from ldsim_env.simulator import SequenceModel, State
from ldsim_env.simulator.synthetic import LENGTH_CLASSES, MIN_STUDENTS
from tests.simulator.made_up import DriftingStudent, log_of, made_up_log, made_up_network, wide_bank


class Coin:
    """Answers right with one probability, whatever was before."""

    def __init__(self, bank: QuestionBank, prob: float) -> None:
        self.bank, self.prob = bank, prob

    def start(self, n: int) -> State:
        return {"nothing": torch.zeros(n)}

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        return torch.full(question.shape, self.prob)

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        return state

    def mastery(self, state: State) -> Tensor:
        return torch.full((len(state["nothing"]), self.bank.n_concepts), 0.5)


def kind_of(question: int) -> int:
    """The only concept of a question of ``wide_bank(3)``."""
    return question % 3


def questions_of(sampler: tuple[np.ndarray, np.ndarray]) -> dict[int, float]:
    """Value -> probability."""
    values, cumulative = sampler
    return dict(zip(values.tolist(), np.diff(cumulative, prepend=0).tolist(), strict=True))


# ---- counting -------------------------------------------------------------------------------------------------------


def test_leaving_a_kind_depends_on_the_right_answers_in_a_row() -> None:
    # questions 0, 3, 6, ... are of one kind, 1, 4, 7, ... of another
    log = log_of(
        wide_bank(3),
        ([0, 3, 6, 1, 4], [1, 1, 1, 1, 0]),  # stays at streaks 1, 2, leaves at 3; stays at 1
        ([0, 3, 6, 9, 1], [1, 0, 1, 1, 1]),  # stays at 1, 0, 1, leaves at 2
    )
    leave = SequenceModel.fit(log).leave_prob
    # one visit left and one stayed is put on every streak: (left + 1) / (seen + 2)
    assert leave.tolist() == pytest.approx([1 / 3, 1 / 6, 2 / 4, 2 / 3, 1 / 2, 1 / 2])


def test_a_streak_starts_anew_on_another_kind_and_with_another_student() -> None:
    log = log_of(wide_bank(3), ([0, 1, 4, 7, 0], [1] * 5), ([1, 4, 7, 10, 0], [0, 0, 0, 0, 1]))
    leave = SequenceModel.fit(log).leave_prob
    # streaks before leaving: 1 and 3 of the first student, 0 of the second
    assert leave.tolist() == pytest.approx([2 / 6, 2 / 4, 1 / 3, 2 / 3, 1 / 2, 1 / 2])


def test_pairs_of_few_students_are_not_kept() -> None:
    rare, common = [0, 3], [1, 4]
    histories = [(rare * 5 + [2] * 2, [1] * 12)] * (MIN_STUDENTS - 1)  # often, but by too few
    histories += [([*common, 2, 5, 2], [1] * 5)] * MIN_STUDENTS
    model = SequenceModel.fit(log_of(wide_bank(3), *histories))
    assert 0 not in model.followers
    assert model.pair_share[0] == 0
    assert questions_of(model.followers[1]) == {4: 1}
    assert model.pair_share[1] == 1


def test_the_share_of_kept_pairs() -> None:
    histories = [([1, 4, 0, 3, 6], [1] * 5)] * 3 + [([1, 7, 0, 3, 6], [1] * 5)]
    model = SequenceModel.fit(log_of(wide_bank(3), *histories))
    assert model.pair_share[1] == pytest.approx(3 / 4)  # 1 -> 7 was met by one student
    assert questions_of(model.followers[1]) == {4: 1}


TRIES_AGAIN = ([0, 0, 0, 3, 3, 6, 9, 9, 1, 4], [0, 0, 1, 0, 0, 1, 0, 1, 1, 1])


def test_further_attempts_depend_on_the_last_answer() -> None:
    model = SequenceModel.fit(log_of(wide_bank(3), *[TRIES_AGAIN] * 3))
    # after a wrong answer 4 of 5 try again, after a right one none of 4; one of each is put on top for each student
    assert model.again_prob.tolist() == pytest.approx([(3 * 4 + 1) / (3 * 5 + 2), 1 / (3 * 4 + 2)])
    assert questions_of(model.followers[0]) == {3: 1.0}  # a question doesn't follow itself
    assert questions_of(model.popular[0]) == pytest.approx({0: 1 / 4, 3: 1 / 4, 6: 1 / 4, 9: 1 / 4})  # turned to once


def test_where_they_are_rare_further_attempts_are_pairs_like_others() -> None:
    history = ([0, 0, *range(3, 60)], [1] * 59)
    model = SequenceModel.fit(log_of(wide_bank(3), *[history] * 3))
    assert model.again_prob.tolist() == [0, 0]
    assert questions_of(model.followers[0]) == {0: 0.5, 3: 0.5}


def test_who_answers_right_goes_on_to_another_question() -> None:
    log = log_of(wide_bank(3), *[TRIES_AGAIN] * 30)
    for prob, low, high in ((1.0, 0.0, 0.2), (0.0, 0.7, 1.0)):
        sampled = SequenceModel.fit(log).sample(Coin(log.bank, prob), 50, np.random.default_rng(0))
        assert low <= (attempts_before(sampled) > 0).mean() <= high


def test_kinds_are_sets_of_concepts() -> None:
    bank = QuestionBank.from_concept_lists("KINDS", list("abcde"), [[0], [0, 1], [1], [1, 0], [0]], ["x", "y"])
    model = SequenceModel.fit(log_of(bank, ([0, 1, 2, 3, 4], [1] * 5)))
    kinds = model.kinds.tolist()
    assert kinds[0] == kinds[4]
    assert kinds[1] == kinds[3]
    assert len(set(kinds)) == 3


def test_popularity_and_first_kinds() -> None:
    log = log_of(wide_bank(3), ([0, 3, 0, 3, 1], [1] * 5), ([1, 4, 1, 4, 1], [1] * 5), ([0, 3, 1, 4, 1], [0] * 5))
    model = SequenceModel.fit(log)
    of_first_kind = model.popular[int(model.kinds[0])]
    assert questions_of(of_first_kind) == pytest.approx({0: 3 / 6, 3: 3 / 6})
    first = questions_of(model.first_kind)
    assert first == pytest.approx({int(model.kinds[0]): 2 / 3, int(model.kinds[1]): 1 / 3})


# ---- drawing --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def log() -> ResponseLog:
    return made_up_log(n_students=30, length=[25] * 10 + [60] * 10 + [260] * 10)


def drawn(log: ResponseLog, n: int = 200, seed: int = 0, prob: float = 0.7) -> ResponseLog:
    return SequenceModel.fit(log).sample(Coin(log.bank, prob), n, np.random.default_rng(seed))


def test_one_seed_one_cohort(log: ResponseLog) -> None:
    one, same, other = (drawn(log, 20, seed) for seed in (0, 0, 1))
    assert one.fingerprint == same.fingerprint
    assert one.fingerprint != other.fingerprint
    assert one.student_ids[:2] == ("synthetic-0", "synthetic-1")
    assert one.bank is log.bank


@pytest.mark.parametrize(
    ("longest", "low", "high"), [(7, 5, 10), (45, 5, 80), (5_000, LENGTH_CLASSES[0], LENGTH_CLASSES[-1])]
)
def test_lengths_are_of_the_classes_that_the_log_has(longest: int, low: int, high: int) -> None:
    lengths = drawn(made_up_log(n_students=5, length=longest), 150).lengths
    assert low <= lengths.min() < lengths.max() <= high
    assert lengths.max() > high / 2


def test_students_of_few_interactions_do_not_count() -> None:
    with pytest.raises(SettingsError, match="a student with at least 5 interactions, got none"):
        SequenceModel.fit(made_up_log(n_students=3, length=4))


def test_a_log_with_an_empty_history() -> None:
    assert drawn(made_up_log(n_students=3, length=[0, 30, 0]), 5).n_students == 5


def test_only_questions_of_the_log_are_asked() -> None:
    bank = wide_bank(3)
    log = log_of(bank, ([0, 3, 1, 4, 0], [1, 0, 1, 0, 1]), ([3, 0, 1, 1, 4], [0] * 5))
    assert set(drawn(log).questions.tolist()) <= {0, 1, 3, 4}


def test_the_simulator_answers(log: ResponseLog) -> None:
    rates = [drawn(log, prob=prob).responses.mean() for prob in (0.3, 0.9)]
    assert rates == pytest.approx([0.3, 0.9], abs=0.02)
    model = DriftingStudent(log.bank)
    answered = SequenceModel.fit(log).sample(model, 300, np.random.default_rng(0))
    hard, easy = (answered.responses[answered.questions == question].mean() for question in (0, 19))
    assert hard < 0.15
    assert easy > 0.85


def test_the_network_is_shown_its_own_answers(log: ResponseLog) -> None:
    seen: list[tuple[Any, Any]] = []
    network = made_up_network()
    learn = network.learn

    def recording_learn(state: State, question: Tensor, response: Tensor) -> State:
        seen.append((question.clone(), response.clone()))
        return learn(state, question, response)

    network.learn = recording_learn  # type: ignore[method-assign]
    answered = SequenceModel.fit(log).sample(network, 4, np.random.default_rng(0))
    for i, history in enumerate(answered):
        shown = [(int(question[i]), int(response[i])) for question, response in seen[: len(history.questions)]]
        assert shown == list(zip(history.questions.tolist(), history.responses.tolist(), strict=True))


def test_good_students_leave_a_kind_sooner() -> None:
    """Tutors that stop after three right answers in a row: so do the synthetic ones."""
    rng = np.random.default_rng(0)
    histories = []
    for _ in range(40):
        questions: list[int] = []
        responses: list[int] = []
        kind, streak = 0, 0
        while len(questions) < 40:
            questions.append(int(rng.integers(30)) * 3 + kind)
            responses.append(int(rng.random() < 0.6))
            streak = streak + 1 if responses[-1] else 0
            if streak == 3:
                kind, streak = (kind + 1) % 3, 0
        histories.append((questions, responses))
    model = SequenceModel.fit(log_of(wide_bank(3), *histories))
    assert model.leave_prob[3] > 0.99
    assert model.leave_prob[:3].max() < 0.01
    n_visits = []
    for prob in (0.95, 0.4):
        cohort = model.sample(Coin(model.bank, prob), 100, np.random.default_rng(1))
        kinds = [[kind_of(q) for q in history.questions.tolist()] for history in cohort]
        n_visits.append(np.mean([np.mean(np.diff(of_student) != 0) for of_student in kinds]))
    assert n_visits[0] > 3 * n_visits[1]


def test_no_history_is_copied(log: ResponseLog) -> None:
    real = [history.questions.tolist() for history in log]
    cohort = drawn(log, 300)
    prefixes = [history.questions.tolist() for history in cohort if len(history.questions) >= 10]
    assert len(prefixes) > 100
    assert not any(of_real[: len(prefix)] == prefix for prefix in prefixes for of_real in real)
