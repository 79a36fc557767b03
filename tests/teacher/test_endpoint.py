"""The endpoint teacher against a real server that is slow, busy, broken, closed or merely plain."""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import numpy as np
import pytest

from ldsim_env.errors import SettingsError, TeacherError
from ldsim_env.teacher.endpoint import EndpointTeacher
from ldsim_env.teacher.protocol import Prompt, Teacher
from ldsim_env.teacher.usage import Prices
from tests.teacher.chat_server import KEY, Reply, chat, serving

PROMPTS = [Prompt("You are a teacher.", f"Question {i}?", (("Is 1 < 2?", "Yes"),), "t/1") for i in range(12)]
YES_NO = ("Yes", "No")


def teacher_of(server: Any, **settings: Any) -> EndpointTeacher:
    return EndpointTeacher(server.url, "tiny", **{"first_wait": 0.01, "timeout": 5.0, **settings})


def with_log_probs(body: dict[str, Any], count: int) -> Reply:
    return chat("Yes", [{"Yes": 0.6, " yes": 0.1, "No": 0.2, "Maybe": 0.1}])


def without_log_probs(body: dict[str, Any], count: int) -> Reply:
    return chat('{"answer": "No", "probability": 0.8}')


def test_log_probabilities_of_the_choices() -> None:
    with serving(with_log_probs) as server:
        scores = teacher_of(server).score(PROMPTS[:3], YES_NO)
    np.testing.assert_allclose(np.exp(scores), [[0.7 / 0.9, 0.2 / 0.9]] * 3, rtol=1e-6)
    assert server.counts.total() == 3
    body = server.bodies[0]
    assert (body["logprobs"], body["top_logprobs"], body["max_tokens"], body["temperature"]) == (True, 20, 1, 0)
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "user"]


def test_choices_in_several_tokens_are_followed_on_the_way_that_was_written() -> None:
    tokens = [{" ": 0.9, "2": 0.1}, {"1": 0.5, "2": 0.5}, {"0": 0.75, "<end>": 0.25}]
    with serving(lambda body, count: chat(" 10", tokens)) as server:
        score = teacher_of(server).score(PROMPTS[:1], ("1", "10", "2"))[0]
    np.testing.assert_allclose(np.exp(score), [0.9 * 0.5 * 0.25, 0.9 * 0.5 * 0.75, 0.1 + 0.9 * 0.5], rtol=1e-6)
    assert server.bodies[0]["max_tokens"] == 4


def test_choice_that_is_not_listed_gets_what_is_left() -> None:
    with serving(lambda body, count: chat("Yes", [{"Yes": 0.9, "Sure": 0.06}])) as server:
        score = teacher_of(server).score(PROMPTS[:1], YES_NO)[0]
    np.testing.assert_allclose(np.exp(score), [0.9 / 0.94, 0.04 / 0.94], rtol=1e-6)


def test_json_answer_where_log_probabilities_are_missing() -> None:
    with serving(without_log_probs) as server:
        scores = teacher_of(server).score(PROMPTS, YES_NO)
    np.testing.assert_allclose(np.exp(scores), [[0.2, 0.8]] * 12)
    assert ["logprobs" in body for body in server.bodies] == [True, True] + [False] * 12  # found out once
    assert server.bodies[-1]["response_format"] == {"type": "json_object"}
    assert '"probability"' in server.bodies[-1]["messages"][-1]["content"]


def test_endpoint_that_refuses_what_it_does_not_know() -> None:
    def plain_only(body: dict[str, Any], count: int) -> Reply:
        if "logprobs" in body or "response_format" in body:
            return Reply({"error": {"message": "unknown parameter"}}, 400)
        return without_log_probs(body, count)

    with serving(plain_only) as server:
        scores = teacher_of(server).score(PROMPTS, YES_NO)
    assert np.isfinite(scores).all()
    assert server.counts.total() == 3 + 12


def test_endpoint_that_lists_five_tokens_at_most() -> None:
    def five(body: dict[str, Any], count: int) -> Reply:
        return Reply({}, 422) if body["top_logprobs"] > 5 else with_log_probs(body, count)

    with serving(five) as server:
        assert np.isfinite(teacher_of(server).score(PROMPTS[:4], YES_NO)).all()
    assert server.counts.total() == 1 + 4


