"""Every answer is paid for once, whatever happens to the run; and the recorded answers can be replayed."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ldsim_env.errors import CheckpointError, SettingsError
from ldsim_env.teacher.cache import CachedTeacher
from ldsim_env.teacher.protocol import Prompt, Teacher
from ldsim_env.teacher.replay import ReplayTeacher
from tests.teacher.chat_server import ChatServer, Reply, chat, serving
from tests.teacher.interrupted_run import cached_teacher, prompts

REPOSITORY = Path(__file__).parents[2]
YES_NO = ("Yes", "No")
PROMPTS = prompts(5)


class CountingTeacher:
    """Gives 0.25 for the first of two choices; keeps what it was asked; abstains from some prompts."""

    def __init__(self, model: str = "counting", silent: Sequence[str] = ()) -> None:
        self.model = model
        self.silent = silent
        self.asked: list[str] = []

    def score(self, prompts: Sequence[Prompt], choices: Sequence[str]) -> NDArray[np.float64]:
        self.asked += [prompt.user for prompt in prompts]
        rows = np.tile(np.log([0.25, 0.75]), (len(prompts), 1))
        rows[[prompt.user in self.silent for prompt in prompts]] = np.nan
        return rows

    def complete(self, prompts: Sequence[Prompt]) -> list[str | None]:
        self.asked += [prompt.user for prompt in prompts]
        return [None if prompt.user in self.silent else f"said: {prompt.user}" for prompt in prompts]


def test_second_run_asks_nothing(tmp_path: Path) -> None:
    first = CachedTeacher(CountingTeacher(), tmp_path / "new" / "cache.db").score(PROMPTS, YES_NO)
    teacher = CountingTeacher()
    cached = CachedTeacher(teacher, tmp_path / "new" / "cache.db")
    np.testing.assert_array_equal(cached.score(PROMPTS, YES_NO), first)  # to the last digit
    assert teacher.asked == []
    assert (cached.n_from_cache, cached.n_asked) == (5, 0)


@pytest.mark.parametrize(
    "other",
    [
        Prompt("Another system.", PROMPTS[0].user, template="t/1"),
        Prompt(PROMPTS[0].system, PROMPTS[0].user, (("a", "b"),), "t/1"),
        Prompt(PROMPTS[0].system, PROMPTS[0].user, template="t/2"),
        Prompt(PROMPTS[0].system, "Another question?", template="t/1"),
    ],
)
def test_another_prompt_is_asked(other: Prompt, tmp_path: Path) -> None:
    CachedTeacher(CountingTeacher(), tmp_path / "cache.db").score(PROMPTS[:1], YES_NO)
    teacher = CountingTeacher()
    CachedTeacher(teacher, tmp_path / "cache.db").score([other], YES_NO)
    assert teacher.asked == [other.user]


def test_other_model_choices_and_kind_are_asked(tmp_path: Path) -> None:
    CachedTeacher(CountingTeacher(), tmp_path / "cache.db").score(PROMPTS[:1], YES_NO)
    other, same = CountingTeacher("other"), CountingTeacher()
    CachedTeacher(other, tmp_path / "cache.db").score(PROMPTS[:1], YES_NO)
    cached = CachedTeacher(same, tmp_path / "cache.db")
    cached.score(PROMPTS[:1], ("No", "Yes"))
    cached.complete(PROMPTS[:1])
    assert (len(other.asked), len(same.asked)) == (1, 2)


def test_equal_prompts_are_asked_once(tmp_path: Path) -> None:
    teacher = CountingTeacher()
    cached = CachedTeacher(teacher, tmp_path / "cache.db")
    texts = cached.complete([PROMPTS[0], PROMPTS[1], PROMPTS[0]])
    assert texts == ["said: Question 0?", "said: Question 1?", "said: Question 0?"]
    assert teacher.asked == ["Question 0?", "Question 1?"]


def test_failures_are_asked_again_and_the_rest_is_kept(tmp_path: Path) -> None:
    first = CachedTeacher(CountingTeacher(silent=["Question 2?"]), tmp_path / "cache.db").score(PROMPTS, YES_NO)
    assert np.flatnonzero(np.isnan(first[:, 0])).tolist() == [2]
    teacher = CountingTeacher()
    cached = CachedTeacher(teacher, tmp_path / "cache.db")
    assert [prompt.user for prompt in cached.missing(PROMPTS, YES_NO)] == ["Question 2?"]
    assert np.isfinite(cached.score(PROMPTS, YES_NO)).all()
    assert teacher.asked == ["Question 2?"]


def test_off_topic_answers_are_kept(tmp_path: Path) -> None:
    with serving(lambda body, count: chat("I like turtles.")) as server:
        assert np.isnan(cached_teacher(server.url, tmp_path / "cache.db").score(PROMPTS, YES_NO)).all()
        asked = server.counts.total()
        assert np.isnan(cached_teacher(server.url, tmp_path / "cache.db").score(PROMPTS, YES_NO)).all()
        assert server.counts.total() == asked


def test_answers_are_kept_before_they_are_handed_over(tmp_path: Path) -> None:
    cached = CachedTeacher(CountingTeacher(), tmp_path / "cache.db")
    answers = cached.answers(PROMPTS, YES_NO)
    next(answers)
    assert len(cached.missing(PROMPTS, YES_NO)) == 4
    answers.close()


def test_threads_may_share_a_cache(tmp_path: Path) -> None:
    cached = CachedTeacher(CountingTeacher(), tmp_path / "cache.db")
    many = prompts(40)
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda prompt: cached.score([prompt], YES_NO)[0], many))
    np.testing.assert_allclose(np.exp(rows), [[0.25, 0.75]] * 40)
    assert cached.missing(many, YES_NO) == []


def test_cache_can_be_read_by_anybody(tmp_path: Path) -> None:
    CachedTeacher(CountingTeacher(), tmp_path / "cache.db").score(PROMPTS[:1], YES_NO)
    connection = sqlite3.connect(tmp_path / "cache.db")
    row = connection.execute("SELECT model, template, kind, prompt, choices, log_probs FROM answers").fetchone()
    connection.close()
    assert row[:3] == ("counting", "t/1", "score")
    assert "Question 0?" in row[3]
    assert row[4] == '["Yes", "No"]'
    assert [path.name for path in tmp_path.iterdir()] == ["cache.db"]


def test_file_of_another_kind_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database at all, but long enough to look at" * 20)
    with pytest.raises(CheckpointError, match="can't be read as recorded answers"):
        CachedTeacher(CountingTeacher(), tmp_path / "text")
    assert (tmp_path / "text").read_text().startswith("no database")
    connection = sqlite3.connect(tmp_path / "later.db")
    connection.execute("PRAGMA user_version = 7")
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    with pytest.raises(CheckpointError, match="format 7, but this release reads format 1"):
        CachedTeacher(CountingTeacher(), tmp_path / "later.db")


def wait_for_calls(server: ChatServer, wanted: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 60
    while server.counts.total() < wanted and process.poll() is None and time.monotonic() < until:
        time.sleep(0.002)


def test_run_that_is_killed_again_and_again_asks_each_prompt_once(tmp_path: Path) -> None:
    n, kills, in_flight = 60, 4, 3
    path = tmp_path / "cache.db"

    def slowly(body: dict[str, Any], count: int) -> Reply:
        reply = chat("Yes", [{"Yes": 0.75, "No": 0.25}])
        reply.seconds = 0.01
        return reply

    answered: dict[str, int] = {}
    with serving(slowly) as server:
        command = [sys.executable, "-m", "tests.teacher.interrupted_run", server.url, str(path), str(n)]
        for life in range(kills):
            process = subprocess.Popen(command, cwd=REPOSITORY)
            wait_for_calls(server, server.counts.total() + 7 + 3 * life, process)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
            time.sleep(0.1)  # what was in flight reaches the server
            assert {user: server.counts[user] for user in answered} == answered
            missing = {prompt.user for prompt in cached_teacher(server.url, path).missing(prompts(n), YES_NO)}
            answered = {f"Question {i}?": server.counts[f"Question {i}?"] for i in range(n)}
            answered = {user: count for user, count in answered.items() if user not in missing}
            assert len(server.counts) - len(answered) <= in_flight
        assert 0 < len(answered) < n
        scores = cached_teacher(server.url, path).score(prompts(n), YES_NO)
        assert {user: server.counts[user] for user in answered} == answered
        assert server.counts.total() <= n + kills * in_flight
        np.testing.assert_allclose(np.exp(scores), [[0.75, 0.25]] * n, rtol=1e-6)
        total = server.counts.total()
        cached_teacher(server.url, path).score(prompts(n), YES_NO)
        assert server.counts.total() == total


def test_replay_answers_what_is_recorded_and_abstains_else(tmp_path: Path) -> None:
    cached = CachedTeacher(CountingTeacher(), tmp_path / "cache.db")
    scores, texts = cached.score(PROMPTS[:3], YES_NO), cached.complete(PROMPTS[:2])
    replay = ReplayTeacher(tmp_path / "cache.db")
    assert isinstance(replay, Teacher)
    assert replay.model == "counting"
    again = replay.score(PROMPTS, YES_NO)
    np.testing.assert_array_equal(again[:3], scores)
    assert np.isnan(again[3:]).all()
    assert replay.n_missing == 2
    assert replay.complete(PROMPTS[:3]) == [*texts, None]
    assert replay.n_missing == 3


def test_replay_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    CachedTeacher(CountingTeacher(), path).score(PROMPTS[:3], YES_NO)
    content = path.read_bytes()
    path.chmod(0o444)
    ReplayTeacher(path).score(PROMPTS, YES_NO)
    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["cache.db"]


def test_replay_of_one_of_several_models(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    for model in ("qwen-1.5b", "qwen-0.5b"):
        CachedTeacher(CountingTeacher(model), path).score(PROMPTS[:1], YES_NO)
    assert np.isfinite(ReplayTeacher(path, "qwen-0.5b").score(PROMPTS[:1], YES_NO)).all()
    with pytest.raises(SettingsError, match=r"qwen-0.5b \(1 answers\), qwen-1.5b \(1 answers\); name one"):
        ReplayTeacher(path)
    with pytest.raises(SettingsError, match=r"unknown model 'qwen-1.5'. Did you mean 'qwen-1.5b'"):
        ReplayTeacher(path, "qwen-1.5")


def test_replay_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there are no recorded answers at"):
        ReplayTeacher(tmp_path / "absent.db")
    assert not (tmp_path / "absent.db").exists()
    (tmp_path / "empty.db").touch()
    with pytest.raises(CheckpointError, match="format 0, but this release reads format 1"):
        ReplayTeacher(tmp_path / "empty.db")
