"""The questions that are proposed, and what is seen of them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldsim_env.envs.candidate_sampler import CandidateSampler, MixedSampler
from ldsim_env.errors import SettingsError
from tests.envs.fake_student import FakeStudent, small_bank, small_env


def wide_student() -> FakeStudent:
    bank = small_bank(50)  # 600 questions
    return FakeStudent(bank.with_difficulty(np.arange(600, dtype=np.float32) * 7 % 600), practice=0.0)


class Fixed:
    """Proposes what it is told."""

    n_draws = 0

    def __init__(self, offered: Any):
        self.offered = offered

    def propose(self, view: Any, students: Any, uniforms: np.ndarray, n_candidates: int) -> Any:
        assert uniforms.shape == (len(students), 0)
        return np.tile(self.offered, (len(students), 1))


def test_three_quarters_practise_the_targets_from_easy_to_hard() -> None:
    env = small_env(wide_student(), action="candidates", n_candidates=16, targets=["Cubes"])
    for seed in range(5):
        candidates = env.reset(seed=seed)[1]["candidates"]
        on_target = env.bank.concept_matrix[candidates, 2]
        assert on_target.tolist() == [True] * 12 + [False] * 4
        difficulty = env.bank.difficulty[candidates[:12]]
        assert (np.diff(difficulty) > 0).all()
        assert difficulty[0] < 60
        assert difficulty[-1] > 540
        assert np.diff(candidates[12:]) == pytest.approx([450 / 4 * 600 / 450] * 3, abs=10)


def test_every_question_is_proposed_alike() -> None:
    env = small_env(action="candidates", n_candidates=4, targets=["Data"])
    counts = np.zeros(12)
    env.reset(seed=0)
    for _ in range(4000):
        counts[env.reset()[1]["candidates"]] += 1
    on_target = env.bank.concept_matrix[:, 3]
    assert counts[on_target] / 4000 == pytest.approx(np.full(4, 3 / 4), abs=0.03)
    assert counts[~on_target] / 4000 == pytest.approx(np.full(8, 1 / 8), abs=0.02)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 20), st.integers(0, 10**6), st.sets(st.sampled_from(range(4)), min_size=1), st.booleans())
def test_candidates_are_legal_and_different(n: int, seed: int, targets: set[int], allow_repeats: bool) -> None:
    env = small_env(
        FakeStudent(practice=0.0),
        action="candidates",
        n_candidates=n,
        targets=sorted(targets),
        allow_repeats=allow_repeats,
    )
    _, info = env.reset(seed=seed)
    asked: set[int] = set()
    for step in range(12):
        there = info["candidates"][info["candidates"] >= 0].tolist()
        left = set(range(12)) if allow_repeats else set(range(12)) - asked
        assert len(there) == len(set(there)) == min(n, len(left))
        assert set(there) <= left
        assert info["action_mask"].sum() == len(there)
        place = step % max(len(there), 1)
        asked |= {there[place]} if there else set()
        info = env.step(place)[4]


def test_a_sampler_of_ones_own() -> None:
    env = small_env(action="candidates", n_candidates=3, sampler=Fixed([5, 1, -1]))
    observation, info = env.reset(seed=0)
    assert info["candidates"].tolist() == [5, 1, -1]
    assert info["action_mask"].tolist() == [1, 1, 0]
    info = env.step(1)[4]
    assert info["question_id"] == "q1"
    assert info["action_mask"].tolist() == [1, 0, 0]  # it proposes q1 again, which may not be asked
    assert observation.shape == (11 + 18,)


@pytest.mark.parametrize(
    ("offered", "message"),
    [
        ([0, 1], r"expected question indices of the shape \(1, 3\), got int64 \(1, 2\)"),
        ([0.0, 1.0, 2.0], r"expected question indices of the shape \(1, 3\), got float64"),
        ([0, 1, 12], "expected question indices from 0 to 11, or -1 for none, got 0 to 12"),
        ([-2, 1, 2], "expected question indices .* got -2 to 2"),
    ],
)
def test_a_sampler_that_proposes_nonsense(offered: list[Any], message: str) -> None:
    env = small_env(action="candidates", n_candidates=3, sampler=Fixed(offered))
    with pytest.raises(SettingsError, match="sampler: " + message):
        env.reset(seed=0)


def test_something_that_is_no_sampler() -> None:
    with pytest.raises(SettingsError, match=r"sampler: expected an object with n_draws and propose\(.*got 'mixed'"):
        small_env(action="candidates", sampler="mixed")
    assert isinstance(MixedSampler(small_bank()), CandidateSampler)


def test_features_of_the_candidates() -> None:
    probs = np.linspace(0.1, 0.9, 12)
    student = FakeStudent(small_bank().with_difficulty(np.arange(12, dtype=np.float32)), probs=probs, practice=0.1)
    sampler = Fixed([5, 11, 3, -1])
    env = small_env(student, action="candidates", observation="dict", n_candidates=4, sampler=sampler)
    observation, _ = env.reset(seed=0, options={"history": [], "targets": ["Halves", "Cubes"]})
    rows = observation["candidates"]
    assert rows.dtype == np.float32
    # may be asked, P(right), difficulty, targets, new targets, mastery
    assert rows[0] == pytest.approx([1, probs[5], 5.5 / 12, 1, 1, 0.2])
    assert rows[1] == pytest.approx([1, probs[11], 11.5 / 12, 0, 0, 0.2])
    assert rows[2] == pytest.approx([1, probs[3], 3.5 / 12, 0.5, 0.5, 0.2])
    assert rows[3].tolist() == [0] * 6
    rows = env.step(2)[0]["candidates"]
    assert rows[0] == pytest.approx([1, probs[5], 5.5 / 12, 1, 0.5, 0.25])  # Halves was practised
    assert rows[2].tolist() == [0] * 6  # it was asked


def test_flat_and_dict_observations_have_the_same_features() -> None:
    flat, as_dict = (small_env(action="candidates", observation=kind, n_candidates=5) for kind in ("flat", "dict"))
    one, _ = flat.reset(seed=2)
    other, _ = as_dict.reset(seed=2)
    for _ in range(4):
        assert np.array_equal(one, np.concatenate([other["observations"], other["candidates"].ravel()]))
        one, other = flat.step(1)[0], as_dict.step(1)[0]
