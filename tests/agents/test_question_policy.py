from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

pytest.importorskip("sb3_contrib", reason="needs the extra 'agents'")
from agents.question_policy import QuestionPolicy

N_CONCEPTS = 3
CONCEPTS = np.array([[0, -1], [0, -1], [1, -1], [1, -1], [2, -1], [2, -1], [0, 1]])
DIFFICULTY = np.array([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0, 0.0], np.float32)


def policy(**kwargs: Any) -> QuestionPolicy:
    arguments: dict[str, Any] = {
        "question_concepts": CONCEPTS,
        "difficulty": DIFFICULTY,
        "n_concepts": N_CONCEPTS,
        "hidden": 8,
    }
    observation_space = spaces.Box(0, 1, (2 * N_CONCEPTS + 3,), np.float32)
    return QuestionPolicy(observation_space, spaces.Discrete(len(CONCEPTS)), lambda _: 1e-3, **arguments | kwargs)


def trained(**kwargs: Any) -> QuestionPolicy:
    """A policy with weights that differ from 0 everywhere but in the concepts' own numbers."""
    made, generator = policy(**kwargs), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if not name.endswith("concepts"):
                weight.normal_(generator=generator)
    return made


def observation(mastery: list[float], targets: list[int], progress: float = 0.2) -> torch.Tensor:
    return torch.tensor([[*mastery, *targets, 1.0, 0.0, progress]])


@torch.no_grad()
def question_probs(made: QuestionPolicy, seen: torch.Tensor) -> np.ndarray:
    distribution = made.get_distribution(seen)
    return np.array([float(distribution.log_prob(torch.tensor([q])).exp()) for q in range(len(CONCEPTS))])


def test_at_the_start_all_questions_are_alike_and_values_are_0() -> None:
    seen = observation([0.2, 0.9, 0.5], [1, 0, 0])
    np.testing.assert_allclose(question_probs(policy(), seen), 1 / len(CONCEPTS), rtol=1e-5)
    assert float(policy().predict_values(seen).detach()) == 0


def test_what_is_learned_about_a_concept_holds_for_all() -> None:
    made = trained()
    probs = question_probs(made, observation([0.2, 0.9, 0.5], [1, 0, 0]))
    turned = question_probs(made, observation([0.9, 0.5, 0.2], [0, 0, 1]))
    ratios = probs[[0, 1, 2, 3, 4, 5]] / turned[[4, 5, 0, 1, 2, 3]]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-4)  # question 6 has its own normalising share
    assert np.ptp(probs) > 0.01


def test_a_question_scores_the_sum_over_its_concepts() -> None:
    made = trained()
    probs = question_probs(made, observation([0.2, 0.9, 0.5], [1, 0, 0]))
    # the difficulty of 6 is its concepts' mean, where the parabola has only its first coefficient; and the mean of the
    # parabola at -1 and 1 is that coefficient plus the third
    coefficients = made.mlp_extractor.forward_actor(observation([0.2, 0.9, 0.5], [1, 0, 0]))[0]
    expected = coefficients[[0, 1], 0].sum() - (coefficients[0] * torch.tensor([1.0, -1.0, 1.0])).sum()
    assert np.log(probs[6] / probs[0]) == pytest.approx(float(expected.detach()), abs=1e-4)


def test_nothing_is_to_be_gained_when_the_steps_are_used_up() -> None:
    made = trained().requires_grad_(False)
    assert float(made.predict_values(observation([0.2, 0.9, 0.5], [1, 0, 1], progress=1.0))) == 0
    assert float(made.predict_values(observation([0.2, 0.9, 0.5], [1, 0, 1], progress=0.9))) != 0


def test_concepts_that_are_no_targets_do_not_reach_the_value_but_by_their_mean() -> None:
    made = trained()
    one = made.predict_values(observation([0.2, 0.6, 0.3], [1, 0, 0]))
    assert torch.allclose(one, made.predict_values(observation([0.2, 0.3, 0.6], [1, 0, 0])), atol=1e-5)
    assert not torch.allclose(one, made.predict_values(observation([0.3, 0.6, 0.2], [1, 0, 0])), atol=1e-5)


def test_the_actor_is_its_plain_network() -> None:
    """Of each concept's features, its own numbers and what all share, in this order, as saved weights have it."""
    made = trained().requires_grad_(False)
    reader = made.mlp_extractor
    with torch.no_grad():
        reader.concepts.normal_(generator=torch.Generator().manual_seed(1))
    seen = torch.cat([observation([0.2, 0.9, 0.5], [1, 0, 1]), observation([0.3, 0.1, 0.7], [0, 1, 0], 0.6)])
    read = reader._read(seen)
    own = torch.stack([read.level, read.room, read.target, read.target * (read.level - read.weakest)], dim=2)
    concepts, shared = reader.concepts.expand(2, -1, -1), read.shared.unsqueeze(1).expand(-1, N_CONCEPTS, -1)
    plain = reader.actor(torch.cat([own, concepts, shared], dim=2))
    assert torch.allclose(reader.forward_actor(seen), plain, atol=1e-4)
    assert torch.equal(reader(seen)[0], reader.forward_actor(seen))
    assert torch.equal(reader(seen)[1], reader.forward_critic(seen))


def test_mastery_of_0_and_1_is_read() -> None:
    probs = question_probs(trained(), observation([0.0, 1.0, 0.5], [1, 1, 0]))
    assert np.isfinite(probs).all()


def test_a_bank_without_difficulties_has_one_group_for_each_set_of_concepts() -> None:
    made = policy(difficulty=np.empty(0, np.float32))
    assert made.action_net.groups.n_groups == 4


def test_it_is_saved_with_its_arguments(tmp_path: Path) -> None:
    made = trained()
    made.save(tmp_path / "policy.pt")
    loaded = QuestionPolicy.load(tmp_path / "policy.pt")
    seen = observation([0.2, 0.9, 0.5], [1, 0, 0])
    np.testing.assert_allclose(question_probs(loaded, seen), question_probs(made, seen), rtol=1e-6)
