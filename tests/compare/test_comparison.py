from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from rich.console import Console

from ldsim_env.compare import CompareSettings, ResultFolder, compare, print_table, save_summary
from ldsim_env.compare.report import ReportSettings
from ldsim_env.compare.report.paired_episodes import pair_episodes
from ldsim_env.errors import SettingsError
from ldsim_env.recommenders import RECOMMENDERS, RandomRecommender, ZPDRecommender
from tests.envs.fake_student import SMALL_ID, register_small
from tests.recommenders.toy_env import TOY_ID, ToyEnv, register_toy

pl = pytest.importorskip("polars", reason="needs the extra 'report'")
OUTCOMES = ("exam_start", "exam_end", "gain", "prior_ability", "success_rate", "repeat_rate", "n_steps", "terminated")
QUESTIONS_ONLY = ("random", "random-target", "fixed", "weakest", "zpd", "zpd-weakest", "greedy")


class Twin(ZPDRecommender):
    name = "twin"


class Renamed(RandomRecommender):
    name = "renamed"


def settings(**changes: Any) -> CompareSettings:
    register_toy()
    return CompareSettings(**{"env_id": TOY_ID, "n_students": 5, "seeds": (0, 1)} | changes)


def outcomes(results: ResultFolder, policy: str) -> Any:
    return results.episodes.filter(policy=policy).sort("seed", "student").select(*OUTCOMES, "targets")


def test_every_recommender_on_the_real_environment_with_a_fake_student() -> None:
    register_small()
    names = [name for name in RECOMMENDERS if name in QUESTIONS_ONLY]
    results = compare(names, settings(env_id=SMALL_ID, n_students=4))
    assert [policy.name for policy in results.settings.policies] == names
    assert results.episodes.height == len(names) * 2 * 4
    assert {policy.name for policy in results.settings.policies if policy.uses_simulator} == {"greedy"}
    kinds = {policy.name: policy.kind for policy in results.settings.policies}
    assert (kinds["random"], kinds["zpd"], kinds["greedy"]) == ("baseline", "heuristic", "simulator")


def test_same_settings_same_result() -> None:
    first, again = (compare(["random", "weakest", "greedy"], settings()) for _ in range(2))
    assert first.episodes.equals(again.episodes)
    assert first.steps.equals(again.steps)
    other = compare(["random", "weakest", "greedy"], settings(seeds=(0, 2)))
    assert first.episodes.filter(seed=0).equals(other.episodes.filter(seed=0))
    assert not first.episodes.filter(seed=1).drop("seed").equals(other.episodes.filter(seed=2).drop("seed"))


def test_policies_that_act_alike_get_the_same_episodes() -> None:
    results = compare(["zpd", Twin(), "random", Renamed()], settings())
    assert outcomes(results, "zpd").equals(outcomes(results, "twin"))
    assert outcomes(results, "random").equals(outcomes(results, "renamed"))


def test_a_result_does_not_change_with_the_company() -> None:
    alone = compare(["zpd"], settings(reference="zpd"))
    in_company = compare(["random", "greedy", "zpd"], settings())
    assert outcomes(alone, "zpd").equals(outcomes(in_company, "zpd"))


def test_all_policies_start_from_the_same_exam_score() -> None:
    pairs = pair_episodes(compare(["random", "fixed", "zpd"], settings()), "ldsim")
    start = pairs.outcomes["exam_start"]
    assert (start == start[0]).all()
    assert np.unique(start[0]).size > 1


def test_the_steps_of_the_first_students_tell_their_episodes() -> None:
    register_small()
    results = compare(["zpd"], settings(env_id=SMALL_ID, n_students=4, n_recorded=2, reference="zpd"))
    assert set(results.steps["student"]) == {0, 1}
    one = results.steps.filter(student=1, seed=0).sort("step")
    outcome = results.episodes.row(by_predicate=(pl.col("student") == 1) & (pl.col("seed") == 0), named=True)
    assert one["step"].to_list() == list(range(outcome["n_steps"] + 1))
    assert one["question"][0] is None
    assert one["exam_score"][0] == outcome["exam_start"]
    assert one["exam_score"][-1] == outcome["exam_end"]
    assert one["response"][1:].mean() == outcome["success_rate"]
    assert np.mean(one["mastery"][0].to_list()) == pytest.approx(outcome["prior_ability"])
    last = one["mastery"][-1].to_list()
    assert np.mean([last[target] for target in outcome["targets"]]) == pytest.approx(outcome["exam_end"])


def test_actions_that_are_no_questions_are_written_down_as_the_questions_they_asked() -> None:
    register_small()
    options = {"action": "concept", "cohort_split": "all"}
    results = compare(["random-target"], settings(env_id=SMALL_ID, env_options=options, reference="random-target"))
    asked = results.steps.filter(pl.col("question").is_not_null())
    assert (asked["question_id"] == pl.Series([f"q{question}" for question in asked["question"]])).all()
    assert asked["question"].max() > 3  # there are four concepts
    assert results.episodes["repeat_rate"].max() == 0


