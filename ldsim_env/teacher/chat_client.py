"""One request to an OpenAI-compatible chat endpoint: retries, pauses, and errors that say what to do."""

from __future__ import annotations

import email.utils
import os
import time
import weakref
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Any

from ldsim_env.errors import SettingsError, TeacherError, missing_extra
from ldsim_env.teacher.pace import Pace
from ldsim_env.teacher.usage import Usage

if TYPE_CHECKING:
    import httpx2

WORTH_REPEATING = {408, 409, 425, 429, 500, 502, 503, 504, 529}
REQUEST_REFUSED = {400, 413, 415, 422, 501}
LONGEST_WAIT = 300.0
CONNECT_SECONDS = 10.0


class NoAnswerError(Exception):
    """There is no answer to this request: the server failed again and again."""


class RefusedError(Exception):
    """The server doesn't take this very request, whoever asks."""


class _AgainError(Exception):
    """Something went wrong that may pass; ``seconds`` is how long the server wants us to wait, if it says so."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class ChatClient:
    """Sends requests to ``{base_url}/chat/completions``; may be used by several threads.

    Args:
        base_url: For example ``http://localhost:8000/v1``.
        api_key_env: Environment variable that holds the key; without it no key is sent.
        timeout: Seconds to wait for an answer.
        attempts: How often a request is sent before it counts as unanswered.
        first_wait: Seconds before the second attempt; doubled, with some chance, before each further one.
        pace: Limits the rate.
        usage: Counts requests.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key_env: str,
        timeout: float,
        attempts: int,
        first_wait: float,
        pace: Pace,
        usage: Usage,
    ) -> None:
        self.url = f"{base_url.rstrip('/')}/chat/completions"
        self._key_env, self._key = api_key_env, os.environ.get(api_key_env, "")
        self._attempts, self._first_wait = attempts, first_wait
        self._pace, self._usage = pace, usage
        self._http = _http_client(timeout, self._key)
        weakref.finalize(self, self._http.close)  # connections stay open between requests, and no longer than this

    def send(self, body: dict[str, Any], stop: Event) -> dict[str, Any]:
        """Send a request until it is answered.

        Args:
            body: The JSON to send.
            stop: Ends all waiting when set.

        Raises:
            NoAnswerError: If no attempt was answered.
            RefusedError: If the server says that the request is wrong.
            TeacherError: If asking on is useless: wrong key, no such model, no money left.
        """
        import tenacity  # noqa: PLC0415 - an optional package

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_AgainError),
            stop=tenacity.stop_after_attempt(self._attempts) | tenacity.stop_when_event_set(stop),
            wait=self._seconds_to_wait,
            sleep=tenacity.sleep_using_event(stop),
            reraise=True,
        )
        try:
            return retrying(self._send_once, body, stop)
        except _AgainError as error:
            raise NoAnswerError(str(error)) from error

    def _seconds_to_wait(self, state: Any) -> float:
        import tenacity  # noqa: PLC0415 - see above

        error = state.outcome.exception()
        if error.seconds is not None:
            return float(error.seconds)
        doubling = tenacity.wait_exponential(multiplier=self._first_wait, max=LONGEST_WAIT)
        return float((doubling + tenacity.wait_random(0, self._first_wait))(state))

    def _send_once(self, body: dict[str, Any], stop: Event) -> dict[str, Any]:
        import httpx2  # noqa: PLC0415 - an optional package

        self._pace.wait(stop)
        start = time.perf_counter()
        try:
            response = self._http.post(self.url, json=body)
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise SettingsError(f"base_url: {self.url!r} is no address of a web server ({error}).") from error
        except httpx2.TransportError as error:
            raise _AgainError(f"{type(error).__name__}: {error}") from error
        self._usage.add_request(time.perf_counter() - start)
        return self._content(response)

    def _content(self, response: httpx2.Response) -> dict[str, Any]:
        self._check_status(response)
        try:
            content = response.json()
        except ValueError as error:
            raise _AgainError(f"the answer is not JSON: {response.text[:80]!r}") from error
        if not isinstance(content, dict) or not content.get("choices"):
            raise _AgainError(f"the answer holds no choices: {response.text[:80]!r}")
        return content

    def _check_status(self, response: httpx2.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        reason = f"{status}: {self._without_key(response.text[:300])}"
        if status in WORTH_REPEATING and "insufficient_quota" not in response.text:
            pause = _retry_after(response.headers.get("retry-after", ""))
            if pause is not None:
                self._pace.hold(pause)
            raise _AgainError(reason, pause)
        if status in REQUEST_REFUSED:
            raise RefusedError(reason)
        raise TeacherError(f"{self.url} answered {reason}\n{self._advice(status)}")

    def _advice(self, status: int) -> str:
        if status in (401, 403):
            there = "was refused" if self._key else "is not set"
            return f"The key in the environment variable {self._key_env} {there}: set it to a key for this endpoint."
        if status in (404, 405):
            return "Check the model's name and base_url; for most servers it ends in /v1."
        if status in (402, 429):
            return "The account has no money left; nothing that was answered is lost."
        return "Check base_url."

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text


def _http_client(timeout: float, key: str) -> httpx2.Client:
    try:
        import httpx2  # noqa: PLC0415 - an optional package
        import tenacity  # noqa: F401, PLC0415 - asked for here, so that its absence shows before the first request
    except ImportError as error:
        raise missing_extra("teacher", "Asking an endpoint", error) from error
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    limits = httpx2.Limits(max_connections=None)  # the caller bounds the requests
    seconds = httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS))
    return httpx2.Client(headers=headers, timeout=seconds, limits=limits)


def _retry_after(header: str) -> float | None:
    """Seconds to wait, from a number or a date; None where the header says nothing."""
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (email.utils.parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT)
