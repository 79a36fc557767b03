"""Any OpenAI-compatible chat endpoint as the teacher: vLLM, llama.cpp's server, Ollama, or a hosted one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from threading import Event
from typing import Any
from urllib.parse import urlsplit

from ldsim_env.errors import SettingsError, TeacherError
from ldsim_env.teacher.answers import FAILED, OFF_TOPIC, Answer, AnsweringTeacher, checked_choices
from ldsim_env.teacher.chat import estimated_tokens, messages
from ldsim_env.teacher.chat_client import ChatClient, NoAnswerError, RefusedError
from ldsim_env.teacher.endpoint_answers import answer_from_json, answer_from_log_probs, json_request, written_text
from ldsim_env.teacher.pace import Pace
from ldsim_env.teacher.protocol import Prompt
from ldsim_env.teacher.usage import Prices, Usage

Body = dict[str, Any]
# ways to ask for a score, the best first; an endpoint that refuses one is asked in the next
BY_LOG_PROBS: tuple[Body, ...] = (
    {"logprobs": True, "top_logprobs": 20},
    {"logprobs": True, "top_logprobs": 5},  # what some endpoints allow at most
)
BY_JSON: tuple[Body, ...] = ({"response_format": {"type": "json_object"}}, {})
TOKENS_OF_AN_ANSWER = 4
TOKENS_OF_JSON = 30
ASSUMED_SECONDS = 1.0
FAILURES_TO_GIVE_UP = 10


class EndpointTeacher(AnsweringTeacher):
    """Asks a model over HTTP, several prompts at a time.

    Scores come from the log-probabilities of the reply's first tokens where the endpoint gives them, else from an
    answer with a probability written as JSON. Which way works is found out with the first prompt, which is asked alone:
    a wrong key or address costs one request. ``usage`` counts requests, tokens and cost.

    Args:
        base_url: Address that ``/chat/completions`` is added to, for example ``http://localhost:8000/v1``.
        model: Name of the model at the endpoint.
        api_key_env: Environment variable that holds the key. The key comes from nowhere else, and is never printed;
            where the variable is not set, none is sent.
        concurrency: The most requests at a time, at least 1.
        requests_per_minute: The most requests in a minute; None for no limit.
        timeout: Seconds to wait for an answer.
        attempts: How often a request is sent before its prompt is an abstention, at least 1.
        first_wait: Seconds before the second attempt; doubled before each further one, unless the server says how long.
        log_probs: False never asks for log-probabilities.
        max_tokens: The most tokens of a text or JSON answer.
        prices: Prices of a million tokens, for the cost.
        least_mass: With less than this probability on all choices together, the answer is off-topic: an abstention.
        extra_body: More keys of each request; None as a value leaves a key out, as some models want it for
            ``temperature``.

    Raises:
        SettingsError: If a setting is out of range, or ``base_url`` is no address or carries a key.
        MissingExtraError: If the HTTP client is not installed.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key_env: str = "LDSIM_API_KEY",
        concurrency: int = 8,
        requests_per_minute: float | None = None,
        timeout: float = 120.0,
        attempts: int = 5,
        first_wait: float = 1.0,
        log_probs: bool = True,
        max_tokens: int = 512,
        prices: Prices | None = None,
        least_mass: float = 0.01,
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        _check_address(base_url)
        _check_settings(concurrency=concurrency, attempts=attempts, max_tokens=max_tokens)
        for name, value in (("timeout", timeout), ("first_wait", first_wait)):
            if not value > 0:
                raise SettingsError(f"{name}: expected seconds above 0, got {value!r}.")
        self.usage = Usage(prices or Prices())
        self._model, self._concurrency = model, concurrency
        self._max_tokens, self._least_mass = max_tokens, least_mass
        self._extra_body = dict(extra_body or {})
        self._ways = [*(BY_LOG_PROBS if log_probs else ()), *BY_JSON]
        self._settled: set[str] = set()  # the kinds of answers, "score" and "text", that came once
        self._reason = ""
        self._pace = Pace(requests_per_minute)
        self._client = ChatClient(
            base_url,
            api_key_env=api_key_env,
            timeout=timeout,
            attempts=attempts,
            first_wait=first_wait,
            pace=self._pace,
            usage=self.usage,
        )

    @property
    def model(self) -> str:
        """Name of the model at the endpoint."""
        return self._model

    def answers(self, prompts: Sequence[Prompt], choices: Sequence[str] | None) -> Iterator[tuple[int, Answer]]:
        """Ask; answers come in the order in which the endpoint gives them, see `AnsweringTeacher.answers`.

        Raises:
            TeacherError: If asking on is useless: wrong key, no such model, no server, or ten failures in a row.
        """
        wanted = None if choices is None else checked_choices(choices)
        failures = 0
        for i, answer in self._in_turn(prompts, wanted):
            failures = failures + 1 if answer.failed else 0
            if failures >= FAILURES_TO_GIVE_UP:
                raise TeacherError(
                    f"{self._client.url}: {failures} prompts in a row got no answer, the last one because of: "
                    f"{self._reason}. What was answered before is not lost where a cache is used."
                )
            yield i, answer

    def count_tokens(self, prompts: Sequence[Prompt]) -> int:
        """Tokens to read, estimated from the number of characters."""
        return sum(map(estimated_tokens, prompts))

    def cost_for(self, prompts: Sequence[Prompt], choices: Sequence[str] | None) -> float:
        """About what the prompts cost."""
        written = self._max_tokens if choices is None else TOKENS_OF_JSON
        if choices is not None and "logprobs" in self._ways[0]:
            written = _tokens_to_write(choices)
        return self.usage.prices.cost(self.count_tokens(prompts), written * len(prompts))

    def seconds_for(self, prompts: Sequence[Prompt]) -> float:
        """About how long the prompts take, from the rate limit and the requests so far (or a second for each)."""
        each = self.usage.seconds / self.usage.requests if self.usage.requests else ASSUMED_SECONDS
        return len(prompts) * max(self._pace.seconds_between, each / self._concurrency)

    def _in_turn(self, prompts: Sequence[Prompt], choices: tuple[str, ...] | None) -> Iterator[tuple[int, Answer]]:
        """The first prompt alone until the endpoint has answered one, then as many at a time as allowed."""
        stop, todo = Event(), iter(range(len(prompts)))
        while _kind(choices) not in self._settled and (i := next(todo, None)) is not None:
            yield i, self._first_answer(prompts[i], choices, stop)
        with ThreadPoolExecutor(self._concurrency) as pool:
            running: dict[Future[Answer], int] = {}
            try:
                for i in todo:
                    running[pool.submit(self._answer, prompts[i], choices, stop)] = i
                    if len(running) >= self._concurrency:
                        yield from _finished(running)
                while running:
                    yield from _finished(running)
            finally:  # also when the caller stops listening, or a request shows that asking on is useless
                stop.set()
                pool.shutdown(cancel_futures=True)

    def _first_answer(self, prompt: Prompt, choices: tuple[str, ...] | None, stop: Event) -> Answer:
        answer = self._answer(prompt, choices, stop)
        if not self.usage.requests:
            raise TeacherError(f"no server answers at {self._client.url} ({self._reason}). Check base_url.")
        if not answer.failed:
            self._settled.add(_kind(choices))
        return answer

    def _answer(self, prompt: Prompt, choices: tuple[str, ...] | None, stop: Event) -> Answer:
        try:
            if choices is None:
                text = written_text(self._ask(prompt, {"max_tokens": self._max_tokens}, stop))
                return Answer(text=text) if text else OFF_TOPIC
            return self._score(prompt, choices, stop)
        except (NoAnswerError, RefusedError) as error:
            self._reason = str(error)
            return FAILED

    def _score(self, prompt: Prompt, choices: tuple[str, ...], stop: Event) -> Answer:
        """The answer in the best way that the endpoint takes."""
        refused: RefusedError | None = None
        for way in list(self._ways):
            try:
                answer = self._score_by(way, prompt, choices, stop)
            except RefusedError as error:
                refused = error
                if "score" in self._settled:
                    raise
                continue
            if answer is not None:
                if "score" not in self._settled:
                    self._ways = self._ways[self._ways.index(way) :]
                return answer
        raise refused or RefusedError("no way to ask for a score works")

    def _score_by(self, way: Body, prompt: Prompt, choices: tuple[str, ...], stop: Event) -> Answer | None:
        """The answer, or None where log-probabilities were asked for and didn't come."""
        if "logprobs" in way:
            reply = self._ask(prompt, {**way, "max_tokens": _tokens_to_write(choices)}, stop)
            return answer_from_log_probs(reply, choices, self._least_mass)
        asking = replace(prompt, user=prompt.user + json_request(choices))
        reply = self._ask(asking, {**way, "max_tokens": self._max_tokens}, stop)
        return answer_from_json(written_text(reply), choices)

    def _ask(self, prompt: Prompt, more: Body, stop: Event) -> Body:
        body = {"model": self._model, "messages": messages(prompt), "temperature": 0, **more, **self._extra_body}
        reply = self._client.send({key: value for key, value in body.items() if value is not None}, stop)
        self.usage.add_tokens(reply.get("usage"), estimated_tokens(prompt), len(written_text(reply)) // 4 + 1)
        return reply


def _kind(choices: Sequence[str] | None) -> str:
    return "text" if choices is None else "score"


def _finished(running: dict[Future[Answer], int]) -> Iterator[tuple[int, Answer]]:
    """Wait for an answer and hand over all that are there."""
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        yield running.pop(future), future.result()


def _tokens_to_write(choices: Sequence[str]) -> int:
    """One token tells choices apart that begin differently; blanks and numbers in digits take some."""
    beginnings = {choice.strip()[:1].casefold() for choice in choices}
    return 1 if len(beginnings) == len(choices) else TOKENS_OF_AN_ANSWER


def _check_address(base_url: str) -> None:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise SettingsError(f"base_url: expected an address such as http://localhost:8000/v1, got {base_url!r}.")
    if parts.username or parts.password or parts.query:
        raise SettingsError("base_url: expected an address alone; a key belongs into an environment variable.")


def _check_settings(**counts: int) -> None:
    for name, value in counts.items():
        if value < 1:
            raise SettingsError(f"{name}: expected at least 1, got {value!r}.")