def test_log_probabilities_can_be_left_out() -> None:
    with serving(without_log_probs) as server:
        teacher_of(server, log_probs=False).score(PROMPTS[:2], YES_NO)
    assert not any("logprobs" in body for body in server.bodies)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I like turtles.",
        '{"answer": "Perhaps", "probability": 0.9}',
        '{"answer": "Yes"}',
        '{"answer": "Yes", "probability": 1.5}',
        '{"answer": "Yes", "probability": true}',
        '{"answer": "Yes", "probability": 0.2}',  # contradicts itself
        '{"answer": "Yes", "probability"',
        "[1, 2]",
        "{" * 3000,
    ],
)
def test_unusable_json_is_an_abstention(text: str) -> None:
    with serving(lambda body, count: chat(text)) as server:
        scores = teacher_of(server, log_probs=False).score(PROMPTS[:2], YES_NO)
    assert np.isnan(scores).all()
    assert server.counts.total() == 2  # asking again would give the same


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"answer": "yes", "probability": "0.75"}\n```',
        'I think {of it}... {"answer": "No", "probability": 0.9} no: {"answer": "Yes.", "probability": 0.75}',
    ],
)
def test_json_among_other_words(text: str) -> None:
    with serving(lambda body, count: chat(text)) as server:
        score = teacher_of(server, log_probs=False).score(PROMPTS[:1], YES_NO)[0]
    np.testing.assert_allclose(np.exp(score), [0.75, 0.25])


def test_off_topic_first_token_is_an_abstention() -> None:
    with serving(lambda body, count: chat("The", [{"The": 0.99, "Yes": 0.001}])) as server:
        assert np.isnan(teacher_of(server).score(PROMPTS[:3], YES_NO)).all()
    assert server.counts.total() == 3


def test_busy_server_is_asked_again_after_the_pause_that_it_wants() -> None:
    def busy(body: dict[str, Any], count: int) -> Reply:
        return Reply({}, 429, {"Retry-After": "0.3"}) if count == 1 else with_log_probs(body, count)

    with serving(busy) as server:
        assert np.isfinite(teacher_of(server, concurrency=1).score(PROMPTS[:1], YES_NO)).all()
    assert server.times[1] - server.times[0] >= 0.29


def test_pause_until_a_date() -> None:
    def busy(body: dict[str, Any], count: int) -> Reply:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        return Reply({}, 503, {"Retry-After": date}) if count == 1 else with_log_probs(body, count)

    with serving(busy) as server:
        assert np.isfinite(teacher_of(server).score(PROMPTS[:1], YES_NO)).all()
    assert server.times[1] - server.times[0] >= 0.9  # a date has whole seconds


@pytest.mark.parametrize("broken", [Reply({}, 500), Reply(b"<html>busy</html>"), Reply({"choices": []}), Reply([])])
def test_server_error_is_asked_again(broken: Reply) -> None:
    with serving(lambda body, count: broken if count < 3 else with_log_probs(body, count)) as server:
        assert np.isfinite(teacher_of(server).score(PROMPTS[:5], YES_NO)).all()
    assert set(server.counts.values()) == {3}


def test_what_fails_again_and_again_is_an_abstention() -> None:
    def one_fails(body: dict[str, Any], count: int) -> Reply:
        fails = body["messages"][-1]["content"].startswith("Question 4?")
        return Reply({}, 500) if fails else with_log_probs(body, count)

    with serving(one_fails) as server:
        scores = teacher_of(server, attempts=3).score(PROMPTS, YES_NO)
    assert np.flatnonzero(np.isnan(scores).any(axis=1)).tolist() == [4]
    assert server.counts["Question 4?"] == 3


def test_slow_answer_is_asked_again() -> None:
    def slow(body: dict[str, Any], count: int) -> Reply:
        reply = with_log_probs(body, count)
        reply.seconds = 1.0 if count == 1 else 0.0
        return reply

    with serving(slow) as server:
        assert np.isfinite(teacher_of(server, timeout=0.2).score(PROMPTS[:1], YES_NO)).all()
        time.sleep(0.9)  # the first request is still open on the server
    assert server.counts.total() == 2


def test_prompt_that_is_refused_is_an_abstention_without_a_second_try() -> None:
    def refusing(body: dict[str, Any], count: int) -> Reply:
        too_long = body["messages"][-1]["content"].startswith("Question 5?")
        return Reply({"error": "too long"}, 400) if too_long else with_log_probs(body, count)

    with serving(refusing) as server:
        scores = teacher_of(server).score(PROMPTS, YES_NO)
    assert np.flatnonzero(np.isnan(scores).any(axis=1)).tolist() == [5]
    assert server.counts["Question 5?"] == 1


def test_server_that_fails_for_everybody_is_given_up() -> None:
    many = [Prompt("", f"Question {i}?") for i in range(100)]
    with serving(lambda body, count: Reply({}, 500)) as server:
        with pytest.raises(TeacherError, match=r"10 prompts in a row got no answer.*500"):
            teacher_of(server, attempts=2, first_wait=0.001).score(many, YES_NO)
        assert server.counts.total() <= 2 * 10 * 4


@pytest.mark.parametrize(("status", "message"), [(401, "was refused"), (403, "was refused")])
def test_wrong_key_is_an_error_at_once(status: int, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_KEY", KEY)
    with serving(lambda body, count: Reply({"error": f"bad key {KEY}"}, status)) as server:
        with pytest.raises(TeacherError, match=f"environment variable OTHER_KEY {message}") as caught:
            teacher_of(server, api_key_env="OTHER_KEY").score(PROMPTS, YES_NO)
        assert server.counts.total() == 1
    assert server.keys == [f"Bearer {KEY}"]
    assert KEY not in str(caught.value)


def test_missing_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LDSIM_API_KEY", raising=False)
    refusing, refused = serving(lambda body, count: Reply({}, 401)), pytest.raises(TeacherError, match="is not set")
    with refusing as server, refused:
        teacher_of(server).score(PROMPTS, YES_NO)
    assert server.keys == [None]


def test_key_that_is_refused_in_the_middle_stops_the_run() -> None:
    def revoked(body: dict[str, Any], count: int) -> Reply:
        return with_log_probs(body, count) if server.counts.total() < 5 else Reply({}, 401)

    many = [Prompt("", f"Question {i}?") for i in range(100)]
    with serving(revoked) as server:
        with pytest.raises(TeacherError, match="401"):
            teacher_of(server, concurrency=3).score(many, YES_NO)
        assert server.counts.total() <= 5 + 2 * 3


def test_no_money_left() -> None:
    reply = Reply({"error": {"code": "insufficient_quota"}}, 429)
    with serving(lambda body, count: reply) as server:
        with pytest.raises(TeacherError, match="no money left"):
            teacher_of(server).score(PROMPTS, YES_NO)
        assert server.counts.total() == 1


def test_wrong_address() -> None:
    with serving(with_log_probs) as server:
        teacher = EndpointTeacher(server.url + "/v9", "tiny")
        with pytest.raises(TeacherError, match=r"404.*\n.*for most servers it ends in /v1"):
            teacher.score(PROMPTS, YES_NO)
        url = server.url
    with pytest.raises(TeacherError, match="no server answers at"):
        EndpointTeacher(url, "tiny", attempts=2, first_wait=0.01).score(PROMPTS, YES_NO)


def test_number_of_requests_at_a_time_is_bounded() -> None:
    def slow(body: dict[str, Any], count: int) -> Reply:
        reply = with_log_probs(body, count)
        reply.seconds = 0.05
        return reply

    many = [Prompt("", f"Question {i}?") for i in range(30)]
    with serving(slow) as server:
        teacher_of(server, concurrency=3).score(many, YES_NO)
    assert server.most_open == 3


def test_rate_limit() -> None:
    with serving(with_log_probs) as server:
        teacher_of(server, requests_per_minute=1200).score(PROMPTS[:5], YES_NO)
    assert server.times[-1] - server.times[0] >= 4 * 0.05 * 0.9


def test_answers_keep_the_order_of_the_prompts() -> None:
    def uneven(body: dict[str, Any], count: int) -> Reply:
        number = int(body["messages"][-1]["content"].split()[1].rstrip("?"))
        p = 0.05 + 0.07 * number
        reply = chat("Yes", [{"Yes": p, "No": 1 - p}])
        reply.seconds = 0.01 * (number % 3)
        return reply

    with serving(uneven) as server:
        scores = teacher_of(server).score(PROMPTS, YES_NO)
    np.testing.assert_allclose(np.exp(scores[:, 0]), 0.05 + 0.07 * np.arange(12), rtol=1e-6)


def test_tokens_and_cost_are_counted() -> None:
    with serving(with_log_probs) as server:
        teacher = teacher_of(server, prices=Prices(prompt=2.0, completion=8.0))
        teacher.score(PROMPTS, YES_NO)
    assert (teacher.usage.requests, teacher.usage.prompt_tokens, teacher.usage.completion_tokens) == (12, 120, 24)
    assert teacher.usage.cost == pytest.approx((120 * 2 + 24 * 8) / 1e6)


def test_tokens_are_estimated_where_the_endpoint_reports_none() -> None:
    with serving(lambda body, count: chat("x" * 40, usage=None)) as server:
        teacher = teacher_of(server)
        assert teacher.complete([Prompt("s" * 40, "u" * 40)]) == ["x" * 40]
    assert (teacher.usage.prompt_tokens, teacher.usage.completion_tokens) == (21, 11)


def test_texts() -> None:
    def text(body: dict[str, Any], count: int) -> Reply:
        return chat("" if body["messages"][-1]["content"] == "Question 1?" else "Because.")

    with serving(text) as server:
        assert teacher_of(server, max_tokens=7).complete(PROMPTS[:3]) == ["Because.", None, "Because."]
    assert {body["max_tokens"] for body in server.bodies} == {7}


def test_scores_after_texts() -> None:
    def plain_only(body: dict[str, Any], count: int) -> Reply:
        return Reply({}, 400) if "logprobs" in body else without_log_probs(body, count)

    with serving(plain_only) as server:
        teacher = teacher_of(server)
        assert all(teacher.complete(PROMPTS[:3]))
        assert np.isfinite(teacher.score(PROMPTS, YES_NO)).all()


def test_keys_can_be_added_and_left_out() -> None:
    with serving(with_log_probs) as server:
        teacher_of(server, extra_body={"temperature": None, "seed": 5}).score(PROMPTS[:1], YES_NO)
    assert "temperature" not in server.bodies[0]
    assert server.bodies[0]["seed"] == 5


def test_estimates() -> None:
    with serving(with_log_probs) as server:
        teacher = teacher_of(server, requests_per_minute=60, prices=Prices(1e6, 1e6))
        assert teacher.seconds_for(PROMPTS) == pytest.approx(12)
        assert teacher.count_tokens([Prompt("s" * 40, "u" * 40)]) == 21
        assert teacher.cost_for([Prompt("s" * 40, "u" * 40)], YES_NO) == pytest.approx(22)
        assert server.counts.total() == 0


def test_is_a_teacher_and_its_representation_holds_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LDSIM_API_KEY", KEY)
    teacher = EndpointTeacher("http://localhost:1/v1", "tiny")
    assert isinstance(teacher, Teacher)
    assert KEY not in repr(teacher) + json.dumps(teacher.model)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_url": "localhost:8000"}, "base_url: expected an address such as"),
        ({"base_url": "http://me:key@host/v1"}, "a key belongs into an environment variable"),
        ({"base_url": "http://host/v1?key=1"}, "a key belongs into an environment variable"),
        ({"concurrency": 0}, "concurrency: expected at least 1"),
        ({"attempts": 0}, "attempts: expected at least 1"),
        ({"timeout": 0.0}, "timeout: expected seconds above 0"),
        ({"requests_per_minute": 0.0}, "requests_per_minute: expected a number above 0"),
    ],
)
def test_bad_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        EndpointTeacher(**{"base_url": "http://localhost:1/v1", "model": "tiny", **settings})


def test_bad_prices() -> None:
    with pytest.raises(SettingsError, match="prices: expected at least 0"):
        Prices(prompt=-1)
