"""Questions near one another in the platform's numbering are alike, where the log bears it out."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ldsim_env.logs import QuestionBank, ResponseLog
from ldsim_env.simulator import Trainer, TrainingSettings, with_bank
from ldsim_env.simulator.difficulties import alike_neighbours, fit_easiness
from ldsim_env.simulator.neighbours import REACH, SPREAD, Neighbours, neighbours_of, told_by_neighbours
from tests.simulator.made_up import (
    TINY_NETWORK,
    TINY_TRAINING,
    log_of,
    made_up_log,
    made_up_network,
    renamed,
)

WINDOW, OWN_SPREAD = 200, 0.7
N_QUESTIONS = 60


def numbered_bank(problem_ids: list[int] | list[str]) -> QuestionBank:
    """Questions of two concepts in turn."""
    return QuestionBank.from_concept_lists(
        "NUMBERED",
        [f"q{q}" for q in range(len(problem_ids))],
        [[q % 2] for q in range(len(problem_ids))],
        ["0", "1"],
        problem_ids=[str(problem) for problem in problem_ids],
    )


def log_with_easy_and_hard_series(bank: QuestionBank, n_students: int = 80) -> ResponseLog:
    """The first half of the questions is easy, the second hard; students meet a few each, the last of a half nobody."""
    rng = np.random.default_rng(0)
    asked = np.setdiff1d(np.arange(N_QUESTIONS), [N_QUESTIONS // 2 - 1, N_QUESTIONS - 1])
    students = []
    for _ in range(n_students):
        questions = rng.permutation(asked)[:8]
        right = rng.random(8) < np.where(questions < N_QUESTIONS // 2, 0.85, 0.35)
        students.append((questions.tolist(), right.astype(int).tolist()))
    return log_of(bank, *students)


def in_two_series() -> QuestionBank:
    return numbered_bank([*range(N_QUESTIONS // 2), *range(10_000, 10_000 + N_QUESTIONS // 2)])


def as_ids_by_chance() -> QuestionBank:
    return numbered_bank(np.random.default_rng(1).permutation(N_QUESTIONS * 30)[:N_QUESTIONS].tolist())


def found(bank: QuestionBank) -> Neighbours:
    neighbours = neighbours_of(bank)
    assert neighbours is not None
    return neighbours


def test_each_kind_is_put_in_the_order_of_the_numbers() -> None:
    neighbours = found(numbered_bank([50, 7, 20, 9, 320, 8]))
    assert neighbours.first.tolist() == [2, 1]
    assert list(zip(neighbours.earlier.tolist(), neighbours.later.tolist(), strict=True)) == [
        (2, 0),
        (0, 4),
        (1, 5),
        (5, 3),
    ]
    distance = torch.tensor([30.0, 270.0, 1.0, 1.0])
    torch.testing.assert_close(neighbours.likeness, torch.exp(-distance / REACH))


def test_equal_numbers_do_not_break_it() -> None:
    assert (found(numbered_bank([5, 5, 5, 5])).likeness < 1).all()


@pytest.mark.parametrize("problem_ids", [[], ["a1", "a2"], ["12", ""]])
def test_what_has_no_numbers_has_no_neighbours(problem_ids: list[str]) -> None:
    bank = numbered_bank(["1", "2"])
    assert neighbours_of(replace(bank, problem_ids=tuple(problem_ids))) is None


def test_the_surprise_is_that_of_a_gaussian_process() -> None:
    number = torch.tensor([3.0, 40.0, 41.0, 160.0, 700.0])
    bank = QuestionBank.from_concept_lists(
        "LINE", list("abcde"), [[0]] * 5, ["0"], problem_ids=[str(int(n)) for n in number]
    )
    covariance = SPREAD**2 * torch.exp(-(number[:, None] - number).abs() / REACH)
    process = torch.distributions.MultivariateNormal(torch.zeros(5), covariance)
    one, other = torch.tensor([0.3, -0.2, 0.1, 0.5, -1.0]), torch.tensor([0.0, 0.4, 0.3, -0.6, 0.2])
    neighbours = found(bank)
    torch.testing.assert_close(
        neighbours.surprise(one) - neighbours.surprise(other), process.log_prob(other) - process.log_prob(one)
    )


def test_a_question_never_asked_takes_after_its_neighbours() -> None:
    bank = in_two_series()
    log = log_with_easy_and_hard_series(bank)
    unasked = [N_QUESTIONS // 2 - 1, N_QUESTIONS - 1]  # both of the same concept, one at the end of each series
    without = fit_easiness(log, WINDOW, OWN_SPREAD).first[unasked]
    torch.testing.assert_close(without[0], without[1])
    easy, hard = fit_easiness(log, WINDOW, OWN_SPREAD, neighbours=found(bank)).first[unasked].tolist()
    assert easy > hard + 0.8


def test_neighbours_are_taken_where_they_foretell_other_students() -> None:
    bank = in_two_series()
    assert alike_neighbours(log_with_easy_and_hard_series(bank), WINDOW, OWN_SPREAD) is not None


def test_numbers_that_mean_nothing_are_not_taken() -> None:
    bank = as_ids_by_chance()
    assert neighbours_of(bank) is not None
    assert alike_neighbours(log_with_easy_and_hard_series(bank), WINDOW, OWN_SPREAD) is None


def test_without_numbers_nothing_is_fitted() -> None:
    assert alike_neighbours(made_up_log(n_students=5), WINDOW, OWN_SPREAD) is None


@pytest.mark.parametrize("taken", [True, False])
def test_the_trainer_starts_from_what_neighbours_say(taken: bool) -> None:
    bank = in_two_series()
    log = log_with_easy_and_hard_series(bank)
    stopping = renamed(made_up_log(n_students=4, bank=bank))
    settings = replace(TINY_TRAINING, neighbours=taken)
    network = Trainer(log, stopping, network=TINY_NETWORK, training=settings).run(show_progress=False)
    easy, hard = network.question_prior[[N_QUESTIONS // 2 - 1, N_QUESTIONS - 1]].tolist()
    assert (easy > hard + 0.5) == taken
    assert network.settings.numbered == taken


def test_neighbours_are_the_default() -> None:
    assert TrainingSettings().neighbours


def test_new_questions_are_told_by_known_ones_nearby_of_their_kind() -> None:
    # known: concept 0 at 100, 104 and 108, concept 1 at 101, 105 and 109; new: near and far of concept 0, near of 1
    bank = numbered_bank([100, 101, 104, 105, 108, 109, 106, 107, 5000, 103])
    deviation = torch.tensor([1.0, 0.0, 1.0, 0.0, 1.0, 0.0])
    near, near_of_other, far, _ = told_by_neighbours(bank, 6, deviation).tolist()
    assert 0.5 < near < 1  # three are not quite believed
    assert near_of_other == 0
    assert abs(far) < 1e-6


def test_where_there_is_no_numbering_new_questions_are_told_nothing() -> None:
    bank = replace(numbered_bank([1, 2, 3, 4]), problem_ids=())
    assert told_by_neighbours(bank, 2, torch.ones(2)).tolist() == [0, 0]


@pytest.mark.parametrize("numbered", [True, False])
def test_a_simulator_takes_new_questions_for_alike_where_its_fit_has_found_so(numbered: bool) -> None:
    numbers = [*range(0, 40, 2), *range(1, 41, 2)]  # each new question between two known ones of its concept
    concepts = [[0]] * 40
    larger = QuestionBank.from_concept_lists(
        "LINE", [f"q{q}" for q in range(40)], concepts, ["0"], problem_ids=[str(number) for number in numbers]
    )
    known = QuestionBank.from_concept_lists(
        "LINE", larger.question_ids[:20], concepts[:20], ["0"], problem_ids=larger.problem_ids[:20]
    )
    network = made_up_network(known, replace(TINY_NETWORK, numbered=numbered))
    network.question_prior.copy_(torch.linspace(-3, 3, 20))
    network.freeze()
    new = with_bank(network, larger).question_prior[20:]
    assert (new.diff() > 0).all() == numbered
    assert (new.max() > new.min() + 1) == numbered