def test_a_reference_that_was_not_named_is_added() -> None:
    def names(policies: list[str], reference: str) -> list[str]:
        run = compare(policies, settings(reference=reference)).settings
        return [policy.name for policy in run.policies]

    assert names(["zpd", "greedy"], "random") == ["random", "zpd", "greedy"]
    assert names(["zpd"], "zpd") == ["zpd"]


def test_an_unknown_reference_is_reported_before_the_run() -> None:
    with pytest.raises(SettingsError, match=r"unknown recommender 'rondom'. Did you mean 'random'"):
        compare(["zpd"], settings(reference="rondom"))


def test_a_policy_may_get_another_name() -> None:
    results = compare(["even=zpd", "zpd"], settings())
    assert outcomes(results, "even").equals(outcomes(results, "zpd"))
    assert results.settings.policy("even").source == "zpd"


def test_held_out_students_by_default() -> None:
    assert dict(CompareSettings().env_options) == {"cohort_split": "eval"}
    held_out = compare(["random"], settings())
    everyone = compare(["random"], settings(env_options={"cohort_split": "all"}))
    assert (held_out.episodes["exam_start"] != everyone.episodes["exam_start"]).any()


def test_two_policies_of_one_name_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"these come twice: zpd. Rename one, as NAME=SPEC"):
        compare(["zpd", "zpd", "random"], settings())


def test_more_students_than_there_are() -> None:
    with pytest.raises(SettingsError, match=r"n_students: expected at most 50, the students of Toy-v0.*got 51"):
        compare(["random"], settings(n_students=51))


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"env_id": "Toi-v0"}, r"env_id: can't make 'Toi-v0'"), ({"env_options": {"color": 1}}, r"can't make.*'color'")],
)
def test_an_environment_that_can_not_be_made(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        compare(["random"], settings(**changes))


class ForgetfulEnv(ToyEnv):
    """Its reset draws the student from the clock, so to say, not from the seed."""

    n_resets = 0

    def reset(self, **kwargs: Any) -> Any:
        ForgetfulEnv.n_resets += 1
        return super().reset(**kwargs | {"options": {"student": ForgetfulEnv.n_resets % 50}})


def test_an_environment_that_breaks_the_pairs_is_refused() -> None:
    if "Forgetful-v0" not in gymnasium.registry:
        gymnasium.register("Forgetful-v0", entry_point=ForgetfulEnv, max_episode_steps=3)
    with pytest.raises(SettingsError, match="gave random and zpd different students or targets for seed 0"):
        compare(["random", "zpd"], settings(env_id="Forgetful-v0"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_students": 1}, "n_students: expected at least 2.*got 1"),
        ({"seeds": ()}, "seeds: expected at least one seed"),
        ({"seeds": (0, -1)}, "seeds: expected whole numbers of at least 0"),
        ({"seeds": (3, 3)}, "seeds: expected each seed once"),
        ({"student_models": "bkt"}, r"student_models: expected a list of names or a mapping, got 'bkt'"),
        ({"student_models": ["bkt", "bkt"]}, "student_models: expected each student model once"),
        ({"n_steps": 0}, "n_steps: expected None or at least 1, got 0"),
        ({"n_recorded": -1}, "n_recorded: expected at least 0, got -1"),
    ],
)
def test_settings_are_checked(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        CompareSettings(**changes)


def test_progress_and_tables_on_the_console() -> None:
    console = Console(file=io.StringIO(), width=80)
    results = compare(["zpd-weakest", "greedy", "random-target"], settings(n_students=6), console)
    print_table(results, console, ReportSettings(n_resamples=200))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "48/48" in text
    assert "minus that of random" in text
    assert "greedy †" in text
    assert "upper bound" in text
    assert "random-target " in text
    assert "…" not in text
    gains = pair_episodes(results, "ldsim").of("zpd-weakest")
    assert f"{gains.mean():.3f}".lstrip("0") in text


def test_no_console_no_output(capsys: pytest.CaptureFixture[str]) -> None:
    compare(["random"], settings())
    assert capsys.readouterr() == ("", "")


def test_the_statistics_as_json(tmp_path: Path) -> None:
    results = compare(["random", "zpd"], settings(n_students=8))
    save_summary(results, tmp_path / "new" / "summary.json", ReportSettings(n_resamples=200))
    summary = json.loads((tmp_path / "new" / "summary.json").read_text())
    rows = {row["policy"]["name"]: row for row in summary["student_models"]["ldsim"]}
    gains = pair_episodes(results, "ldsim").of("zpd")
    assert rows["zpd"]["mean"] == pytest.approx(gains.mean())
    assert list(rows["zpd"]["by_prior_ability"]) == ["low", "middle", "high"]
    assert rows["random"]["difference"] is None
