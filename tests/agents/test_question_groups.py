from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("sb3_contrib", reason="needs the extra 'agents'")
from agents.question_groups import GroupDistribution, QuestionGroups
from ldsim_env.envs import ForbiddenActions

CONCEPTS = np.array([[0, -1], [1, -1], [0, -1], [0, 1], [0, -1], [0, -1], [-1, -1], [1, -1]])
DIFFICULTY = np.array([0.5, 0.0, -1.0, 0.0, 2.0, -2.0, 0.0, 0.0])
N_QUESTIONS = len(DIFFICULTY)


def groups() -> QuestionGroups:
    return QuestionGroups(CONCEPTS, DIFFICULTY, n_levels=2)


def members(found: QuestionGroups) -> set[tuple[int, ...]]:
    rows = zip(found.members.tolist(), found.is_member.tolist(), strict=True)
    return {tuple(q for q, real in zip(*row, strict=True) if real) for row in rows}


def test_groups_hold_the_same_concepts_and_like_difficulty() -> None:
    found = groups()
    assert members(found) == {(6,), (2, 5), (0, 4), (3,), (1, 7)}  # 1 and 7 are equally difficult: one level
    for question in range(N_QUESTIONS):
        group = int(found.of_question[question])
        assert question in found.members[group]
    assert found.size.sum() == N_QUESTIONS


def test_mean_of_is_over_the_members() -> None:
    found = groups()
    mean = found.mean_of(DIFFICULTY.astype(np.float32))
    assert mean[found.of_question[5]] == -1.5
    assert mean[found.of_question[4]] == 1.25


def brute_force(scores: torch.Tensor, found: QuestionGroups, masks: torch.Tensor) -> torch.distributions.Categorical:
    """The masked softmax over questions, as it is defined."""
    logits = scores[:, found.of_question].masked_fill(masks == 0, -torch.inf)
    return torch.distributions.Categorical(logits=logits)


ONLY_ONE = np.zeros((3, N_QUESTIONS), np.uint8)
ONLY_ONE[[0, 1, 2], [4, 6, 1]] = 1
MASKS = {
    "all legal": np.ones((3, N_QUESTIONS), np.uint8),
    "some not": np.array([[1, 0, 1, 1, 0, 1, 1, 1], [0, 1, 1, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 1]], np.uint8),
    "all but one not": ONLY_ONE,
}
FORMS = {"masks": np.copy, "tensors": torch.from_numpy, "lists": ForbiddenActions.by}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", MASKS)
def test_it_is_the_masked_softmax_over_questions(kind: str, form: str) -> None:
    found, masks = groups(), torch.from_numpy(MASKS[kind])
    scores = torch.randn(3, found.n_groups, generator=torch.Generator().manual_seed(0))
    distribution = GroupDistribution(found).proba_distribution(scores)
    distribution.apply_masking(FORMS[form](MASKS[kind]))
    expected = brute_force(scores, found, masks)
    for question in range(N_QUESTIONS):
        legal = masks[:, question] == 1
        chosen = torch.full((3,), question)
        assert torch.allclose(distribution.log_prob(chosen)[legal], expected.log_prob(chosen)[legal], atol=1e-5)
    plogp = torch.where(masks == 1, expected.probs * expected.logits.clamp(min=-1e9), 0.0)
    assert torch.allclose(distribution.entropy(), -plogp.sum(1), atol=1e-5)


