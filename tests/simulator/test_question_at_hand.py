"""Further attempts at one question: they have an account of their own, and pay no more than other evidence."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ldsim_env.logs import ResponseLog
from ldsim_env.logs.attempts import attempts_before
from ldsim_env.simulator import (
    LDSimNetwork,
    NetworkSettings,
    State,
    Trainer,
    TrainingSettings,
    load_simulator,
    save_simulator,
    with_bank,
)
from ldsim_env.simulator.difficulties import easiness_by_others, fit_easiness
from ldsim_env.simulator.question_at_hand import N_FURTHER
from ldsim_env.simulator.tasks import predict_kt
from tests.simulator.made_up import TINY_NETWORK, log_of, made_up_bank, made_up_log, made_up_network
from tests.simulator.test_unknown_questions import larger_bank

WITH_ATTEMPTS = replace(TINY_NETWORK, attempt_size=6)
QUESTION, OTHER = 3, 4
RIGHT, WRONG = 1.0, 0.0
WINDOW, SPREAD = 200, 0.7


def network_with_attempts() -> LDSimNetwork:
    """As `made_up_network`: nothing in it is 0 by luck."""
    network = made_up_network(settings=WITH_ATTEMPTS)
    assert network.at_hand is not None
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        network.at_hand.further_prior.normal_(0, 1, generator=generator)
        network.at_hand.correction.normal_(0, 0.3, generator=generator)
        network.gain_output.bias[-1] = 0.8
    return network


def after(network: LDSimNetwork, *answers: tuple[int, float], n: int = 1) -> State:
    state = network.start(n)
    for question, response in answers:
        state = network.learn(state, torch.full((n,), question), torch.full((n,), response))
    return state


def logit(network: LDSimNetwork, state: State, question: int) -> Tensor:
    return network.answer_prob(state, torch.full((len(state["step"]),), question)).logit()


def students_who_try_again(n_students: int = 60, seed: int = 0) -> ResponseLog:
    """First attempts are right by chance; the second one at questions below 10 always, at others never."""
    rng = np.random.default_rng(seed)
    histories = []
    for _ in range(n_students):
        first = rng.integers(20, size=15)
        responses = rng.integers(2, size=15)
        histories.append(
            (np.repeat(first, 2).tolist(), np.stack([responses, first < 10], axis=1).astype(int).ravel().tolist())
        )
    return log_of(made_up_bank(), *histories)


# ---- in a log -------------------------------------------------------------------------------------------------------


def test_attempts_are_counted_in_a_row_and_by_student() -> None:
    log = log_of(made_up_bank(), ([1, 1, 1, 2, 1], [0, 0, 1, 1, 1]), ([], []), ([1, 1], [1, 1]))
    assert attempts_before(log).tolist() == [0, 1, 2, 0, 0, 0, 1]


def test_settings_suit_the_log() -> None:
    assert NetworkSettings.suited_to(students_who_try_again()).attempt_size > 0
    assert NetworkSettings.suited_to(made_up_log()) == NetworkSettings()  # a question in 20 comes again by chance


def test_further_attempts_have_an_easiness_of_their_own() -> None:
    log = students_who_try_again()
    easiness = fit_easiness(log, WINDOW, SPREAD, further=True)
    second = easiness.first + easiness.further[:, 0]
    assert second[:10].min() > second[10:].max() + 2
    without = fit_easiness(log, WINDOW, SPREAD)
    assert torch.equal(without.further, torch.zeros(20, N_FURTHER))
    assert (easiness.first[:10] - easiness.first[10:]).abs().mean() < (without.first[:10] - without.first[10:]).mean()


def test_others_say_it_of_the_same_attempt() -> None:
    log = students_who_try_again()
    said = easiness_by_others(log, WINDOW, SPREAD, further=True)
    first, second = said[::2], said[1::2]
    easy = torch.from_numpy(log.questions[::2] < 10)
    assert (second - first)[easy].min() > 0
    assert (second - first)[easy].mean() > 1
    assert (second - first)[~easy].mean() < -1


# ---- in the network -------------------------------------------------------------------------------------------------


def test_attempts_count_for_the_question_at_hand_alone() -> None:
    network = network_with_attempts()
    state = after(network, (QUESTION, WRONG), (QUESTION, WRONG))
    assert state["attempts"].tolist() == [2]
    fresh = {**state, "at_hand": torch.full_like(state["at_hand"], -1)}
    assert not torch.allclose(logit(network, state, QUESTION), logit(network, fresh, QUESTION), atol=0.05)
    assert torch.equal(logit(network, state, OTHER), logit(network, fresh, OTHER))
    assert after(network, (QUESTION, WRONG), (OTHER, WRONG), (QUESTION, WRONG))["attempts"].tolist() == [1]


def test_all_attempts_from_the_last_one_that_is_told_apart_are_alike() -> None:
    network = network_with_attempts()
    state = after(network, *[(QUESTION, WRONG)] * 3)
    raised = []
    for attempts in (N_FURTHER - 1, N_FURTHER, N_FURTHER + 3):
        counted = {**state, "attempts": torch.full_like(state["attempts"], attempts)}
        before = logit(network, counted, QUESTION)
        with torch.no_grad():
            network.at_hand.correction[QUESTION, -1] += 1  # type: ignore[union-attr]
        raised.append(float(logit(network, counted, QUESTION) - before))
    assert raised == pytest.approx([0, 1, 1], abs=1e-5)


def test_many_questions_at_once_agree_with_one_at_a_time() -> None:
    network = network_with_attempts()
    for state in (network.start(2), after(network, (OTHER, RIGHT), (QUESTION, WRONG), (QUESTION, WRONG), n=2)):
        table = network.answer_prob(state, torch.arange(20).expand(2, -1))
        singles = torch.stack([network.answer_prob(state, torch.full((2,), q)) for q in range(20)], dim=1)
        torch.testing.assert_close(table, singles, rtol=0, atol=1e-6)


def test_the_trace_moves_by_the_innovation_and_ends_with_the_question() -> None:
    network = network_with_attempts()
    state = after(network, (QUESTION, WRONG))
    prob = network.answer_prob(state, torch.tensor([QUESTION]))
    right, wrong = (network.learn(state, torch.tensor([QUESTION]), torch.tensor([r]))["trace"] for r in (RIGHT, WRONG))
    assert abs(float(right - wrong)) > 0.1
    torch.testing.assert_close(prob * right + (1 - prob) * wrong, state["trace"])  # in the mean it stays
    other = torch.tensor([OTHER])
    moved = [network.learn({**state, "trace": trace}, other, torch.ones(1))["trace"] for trace in (right, wrong)]
    assert torch.equal(*moved)  # whatever it was


def test_the_exam_reads_none_of_it() -> None:
    network = network_with_attempts()
    state = after(network, (QUESTION, WRONG), (QUESTION, WRONG))
    changed = {**state, "trace": state["trace"] + 3, "attempts": state["attempts"] + 5}
    assert torch.equal(network.mastery(changed), network.mastery(state))


def test_more_attempts_move_the_expected_mastery_by_practice_only() -> None:
    network = network_with_attempts()
    asked = torch.tensor(network.bank.concept_matrix)[QUESTION]
    state = after(network, (OTHER, RIGHT), (QUESTION, WRONG), (QUESTION, RIGHT))
    prob = network.answer_prob(state, torch.tensor([QUESTION]))
    right, wrong = (
        network.mastery(network.learn(state, torch.tensor([QUESTION]), torch.tensor([r]))) for r in (RIGHT, WRONG)
    )
    change = (prob * right + (1 - prob) * wrong - network.mastery(state))[0]
    assert (right - wrong)[0, ~asked].abs().max() > 0.003  # an answer does move the belief about other concepts
    assert change[~asked].abs().max() < 1e-4
    assert change[asked].min() > 1e-3


def test_questions_that_it_never_saw_have_the_mean_worth_of_a_further_attempt() -> None:
    network = network_with_attempts()
    extended = with_bank(network, larger_bank())
    weight, prior = network.question_weight, network.prior_easiness().further
    mean = (prior * weight.unsqueeze(1)).sum(0) / weight.sum()
    torch.testing.assert_close(extended.prior_easiness().further[20:], mean.expand(3, -1))
    state = after(network, (QUESTION, WRONG))
    assert torch.equal(logit(extended, state, QUESTION), logit(network, state, QUESTION))


def test_it_is_saved_and_loaded(tmp_path: Path) -> None:
    network = network_with_attempts()
    save_simulator(network, tmp_path)
    loaded = load_simulator(tmp_path)
    state = after(network, (QUESTION, WRONG), (QUESTION, WRONG))
    assert torch.equal(
        loaded.answer_prob(state, torch.tensor([QUESTION])), network.answer_prob(state, torch.tensor([QUESTION]))
    )


def test_without_the_account_of_attempts_training_knows_less() -> None:
    log, held = students_who_try_again(), students_who_try_again(20, seed=1)
    aucs = [
        predict_kt(
            Trainer(log, held, network=network, training=TrainingSettings(epochs=3, batch_size=8)).run(False), held
        )
        .scores()
        .auc
        for network in (WITH_ATTEMPTS, TINY_NETWORK)
    ]
    assert aucs[0] > aucs[1] + 0.05
