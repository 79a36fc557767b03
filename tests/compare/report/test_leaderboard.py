from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ldsim_env.compare.report import ReportSettings, ResultFolder
from ldsim_env.compare.report.leaderboard import leaderboard, reference_of
from ldsim_env.compare.report.paired_episodes import pair_episodes
from ldsim_env.errors import SettingsError


def test_rows_are_sorted_and_say_what_the_episodes_say(results: ResultFolder, settings: ReportSettings) -> None:
    pairs = pair_episodes(results, "LDSim")
    rows = leaderboard(pairs, results.settings, settings)
    assert [row.iqm for row in rows] == sorted((row.iqm for row in rows), reverse=True)
    row = next(row for row in rows if row.policy.name == "ppo")
    gains = pairs.of("ppo")
    assert row.mean == pytest.approx(gains.mean())
    assert row.share_worse == pytest.approx((gains < 0).mean())
    assert row.difference == pytest.approx((gains - pairs.of("random")).mean())
    assert row.improvement == pytest.approx((gains > pairs.of("random")).mean())
    assert row.iqm_interval.low < row.iqm < row.iqm_interval.high
    assert row.share_mastered == pytest.approx(np.isfinite(pairs.of("ppo", "questions_to_mastery")).mean())


def test_the_reference_has_no_difference_from_itself(results: ResultFolder, settings: ReportSettings) -> None:
    rows = leaderboard(pair_episodes(results, "LDSim"), results.settings, settings)
    assert [row.policy.name for row in rows if row.difference is None and row.improvement is None] == ["random"]


def test_another_reference_turns_the_signs(results: ResultFolder, settings: ReportSettings) -> None:
    pairs = pair_episodes(results, "LDSim")
    by_random = leaderboard(pairs, results.settings, settings)
    by_zpd = leaderboard(pairs, results.settings, replace(settings, reference="zpd"))
    there = next(row.difference for row in by_random if row.policy.name == "zpd")
    back = next(row.difference for row in by_zpd if row.policy.name == "random")
    assert there is not None
    assert back == pytest.approx(-there)


def test_a_policy_that_never_reaches_mastery(results: ResultFolder, settings: ReportSettings) -> None:
    pairs = pair_episodes(results, "LDSim")
    never = np.full_like(pairs.outcomes["gain"], np.nan)
    pairs = replace(pairs, outcomes={**pairs.outcomes, "questions_to_mastery": never})
    rows = leaderboard(pairs, results.settings, settings)
    assert {(row.share_mastered, row.questions_to_mastery) for row in rows} == {(0.0, None)}


def test_the_reference_is_random_or_the_first_baseline_or_the_first(results: ResultFolder) -> None:
    run = results.settings
    assert reference_of(run, ReportSettings()) == "random"
    renamed = tuple(replace(policy, name=f"my {policy.name}") for policy in run.policies)
    assert reference_of(replace(run, policies=renamed[::-1]), ReportSettings()) == "my random"
    assert reference_of(replace(run, policies=renamed[1:]), ReportSettings()) == "my zpd"


def test_an_unknown_reference(results: ResultFolder) -> None:
    with pytest.raises(SettingsError, match=r"reference: unknown policy 'randm'. Did you mean 'random'"):
        reference_of(results.settings, ReportSettings(reference="randm"))


def test_a_reference_that_did_not_teach_this_student_model(results: ResultFolder, settings: ReportSettings) -> None:
    pairs = pair_episodes(results, "LDSim")
    pairs = replace(pairs, policies=("other", *pairs.policies[1:]))
    with pytest.raises(SettingsError, match="no episodes of 'random' on LDSim"):
        leaderboard(pairs, results.settings, settings)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [("confidence", 1.0, r"in \(0, 1\)"), ("n_resamples", 10, "at least 100"), ("n_player_episodes", -1, "at least 0")],
)
def test_settings_out_of_range(name: str, value: float, expected: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: expected .*{expected}"):
        ReportSettings(**{name: value})  # type: ignore[arg-type]
