"""Shrinking gains and context after training: what other students have it, and no more where it is worth nothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ldsim_env.simulator import (
    LDSimNetwork,
    Trainer,
    TrainingSettings,
    fit_simulator,
    load_simulator,
    read_provenance,
    shrinkage,
)
from ldsim_env.simulator.shrinkage import N_TRIALS, WORTH, Shrinkage, choose_shrinkage
from tests.simulator.made_up import TINY_NETWORK, TINY_TRAINING, made_up_log

STUDENTS = made_up_log(n_students=12, seed=1)
QUESTIONS, RIGHT = torch.tensor([3, 4]), torch.ones(2)


@pytest.fixture(scope="module")
def network() -> LDSimNetwork:
    return Trainer(made_up_log(), STUDENTS, network=TINY_NETWORK, training=TINY_TRAINING).run(show_progress=False)


def losses(monkeypatch: pytest.MonkeyPatch, loss: Callable[[float, float], float]) -> None:
    """Let the loss be a function of the weights, in place of students'."""

    def told(network: LDSimNetwork, _: object) -> float:
        return loss(network.settings.gain_scale, network.settings.context_scale)

    monkeypatch.setattr(shrinkage, "_loss_of_both_tasks", told)


def moved(network: LDSimNetwork, response: Tensor) -> dict[str, Tensor]:
    return network.learn(network.start(2), QUESTIONS, response)


def test_shrunk_gains_move_abilities_and_factors_by_so_much_less(network: LDSimNetwork) -> None:
    """What an answer moves is the difference between a right and a wrong one: drift and bend don't know it."""
    less = Shrinkage(gains=0.5).of(network)
    for part in ("ability", "factors"):
        whole = moved(network, RIGHT)[part] - moved(network, 1 - RIGHT)[part]
        half = moved(less, RIGHT)[part] - moved(less, 1 - RIGHT)[part]
        assert whole.abs().max() > 0.01
        torch.testing.assert_close(half, whole / 2)


def test_practice_stays_what_it_is(network: LDSimNetwork) -> None:
    """With no gains at all an answer moves nothing, and practice adds as much as before."""
    without = Shrinkage(gains=0.0).of(network)
    right, wrong = moved(without, RIGHT)["ability"], moved(without, 1 - RIGHT)["ability"]
    assert torch.equal(right, wrong)
    assert right.min() == 0
    assert right.max() > 0.01  # the drift


def test_a_shrunk_context_adds_so_much_less(network: LDSimNetwork) -> None:
    state = moved(network, RIGHT)

    def logits(context: float) -> Tensor:
        return torch.logit(Shrinkage(context=context).of(network).answer_prob(state, QUESTIONS))

    none, half, whole = logits(0.0), logits(0.5), logits(1.0)
    assert (whole - none).abs().max() > 1e-3
    torch.testing.assert_close(half - none, (whole - none) / 2, rtol=1e-3, atol=1e-6)


def test_one_question_and_all_have_the_same_context(network: LDSimNetwork) -> None:
    less = Shrinkage(context=0.5).of(network)
    state = moved(less, RIGHT)
    every = less.answer_prob(state, torch.arange(20).expand(2, 20))
    torch.testing.assert_close(every[:, 3], less.answer_prob(state, torch.tensor([3, 3])))


def test_the_network_itself_is_left_alone(network: LDSimNetwork) -> None:
    before = network.settings
    assert Shrinkage(0.5, 0.5).of(network).settings == replace(before, gain_scale=0.5, context_scale=0.5)
    assert network.settings == before


def test_shrinking_twice_multiplies(network: LDSimNetwork) -> None:
    twice = Shrinkage(0.5, 0.8).of(Shrinkage(0.5, 0.5).of(network))
    assert (twice.settings.gain_scale, twice.settings.context_scale) == (0.25, 0.4)


def test_the_best_of_context_and_then_of_gains_is_chosen(
    network: LDSimNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses(monkeypatch, lambda gains, context: abs(gains - 0.8) + abs(context - 0.6))
    seen: list[None] = []
    assert choose_shrinkage(network, STUDENTS, lambda: seen.append(None)) == Shrinkage(gains=0.8, context=0.6)
    assert len(seen) == N_TRIALS


@pytest.mark.parametrize(("worth", "expected"), [(0.9 * WORTH, Shrinkage()), (1.1 * WORTH, Shrinkage(gains=0.5))])
def test_what_is_worth_nothing_is_left_out(
    network: LDSimNetwork, monkeypatch: pytest.MonkeyPatch, worth: float, expected: Shrinkage
) -> None:
    losses(monkeypatch, lambda gains, _: 1 - (worth if gains == 0.5 else 0))
    assert choose_shrinkage(network, STUDENTS) == expected


def test_gains_that_are_far_too_large_are_shrunk_by_real_losses(network: LDSimNetwork) -> None:
    wild = Shrinkage(gains=6.0).of(network)
    chosen = choose_shrinkage(wild, made_up_log(n_students=40, seed=3))
    assert chosen.gains == min(shrinkage.WEIGHTS)


def test_a_fit_keeps_what_it_chose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    losses(monkeypatch, lambda gains, context: abs(gains - 0.8) + abs(context - 0.6))
    training = TrainingSettings(epochs=1, batch_size=16)
    fitted = fit_simulator(
        made_up_log(), tmp_path / "fit", network=TINY_NETWORK, training=training, show_progress=False
    )
    assert (fitted.settings.gain_scale, fitted.settings.context_scale) == (0.8, 0.6)
    assert load_simulator(tmp_path / "fit").settings == fitted.settings
    assert read_provenance(tmp_path / "fit")["shrinkage"] == {"gains": 0.8, "context": 0.6}
