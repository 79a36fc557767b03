from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError
from ldsim_env.recommenders import LLMRecommender, LLMSettings, load_recommender
from ldsim_env.teacher.protocol import Prompt
from tests.envs.fake_student import FakeStudent, small_bank, small_env
from tests.teacher.chat_server import Reply, chat, serving

pytest.importorskip("jinja2", reason="needs the extra 'teacher'")

Choose = Callable[[Prompt, Sequence[str]], int | None]


class StandIn:
    """Chooses by a function of the prompt; None abstains."""

    model = "stand-in"

    def __init__(self, choose: Choose):
        self.choose, self.prompts = choose, list[Prompt]()

    def score(self, prompts: Sequence[Prompt], choices: Sequence[str]) -> NDArray[np.float64]:
        self.prompts += prompts
        scores = np.full((len(prompts), len(choices)), -5.0)
        for row, prompt in zip(scores, prompts, strict=True):
            chosen = self.choose(prompt, choices)
            row[:] = np.nan if chosen is None else row
            if chosen is not None:
                row[chosen] = -0.1
        return scores

    def complete(self, prompts: Sequence[Prompt]) -> list[str | None]:
        raise NotImplementedError


def hard_environment(**kwargs: Any) -> Any:
    bank = small_bank(2)
    student = FakeStudent(bank.with_difficulty(np.linspace(-2, 2, bank.n_questions).astype(np.float32)))
    return small_env(student, n_targets=2, **kwargs)


def play(recommender: LLMRecommender, n: int = 3, **kwargs: Any) -> tuple[Any, list[int]]:
    env = hard_environment(**kwargs)
    noise = [0.0, 0.99, 0.0][:n]
    observation, info = env.reset(seed=0, options={"targets": [0, 3], "history": [(4, 1)], "response_noise": noise})
    recommender.start(env, np.random.default_rng(0))
    asked = []
    for _ in range(n):
        asked.append(int(recommender.recommend(observation, info)))  # type: ignore[arg-type]
        observation, *_, info = env.step(asked[-1])
    return env, asked


def test_the_option_that_the_llm_chooses_is_asked() -> None:
    teacher = StandIn(lambda prompt, choices: len(choices) - 1)  # the hard questions of the last target
    env, asked = play(LLMRecommender(teacher), 2)
    on_data = np.flatnonzero(env.bank.concept_matrix[:, 3])
    hardest = on_data[np.argsort(env.bank.difficulty[on_data])][-len(on_data) // 3 :]
    assert set(asked) <= set(hardest.tolist())


def test_it_is_told_targets_and_answers_and_what_it_may_choose() -> None:
    teacher = StandIn(lambda prompt, choices: 0)
    play(LLMRecommender(teacher), observation="history")
    assert "- Adding: none yet" in teacher.prompts[0].user
    assert "- Halves: right" in teacher.prompts[0].user  # before the episode
    assert '1. An easy question on "Adding"' in teacher.prompts[0].user
    assert '6. A hard question on "Data"' in teacher.prompts[0].user
    assert "- Adding: right, wrong" in teacher.prompts[2].user
    assert "Questions left in the lesson: 28" in teacher.prompts[2].user
    assert teacher.prompts[0].template == "recommend/1"


def test_without_last_answers() -> None:
    teacher = StandIn(lambda prompt, choices: 0)
    play(LLMRecommender(teacher, LLMSettings(n_recent=0)))
    assert all("last answers" not in prompt.user for prompt in teacher.prompts)


def test_an_abstention_takes_the_first_option_and_is_counted() -> None:
    first = play(LLMRecommender(StandIn(lambda prompt, choices: 0)))[1]
    recommender = LLMRecommender(StandIn(lambda prompt, choices: None))
    assert play(recommender)[1] == first
    assert (recommender.n_asked, recommender.n_abstained) == (3, 3)


def test_with_many_targets_the_least_practised_are_offered() -> None:
    teacher = StandIn(lambda prompt, choices: 0)
    env = small_env(FakeStudent(small_bank(2)), n_targets=4)
    observation, info = env.reset(seed=0)
    recommender = LLMRecommender(teacher)
    recommender.start(env, np.random.default_rng(0))
    for _ in range(2):
        observation, *_, info = env.step(recommender.recommend(observation, info))
    assert '"Data"' not in teacher.prompts[0].user.split("Which question")[1]
    assert '"Data"' in teacher.prompts[1].user.split("Which question")[1]


def test_any_chat_endpoint_by_name_with_answers_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sqlalchemy")
    monkeypatch.setenv("LDSIM_CACHE", str(tmp_path / "cache"))

    def two_is_best(body: dict[str, Any], count: int) -> Reply:
        return chat("2", [{"2": 0.7, "1": 0.2, "3": 0.1}])

    with serving(two_is_best) as server:
        first = load_recommender(f"llm:{server.url}#tiny")
        assert isinstance(first, LLMRecommender)
        asked = play(first)[1]
        n_requests = len(server.bodies)
        again = load_recommender(f"llm:{server.url}#tiny")
        assert isinstance(again, LLMRecommender)
        assert play(again)[1] == asked
        assert len(server.bodies) == n_requests == 3
        assert "Target skills" in json.dumps(server.bodies[0])


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(SettingsError, match="n_recent: expected at least 0, got -1"):
        LLMSettings(n_recent=-1)
    with pytest.raises(SettingsError, match="unknown template 'recomend'"):
        LLMRecommender(StandIn(lambda prompt, choices: 0), LLMSettings(template="recomend"))
