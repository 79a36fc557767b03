"""Running a model over histories: true answers first, its own after."""

from typing import Any

import pytest
import torch

from ldsim_env.errors import SettingsError
from ldsim_env.simulator import Rollout, unroll
from tests.simulator.made_up import Flatterer, made_up_network, wide_bank

ROLLOUTS: tuple[Rollout, ...] = ("sampled", "expected", "hard")
LENGTH = 12


def histories(seed: int = 0, n: int = 8) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Questions, responses and noise."""
    generator = torch.Generator().manual_seed(seed)
    questions = torch.randint(20, (n, LENGTH), generator=generator)
    responses = torch.randint(2, (n, LENGTH), generator=generator).float()
    return questions, responses, torch.rand(n, LENGTH, generator=generator)


def by_hand(questions: torch.Tensor, responses: torch.Tensor, n_observed: int, answer: Any) -> torch.Tensor:
    """The same through the four verbs; ``answer`` gives the model's own responses from (probabilities, position)."""
    network = made_up_network()
    state, probs = network.start(len(questions)), []
    for t in range(LENGTH):
        prob = network.answer_prob(state, questions[:, t])
        response = responses[:, t] if t < n_observed else answer(prob, t)
        state = network.learn(state, questions[:, t], response)
        probs.append(prob)
    return torch.stack(probs, dim=1)


@pytest.mark.parametrize("rollout", ROLLOUTS)
def test_it_is_the_four_verbs_in_turn(rollout: Rollout) -> None:
    questions, responses, noise = histories()
    own = {
        "sampled": lambda prob, t: (prob > noise[:, t]).float(),
        "expected": lambda prob, t: prob,
        "hard": lambda prob, t: (prob > 0.5).float(),
    }[rollout]
    n_observed = torch.full((8,), 5)
    prob = unroll(made_up_network(), questions, responses, n_observed, rollout=rollout, uniforms=noise)
    torch.testing.assert_close(prob, by_hand(questions, responses, 5, own), rtol=0, atol=1e-6)


@pytest.mark.parametrize("rollout", ROLLOUTS)
def test_true_responses_after_the_observed_ones_are_not_looked_at(rollout: Rollout) -> None:
    questions, responses, noise = histories()
    n_observed = torch.arange(8)
    hidden = torch.arange(LENGTH) >= n_observed.unsqueeze(1)
    changed = torch.where(hidden, 1 - responses, responses)
    one, other = (
        unroll(made_up_network(), questions, given, n_observed, rollout=rollout, uniforms=noise)
        for given in (responses, changed)
    )
    assert torch.equal(one, other)


def test_a_position_depends_on_earlier_responses_only() -> None:
    questions, responses, _ = histories()
    full = torch.full((8,), LENGTH)
    changed = responses.clone()
    changed[:, 6] = 1 - changed[:, 6]
    one, other = (
        unroll(made_up_network(), questions, given, full, rollout="expected") for given in (responses, changed)
    )
    assert torch.equal(one[:, :7], other[:, :7])
    assert not torch.equal(one[:, 7:], other[:, 7:])


def test_a_shifted_prior_makes_that_answer_likelier_and_none_before() -> None:
    network = made_up_network()
    questions, responses, _ = histories()
    n_observed = torch.full((len(questions),), LENGTH)
    shift = torch.zeros(questions.shape)
    shift[:, 3] = 1.0
    plain, shifted = (
        unroll(network, questions, responses, n_observed, rollout="expected", prior_shift=each)
        for each in (torch.zeros(questions.shape), shift)
    )
    assert torch.equal(plain[:, :3], shifted[:, :3])
    moved = shifted[:, 3].logit() - plain[:, 3].logit()
    torch.testing.assert_close(moved, network.prior_scale.detach().expand(len(moved)), rtol=0, atol=1e-4)


def test_any_student_model_will_do() -> None:
    model = Flatterer(wide_bank())
    questions, responses, noise = histories()
    prob = unroll(model, questions, responses, torch.full((8,), 3), uniforms=noise)
    assert torch.equal(prob, model.probs[questions])


def test_the_drift_takes_gradients_from_true_responses_only() -> None:
    questions, responses, noise = histories()
    gradients = []
    for n_observed in (0, LENGTH):
        network = made_up_network().requires_grad_(True)
        prob = unroll(network, questions, responses, torch.full((8,), n_observed), uniforms=noise)
        prob.sum().backward()
        assert network.gain_output.bias.grad is not None
        gradients.append(float(network.gain_output.bias.grad[2]))  # own gain, related gain, drift
    assert gradients[0] == 0
    assert gradients[1] != 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rollout": "sample"}, r"unknown rollout 'sample'\. Did you mean 'sampled'\? Known: expected, hard, sampled"),
        ({"rollout": "sampled"}, "uniforms: rollout 'sampled' needs the response noise"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    questions, responses, _ = histories()
    with pytest.raises(SettingsError, match=message):
        unroll(made_up_network(), questions, responses, torch.full((8,), 3), **options)
