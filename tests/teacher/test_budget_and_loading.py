"""What is stated before the first call, what is shown meanwhile, and what ``--teacher`` understands."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from ldsim_env.errors import SettingsError
from ldsim_env.teacher.answering import ask, ask_texts
from ldsim_env.teacher.asking import PromptBatch
from ldsim_env.teacher.budget import Budget, budget_for, budget_of_batches
from ldsim_env.teacher.cache import CachedTeacher
from ldsim_env.teacher.endpoint import EndpointTeacher
from ldsim_env.teacher.loading import load_teacher
from ldsim_env.teacher.protocol import Prompt
from ldsim_env.teacher.replay import ReplayTeacher
from ldsim_env.teacher.transformers_backend import TransformersTeacher
from ldsim_env.teacher.usage import Prices
from tests.teacher.chat_server import chat, serving
from tests.teacher.tiny_model import save_tiny_model

YES_NO = ("Yes", "No")
PROMPTS = [Prompt("s" * 20, f"Question {i:02}?", template="t/1") for i in range(20)]


class HalfSilent:
    """A teacher of somebody else's, that only scores; every second prompt is an abstention."""

    model = "half-silent"

    def score(self, prompts: Sequence[Prompt], choices: Sequence[str]) -> NDArray[np.float64]:
        odd = [int(prompt.user[9:11]) % 2 == 1 for prompt in prompts]
        return np.where(np.array(odd)[:, None], np.nan, np.log([0.5, 0.5]))

    def complete(self, prompts: Sequence[Prompt]) -> list[str | None]:
        return ["text"] * len(prompts)


def test_dry_run_of_an_endpoint_pays_nothing(tmp_path: Path) -> None:
    with serving(lambda body, count: chat("Yes", [{"Yes": 0.9, "No": 0.1}])) as server:
        teacher = EndpointTeacher(server.url, "tiny", requests_per_minute=6000, prices=Prices(1000, 0))
        cached = CachedTeacher(teacher, tmp_path / "cache.db")
        before = budget_for(cached, PROMPTS, YES_NO)
        assert server.counts.total() == 0
        cached.score(PROMPTS[:5], YES_NO)
        assert server.counts.total() == 5
        after = budget_for(cached, PROMPTS, YES_NO)
    assert (before.prompts, before.to_ask, before.tokens) == (20, 20, 20 * 9)
    assert (after.prompts, after.to_ask, after.tokens) == (20, 15, 15 * 9)
    assert before.cost == pytest.approx(0.18)
    assert before.seconds is not None
    assert before.seconds >= 20 * 0.01


def test_dry_run_of_a_local_model_counts_and_measures(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path / "tiny")
    teacher = TransformersTeacher(str(folder), least_mass=0.0, device="cpu")
    budget = budget_for(CachedTeacher(teacher, tmp_path / "cache.db"), PROMPTS, YES_NO)
    assert budget.to_ask == 20
    assert budget.tokens == teacher.count_tokens(PROMPTS)
    assert budget.seconds is not None
    assert budget.seconds > 0
    assert budget.cost == 0


def test_nothing_is_measured_where_nothing_is_asked(tmp_path: Path) -> None:
    cached = CachedTeacher(HalfSilent(), tmp_path / "cache.db")
    even = PROMPTS[::2]
    cached.score(even, YES_NO)
    assert budget_for(cached, even, YES_NO) == Budget(prompts=10)


def test_what_stands_in_two_batches_is_asked_once(tmp_path: Path) -> None:
    cached = CachedTeacher(HalfSilent(), tmp_path / "cache.db")
    cached.score(PROMPTS[:8:2], YES_NO)
    batches = [PromptBatch("t/1", tuple(prompts), YES_NO) for prompts in (PROMPTS[:10], PROMPTS[2:])]
    assert budget_of_batches(cached, batches) == Budget(20, 16, 16 * 9, seconds=None)
    assert budget_of_batches(HalfSilent(), batches).to_ask == 28  # nothing is kept, so it is asked again
    assert budget_of_batches(cached, []) == Budget()


def test_replay_asks_nobody(tmp_path: Path) -> None:
    CachedTeacher(HalfSilent(), tmp_path / "cache.db").score(PROMPTS[:4], YES_NO)
    assert budget_for(ReplayTeacher(tmp_path / "cache.db"), PROMPTS, YES_NO) == Budget(prompts=20)


def test_other_teachers_have_their_tokens_estimated() -> None:
    assert budget_for(HalfSilent(), PROMPTS, YES_NO) == Budget(20, 20, 20 * 9, seconds=None)


def test_budgets_add_up_and_read_well() -> None:
    total = Budget(10, 8, 800, 60.0, 0.5) + Budget(5, 5, 100, 3600.0, 0.25)
    assert str(total) == ("15 prompts: 2 answered already, 13 to ask, 900 tokens, about 1:01:00 h, cost 0.75")
    assert "unknown time, no cost" in str(Budget(1, 1, 1, seconds=None))
    assert (total + Budget(seconds=None)).seconds is None


def test_asking_shows_how_far_it_is() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=120)
    scores = ask(HalfSilent(), PROMPTS, YES_NO, what="Connected?", console=console)
    np.testing.assert_array_equal(scores, HalfSilent().score(PROMPTS, YES_NO))
    assert "Connected?" in shown.getvalue()
    assert "20/20" in shown.getvalue()
    assert "10 abstentions" in shown.getvalue()


def test_asking_may_be_silent(capsys: pytest.CaptureFixture[str]) -> None:
    assert np.isnan(ask(HalfSilent(), PROMPTS, YES_NO, progress=False)).any()
    assert ask_texts(HalfSilent(), PROMPTS[:2], progress=False) == ["text", "text"]
    assert ask(HalfSilent(), [], YES_NO).shape == (0, 2)
    assert capsys.readouterr() == ("", "")


def test_teachers_from_what_a_user_types(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path / "tiny")
    local = load_teacher(f"transformers:{folder}", device="cpu")
    assert isinstance(local, TransformersTeacher)
    assert local.model.startswith("tiny@")
    endpoint = load_teacher("http://localhost:11434/v1#qwen2.5:1.5b", concurrency=2)
    assert isinstance(endpoint, EndpointTeacher)
    assert endpoint.model == "qwen2.5:1.5b"
    cached = load_teacher(f"transformers:{folder}", tmp_path / "cache.db", least_mass=0.0)
    assert isinstance(cached, CachedTeacher)
    cached.score(PROMPTS[:1], YES_NO)
    replay = load_teacher(f"replay:{tmp_path / 'cache.db'}#{local.model}", tmp_path / "other.db")
    assert isinstance(replay, ReplayTeacher)
    assert not (tmp_path / "other.db").exists()


@pytest.mark.parametrize(
    ("spec", "settings", "message"),
    [
        ("transformer:x/y", {}, "unknown kind of teacher 'transformer'. Did you mean 'transformers'"),
        ("gpt", {}, "Expected transformers:FOLDER_OR_ID, http://HOST/v1#MODEL or replay:CACHE_FILE"),
        ("replay:", {}, "Expected transformers:FOLDER_OR_ID"),
        ("http://localhost/v1", {}, "names no model; add it behind #"),
        (
            "http://localhost/v1#m",
            {"concurency": 3},
            "unknown setting of the teacher 'concurency'. Did you mean 'concurr",
        ),
        ("http://localhost/v1#m", {"model": "other"}, "unknown setting of the teacher 'model'"),
    ],
)
def test_what_is_not_understood(spec: str, settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_teacher(spec, **settings)
