"""A chat endpoint on this machine that does what a test tells it to, and writes down what it was asked."""

import json
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "secret-key-of-the-test"


@dataclass
class Reply:
    """What the server sends; ``body`` may be bytes that are no JSON."""

    body: dict[str, Any] | bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


Behaviour = Callable[[dict[str, Any], int], Reply]
"""Gives the reply to a request body; the number says how often the same prompt was asked, from 1."""


class ChatServer:
    """Counts requests by prompt, and how many were open at a time."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.times: list[float] = []
        self.counts: Counter[str] = Counter()
        self.open = self.most_open = 0
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/v1"

    def answer(self, body: dict[str, Any], key: str | None, path: str) -> Reply:
        user = body["messages"][-1]["content"].split("\n\nReply with one JSON")[0]
        with self.lock:
            self.bodies.append(body)
            self.keys.append(key)
            self.times.append(time.monotonic())
            self.counts[user] += 1
            count = self.counts[user]
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        try:
            reply = self.behaviour(body, count) if path == "/v1/chat/completions" else Reply({}, 404)
            time.sleep(reply.seconds)
            return reply
        finally:
            with self.lock:
                self.open -= 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                reply = server.answer(body, self.headers.get("Authorization"), self.path)
                content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                try:
                    self.send_response(reply.status)
                    for name, value in {**reply.headers, "Content-Length": str(len(content))}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(content)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # the client gave up or was killed

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionResetError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[ChatServer]:
    server = ChatServer(behaviour)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()


def chat(text: str, tokens: list[dict[str, float]] | None = None, usage: tuple[int, int] | None = (10, 2)) -> Reply:
    """An ordinary reply: a text, and for each of its tokens the probabilities of what might stand there.

    The first token of each dictionary is the one that was written.
    """
    choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    if tokens is not None:
        choice["logprobs"] = {"content": [_token(alternatives) for alternatives in tokens]}
    body: dict[str, Any] = {"choices": [choice]}
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return Reply(body)


def _token(alternatives: dict[str, float]) -> dict[str, Any]:
    listed = [{"token": token, "logprob": math.log(p)} for token, p in alternatives.items()]
    return {**listed[0], "top_logprobs": listed}