@pytest.mark.parametrize("weight", [0.0, 0.3])
@pytest.mark.parametrize("kind", MASKS)
def test_its_gradients_are_those_of_the_masked_softmax(kind: str, weight: float) -> None:
    """With a weight of the entropy in the loss, and with none, where its gradient is left out."""
    found, masks = groups(), torch.from_numpy(MASKS[kind])
    scores = torch.randn(3, found.n_groups, generator=torch.Generator().manual_seed(2)).double().requires_grad_()
    distribution = GroupDistribution(found).proba_distribution(scores)
    distribution.apply_masking(MASKS[kind])
    plain = torch.log_softmax(scores[:, found.of_question].masked_fill(masks == 0, -1e8), 1)
    chosen, factor = masks.argmax(1), torch.tensor([1.0, -2.0, 0.5])
    entropy = -(plain.exp() * plain).sum(1)
    expected = (plain.gather(1, chosen[:, None])[:, 0] * factor).sum() + weight * (entropy * factor).sum()
    loss = (distribution.log_prob(chosen) * factor).sum() + weight * (distribution.entropy() * factor).sum()
    (gradients,), (wanted,) = (torch.autograd.grad(value, scores) for value in (loss, expected))
    assert torch.allclose(gradients, wanted, atol=1e-6)


def test_the_last_legal_question_is_drawn_and_best() -> None:
    found = groups()
    scores = 9 * torch.randn(3, found.n_groups, generator=torch.Generator().manual_seed(3))
    distribution = GroupDistribution(found).proba_distribution(scores)
    distribution.apply_masking(ONLY_ONE)
    for _ in range(20):
        assert distribution.sample().tolist() == [4, 6, 1]
    assert distribution.mode().tolist() == [4, 6, 1]


def test_scores_and_masks_that_are_set_anew_count() -> None:
    found = groups()
    distribution = GroupDistribution(found).proba_distribution(torch.zeros(3, found.n_groups))
    distribution.apply_masking(ONLY_ONE)
    assert distribution.entropy().abs().max() < 1e-5
    distribution.apply_masking(MASKS["all legal"])
    assert distribution.entropy().min() > 2
    distribution.apply_masking(ONLY_ONE)
    assert distribution.proba_distribution(torch.zeros(3, found.n_groups)).entropy().min() > 2


def test_without_masks_every_question_is_legal() -> None:
    found = groups()
    distribution = GroupDistribution(found).proba_distribution(torch.zeros(1, found.n_groups))
    distribution.apply_masking(None)
    assert float(distribution.entropy()) == pytest.approx(np.log(N_QUESTIONS), abs=1e-5)


def test_samples_are_legal_and_as_frequent_as_their_probability() -> None:
    found = groups()
    masks = torch.from_numpy(MASKS["some not"][:1]).repeat(4_000, 1)
    scores = torch.randn(1, found.n_groups, generator=torch.Generator().manual_seed(1)).repeat(4_000, 1)
    distribution = GroupDistribution(found).proba_distribution(scores)
    distribution.apply_masking(masks)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = distribution.sample()
    share = torch.bincount(drawn, minlength=N_QUESTIONS) / len(drawn)
    assert torch.allclose(share, brute_force(scores, found, masks).probs[0], atol=0.03)
    assert share[masks[0] == 0].sum() == 0


def test_the_mode_is_the_first_legal_question_of_the_best_group() -> None:
    found = groups()
    scores = torch.zeros(1, found.n_groups)
    scores[0, found.of_question[2]] = 1.0  # with 5
    scores[0, found.of_question[0]] = 0.5  # with 4
    asked: list[int] = []
    for _ in range(4):
        masks = np.ones(N_QUESTIONS, np.uint8)
        masks[asked] = 0
        distribution = GroupDistribution(found).proba_distribution(scores)
        distribution.apply_masking(masks)
        asked.append(int(distribution.mode()))
    assert asked == [2, 5, 0, 4]


def test_gradients_are_finite_where_groups_are_used_up() -> None:
    found = groups()
    scores = torch.zeros(3, found.n_groups, requires_grad=True)
    distribution = GroupDistribution(found).proba_distribution(scores)
    distribution.apply_masking(MASKS["some not"])
    (distribution.log_prob(torch.tensor([0, 1, 7])).sum() + distribution.entropy().sum()).backward()
    assert scores.grad is not None
    assert torch.isfinite(scores.grad).all()
