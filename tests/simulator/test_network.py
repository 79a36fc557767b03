"""The network: four pure verbs, and a mastery that moves by surprise and by practice only."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ldsim_env.errors import SettingsError
from ldsim_env.simulator import LDSimNetwork, NetworkSettings, State, select_students
from ldsim_env.simulator.network import Respond
from tests.simulator.made_up import (
    N_CONCEPTS,
    NO_CONCEPTS,
    PLAIN,
    TINY_NETWORK,
    TWO_CONCEPTS,
    WITHOUT_CONTEXT,
    copy_of,
    made_up_bank,
    made_up_network,
    practised_state,
)

EVERY_QUESTION = torch.arange(20)
WITHOUT_PAST = replace(TINY_NETWORK, past_size=0)
RIGHT, WRONG = 1.0, 0.0


def each_question_asked(network: LDSimNetwork) -> tuple[State, Tensor]:
    """20 students with different pasts, the i-th being asked question i."""
    return practised_state(network, n=20, steps=15), EVERY_QUESTION


def expected_change(network: LDSimNetwork, state: State, question: Tensor, name: str) -> Tensor:
    """E_r[part of the state after] - the part before."""
    prob = network.answer_prob(state, question).double().unsqueeze(1)
    right, wrong = (
        network.learn(state, question, torch.full((len(question),), r))[name].double() for r in (RIGHT, WRONG)
    )
    return prob * right + (1 - prob) * wrong - state[name].double()


def asked_concepts(network: LDSimNetwork, question: Tensor) -> Tensor:
    return torch.tensor(network.bank.concept_matrix)[question]


# ---- purity ---------------------------------------------------------------------------------------------------------


def test_no_verb_changes_its_arguments() -> None:
    network = made_up_network()
    state, question = each_question_asked(network)
    response = torch.ones(20)
    before, weights = copy_of(state), copy_of(network.state_dict())
    network.answer_prob(state, question)
    network.answer_prob(state, question.unsqueeze(1).expand(20, 3))
    network.learn(state, question, response)
    network.step(state, question, lambda prob: (prob > 0.5).float())
    network.mastery(state)
    assert all(torch.equal(state[name], value) for name, value in before.items())
    assert all(torch.equal(network.state_dict()[name], value) for name, value in weights.items())
    assert torch.equal(question, EVERY_QUESTION)
    assert torch.equal(response, torch.ones(20))


def test_reading_twice_gives_the_same() -> None:
    network = made_up_network()
    state, question = each_question_asked(network)
    first = network.answer_prob(state, question), network.mastery(state)
    again = network.answer_prob(state, question), network.mastery(state)
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    network = made_up_network()
    practised_state(network)
    assert torch.equal(torch.get_rng_state(), before)


def test_start_weights_come_from_the_generator() -> None:
    one, same, other = (made_up_network(seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one.gain_hidden.weight, same.gain_hidden.weight)
    assert not torch.equal(one.gain_hidden.weight, other.gain_hidden.weight)


# ---- one question, many questions, one student, many students ------------------------------------------------------


@pytest.mark.parametrize("memory", [4, 40])
def test_many_questions_at_once_agree_with_one_at_a_time(memory: int) -> None:
    network = made_up_network(settings=replace(TINY_NETWORK, memory=memory))
    state = practised_state(network, n=5, steps=17)
    table = network.answer_prob(state, EVERY_QUESTION.expand(5, -1))
    for question in range(20):
        one = network.answer_prob(state, torch.full((5,), question))
        torch.testing.assert_close(table[:, question], one, rtol=0, atol=1e-6)


def test_each_student_may_be_asked_other_questions() -> None:
    network = made_up_network()
    state = practised_state(network, n=5, steps=17)
    question = torch.randint(20, (5, 7), generator=torch.Generator().manual_seed(3))
    table = network.answer_prob(state, question)
    for column in range(7):
        one = network.answer_prob(state, question[:, column])
        torch.testing.assert_close(table[:, column], one, rtol=0, atol=1e-6)


def test_a_batch_equals_its_students_one_by_one() -> None:
    network = made_up_network()
    state, question = each_question_asked(network)
    response = (question % 2).float()
    together = network.learn(state, question, response)
    for i in range(20):
        alone = select_students(state, [i])
        after = network.learn(alone, question[i : i + 1], response[i : i + 1])
        torch.testing.assert_close(network.mastery(after), network.mastery(together)[i : i + 1], rtol=0, atol=1e-6)
        for name, value in after.items():
            torch.testing.assert_close(value, together[name][i : i + 1], rtol=0, atol=1e-6)


def test_learning_is_the_step_with_that_answer() -> None:
    network = made_up_network()
    state, question = each_question_asked(network)
    response = (question % 3 == 0).float()
    prob, after = network.step(state, question, lambda _: response)
    torch.testing.assert_close(prob, network.answer_prob(state, question), rtol=0, atol=1e-7)
    learned = network.learn(state, question, response)
    assert all(torch.equal(learned[name], value) for name, value in after.items())


@pytest.mark.parametrize("kind", [torch.int64, torch.int8, torch.float64, torch.bool])
def test_answers_may_be_of_any_number_type(kind: torch.dtype) -> None:
    network = made_up_network()
    state, question = each_question_asked(network)
    expected = network.learn(state, question, torch.ones(20))
    learned = network.learn(state, question, torch.ones(20, dtype=kind))
    assert all(torch.equal(learned[name], value) for name, value in expected.items())
    assert all(learned[name].dtype == state[name].dtype for name in state)


# ---- questions met before -------------------------------------------------------------------------------------------


def offset_of(network: LDSimNetwork, state: State, question: int) -> float:
    """How much likelier a right answer is, in logits, than if the student did not remember the question."""
    forgetful = {**state, "met_questions": torch.full_like(state["met_questions"], -1)}
    asked = torch.tensor([question])
    return float(network.answer_prob(state, asked).logit() - network.answer_prob(forgetful, asked).logit())


def test_the_last_answer_to_a_question_met_before_counts() -> None:
    network = made_up_network()
    after_wrong, after_right = network.met_before.tolist()
    state, offsets = network.start(1), [offset_of(network, network.start(1), PLAIN)]
    for response in (RIGHT, WRONG, RIGHT):
        state = network.learn(state, torch.tensor([PLAIN]), torch.tensor([response]))
        offsets.append(offset_of(network, state, PLAIN))
    assert offsets == pytest.approx([0, after_right, after_wrong, after_right], abs=1e-5)
    assert offset_of(network, state, PLAIN + 1) == pytest.approx(0, abs=1e-6)


def test_an_answer_by_expectation_lies_between() -> None:
    network = made_up_network()
    state = network.learn(network.start(1), torch.tensor([PLAIN]), torch.tensor([0.25]))
    after_wrong, after_right = network.met_before.tolist()
    assert offset_of(network, state, PLAIN) == pytest.approx(0.75 * after_wrong + 0.25 * after_right, abs=1e-5)


def test_memory_holds_the_last_questions_and_forgets_the_others() -> None:
    network = made_up_network(settings=replace(TINY_NETWORK, memory=3))
    state = network.start(1)
    for question in (0, 1, 2, 3, 1, 4):  # the last three are 3, 1, 4; question 1 was met twice
        state = network.learn(state, torch.tensor([question]), torch.tensor([RIGHT]))
    remembered = [abs(offset_of(network, state, question)) > 0.1 for question in range(6)]
    assert remembered == [False, True, False, True, True, False]
    table = network.answer_prob(state, EVERY_QUESTION.unsqueeze(0))
    singles = torch.cat([network.answer_prob(state, torch.tensor([q])) for q in range(20)])
    torch.testing.assert_close(table[0], singles, rtol=0, atol=1e-6)


# ---- evidence must not pay ------------------------------------------------------------------------------------------


SURPRISED = 0.025  # an answer moves the mastery of other concepts by more than this in the mean
IN_PLACE = 3e-4  # the expected mastery of other concepts moves by less: what is left is of third order


def lively_network(settings: NetworkSettings = TINY_NETWORK) -> LDSimNetwork:
    """A network whose answers move much: gains like those of a fitted one, not the small ones it starts with."""
    network = made_up_network(settings=settings)
    with torch.no_grad():
        network.gain_output.weight.mul_(2)
        network.gain_output.bias[:2] += torch.tensor([0.5, 3.0])  # own gain, related gain
        network.gain_output.bias[3:] *= 10
        network.freeze()
    return network


def expected_changes(network: LDSimNetwork) -> tuple[Tensor, Tensor, Tensor]:
    """(20, K) each: E_r[mastery after] - before, how far an answer moves mastery, and whether the concept was asked."""
    state, question = each_question_asked(network)
    right, wrong = (
        network.mastery(network.learn(state, question, torch.full((20,), r))).double() for r in (RIGHT, WRONG)
    )
    prob = network.answer_prob(state, question).double().unsqueeze(1)
    change = prob * right + (1 - prob) * wrong - network.mastery(state).double()
    return change, (right - wrong).abs(), asked_concepts(network, question)


@pytest.mark.parametrize("settings", [TINY_NETWORK, WITHOUT_PAST], ids=["with past", "without past"])
def test_the_expected_mastery_moves_by_practice_only(settings: NetworkSettings) -> None:
    change, moved, asked = expected_changes(lively_network(settings))
    assert moved[~asked].mean() > SURPRISED  # an answer does move the belief about other concepts
    assert change[~asked].abs().mean() < IN_PLACE  # but not in the mean
    assert change[asked].min() > 1e-4  # softplus: drift is never 0


class KnowsTheAnswer(LDSimNetwork):
    """Gains a little more from right answers than from wrong ones, which is what evidence that pays is."""

    def step(
        self, state: State, question: Tensor, respond: Respond, fit_drift: Tensor | None = None
    ) -> tuple[Tensor, State]:
        answers: list[Tensor] = []

        def responding(prob: Tensor) -> Tensor:
            answers.append(respond(prob))
            return answers[-1]

        prob, after = super().step(state, question, responding, fit_drift)
        surprise = (after["factors"] - state["factors"]) * (1 + 0.1 * answers[-1].unsqueeze(1))
        return prob, after | {"factors": state["factors"] + surprise}


class BlindInnovation(LDSimNetwork):
    """Takes every right answer for a surprise: e = r - 1/2 in place of r - p."""

    def step(
        self, state: State, question: Tensor, respond: Respond, fit_drift: Tensor | None = None
    ) -> tuple[Tensor, State]:
        prob, after = super().step(state, question, respond, fit_drift)
        answers = (torch.ones_like, torch.zeros_like)
        right, wrong = (LDSimNetwork.step(self, state, question, answer)[1] for answer in answers)
        swing = right["factors"] - wrong["factors"]
        return prob, after | {"factors": after["factors"] + (prob - 0.5).unsqueeze(1) * swing}


def would_be_found(network: LDSimNetwork) -> bool:
    change, moved, asked = expected_changes(network)
    return bool(moved[~asked].mean() > SURPRISED and change[~asked].abs().mean() > 2 * IN_PLACE)


@pytest.mark.parametrize("fault", [KnowsTheAnswer, BlindInnovation])
def test_the_test_above_would_find_these_faults(fault: type[LDSimNetwork]) -> None:
    network = lively_network()
    network.__class__ = fault
    assert would_be_found(network)


def test_it_would_find_a_curvature_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ldsim_env.simulator.network.bend", lambda mastery, prob, swing: torch.zeros_like(mastery))
    assert would_be_found(lively_network())


def test_without_the_bend_the_curvature_would_move_the_mean() -> None:
    network = made_up_network()
    state, question = each_question_asked(network)
    prob = network.answer_prob(state, question)
    right, wrong = (network.learn(state, question, torch.full((20,), r)) for r in (RIGHT, WRONG))
    level = state["ability"] + state["factors"] @ network.tables.loadings.t()
    levels = [s["ability"] + s["factors"] @ network.tables.loadings.t() for s in (right, wrong)]
    mean_level = prob.unsqueeze(1) * levels[0] + (1 - prob).unsqueeze(1) * levels[1]
    elsewhere = ~asked_concepts(network, question)
    bend = (mean_level - level)[elsewhere]
    swing = (levels[0] - levels[1])[elsewhere]
    variance = (prob * (1 - prob)).unsqueeze(1).expand_as(level)[elsewhere]
    mastery = network.mastery(state)[elsewhere]
    torch.testing.assert_close(bend, swing.square() * variance * (mastery - 0.5), rtol=1e-3, atol=1e-5)
    assert bend.abs().max() > 1e-4


def test_shared_factors_are_a_martingale() -> None:
    network = made_up_network()
    state, question = each_question_asked(network)
    right, wrong = (network.learn(state, question, torch.full((20,), r))["factors"] for r in (RIGHT, WRONG))
    assert (right - wrong).abs().max() > 0.01  # they do move
    assert expected_change(network, state, question, "factors").abs().max() < 1e-6


def test_one_answer_moves_related_concepts_too() -> None:
    network = made_up_network()
    state, question = each_question_asked(network)
    moved = network.learn(state, question, torch.ones(20))["ability"] - state["ability"]
    elsewhere = ~asked_concepts(network, question)
    elsewhere[NO_CONCEPTS] = False
    assert (moved[elsewhere].abs() > 1e-5).float().mean() > 0.9


def test_gains_and_drift_do_not_know_the_answer() -> None:
    network = made_up_network()
    state, question = each_question_asked(network)
    answers = torch.tensor([0.0, 0.25, 0.5, 1.0])
    after = torch.stack([network.learn(state, question, a.expand(20))["ability"] for a in answers]).double()
    slope = (after[3] - after[0]) / (answers[3] - answers[0])
    for answer, ability in zip(answers, after, strict=True):  # a straight line in r: slope and level are blind to it
        torch.testing.assert_close(ability, after[0] + answer * slope, rtol=0, atol=1e-6)


def test_a_right_answer_says_more_for_the_concept_than_a_wrong_one() -> None:
    network = made_up_network()
    state, question = each_question_asked(network)
    right, wrong = (network.learn(state, question, torch.full((20,), r))["ability"] for r in (RIGHT, WRONG))
    asked = asked_concepts(network, question)
    assert ((right - wrong)[asked] > 0).all()


def test_a_question_without_concepts_practises_nothing() -> None:
    network = made_up_network()
    state = practised_state(network, n=3)
    question = torch.full((3,), NO_CONCEPTS)
    after = network.learn(state, question, torch.ones(3))
    expected = expected_change(network, state, question, "ability")
    assert expected.abs().max() < 0.05  # the bend alone
    assert torch.equal(after["practised"], state["practised"])
    assert not torch.equal(after["factors"], state["factors"])  # the answer still says something about the student


def test_practice_is_counted_on_every_concept_of_a_question() -> None:
    network = made_up_network()
    state = network.learn(network.start(1), torch.tensor([TWO_CONCEPTS]), torch.tensor([1.0]))
    assert state["practised"].tolist() == network.bank.concept_matrix[[TWO_CONCEPTS]].astype(float).tolist()


# ---- read-outs ------------------------------------------------------------------------------------------------------


def test_mastery_is_the_chance_on_a_question_of_middling_difficulty() -> None:
    bank = made_up_bank()
    prior = torch.zeros(20)
    network = LDSimNetwork(bank, prior, torch.ones(20), WITHOUT_CONTEXT)
    network.initialise(torch.Generator().manual_seed(0))
    network.freeze()
    state = practised_state(network.requires_grad_(False))
    single = torch.arange(N_CONCEPTS).expand(len(state["ability"]), -1)  # question k asks for concept k alone
    forgetful = {**state, "met_questions": torch.full_like(state["met_questions"], -1)}
    torch.testing.assert_close(network.mastery(state), network.answer_prob(forgetful, single), rtol=0, atol=1e-6)


def test_difficulty_is_where_half_of_the_answers_are_right() -> None:
    network = made_up_network(settings=WITHOUT_CONTEXT)
    difficulty = network.difficulty()
    asked = torch.tensor(network.bank.concept_matrix).any(1)
    assert difficulty.shape == (20,)
    state = network.start(20)
    state["ability"] = difficulty.unsqueeze(1).expand(20, N_CONCEPTS).contiguous()
    prob = network.answer_prob(state, EVERY_QUESTION)
    torch.testing.assert_close(prob[asked], torch.full((19,), 0.5), rtol=0, atol=1e-6)


def test_discrimination_is_held_within_its_limits() -> None:
    network = made_up_network(settings=replace(TINY_NETWORK, max_discrimination=2.0))
    state = network.start(1)
    base = network.answer_prob(state, torch.tensor([PLAIN])).logit()
    state["ability"] = torch.ones(1, N_CONCEPTS)
    for log_discrimination, expected in ((9.0, 2.0), (-9.0, 0.5), (0.0, 1.0)):
        network.log_discrimination[PLAIN] = log_discrimination
        network.freeze()
        network.freeze()
        slope = network.answer_prob(state, torch.tensor([PLAIN])).logit() - base
        assert float(slope) == pytest.approx(expected, abs=1e-5)


def test_cost_and_size_do_not_grow_with_the_history() -> None:
    network = made_up_network()
    short, long = (practised_state(network, steps=steps) for steps in (1, 90))
    assert {n: v.shape for n, v in short.items()} == {n: v.shape for n, v in long.items()}
    assert all(torch.isfinite(value.float()).all() for value in long.values())


@pytest.mark.parametrize("n_prior", [19, 21])
def test_priors_of_another_bank_are_refused(n_prior: int) -> None:
    with pytest.raises(SettingsError, match=rf"question_prior.*expected shape \(20,\), got \({n_prior},\)"):
        LDSimNetwork(made_up_bank(), torch.zeros(n_prior), torch.zeros(20), TINY_NETWORK)


def test_no_student_is_a_batch_too() -> None:
    network = made_up_network()
    state = network.learn(network.start(0), torch.empty(0, dtype=torch.int64), torch.empty(0))
    assert network.mastery(state).shape == (0, N_CONCEPTS)
