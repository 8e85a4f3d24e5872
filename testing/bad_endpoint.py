"""A proxy in front of a real S3 endpoint, with bad habits: slow, throttling, lying, refusing."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_PER_CONNECTION = {"connection", "content-length", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True)
class Request:
    """What a client has sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def reads_object(self) -> bool:
        """Whether this asks for the contents of an object."""
        return self.method == "GET" and "?" not in self.path


@dataclass(frozen=True)
class Answer:
    """What it gets: ``announced`` bytes are promised, which may be more than there are."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    announced: int


# Answers a request, by asking the real endpoint or by itself; with None it hangs up.
Habit = Callable[[Request, Callable[[], Answer]], "Answer | None"]


def honest(request: Request, ask: Callable[[], Answer]) -> Answer:
    """Answer as the real endpoint does."""
    del request
    return ask()


def slow(seconds: float) -> Habit:
    """Let every request wait."""

    def habit(request: Request, ask: Callable[[], Answer]) -> Answer:
        del request
        time.sleep(seconds)
        return ask()

    return habit


def refusing(status: int, code: str, *, first: int = 0, until: float = float("inf")) -> Habit:
    """Answer with an error, from the request after the ``first`` ones on, so many times."""
    numbers = itertools.count()

    def habit(request: Request, ask: Callable[[], Answer]) -> Answer:
        del request
        if not first <= next(numbers) < first + until:
            return ask()
        body = f"<Error><Code>{code}</Code><Message>said by the test</Message></Error>".encode()
        return Answer(status, (("Content-Type", "application/xml"),), body, len(body))

    return habit


def hanging_up(times: int) -> Habit:
    """Do what the first requests ask for, and hang up in place of an answer."""
    numbers = itertools.count()

    def habit(request: Request, ask: Callable[[], Answer]) -> Answer | None:
        del request
        answer = ask()
        return None if next(numbers) < times else answer

    return habit


def lying(change: Callable[[Answer], Answer], about: str) -> Habit:
    """Give other bytes than those that are stored of objects whose key has this in it."""

    def habit(request: Request, ask: Callable[[], Answer]) -> Answer:
        answer = ask()
        concerned = request.reads_object and about in request.path and answer.status == 200
        return change(answer) if concerned else answer

    return habit


def cut_off(answer: Answer) -> Answer:
    """Promise all bytes, and give half of them."""
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def shortened(answer: Answer) -> Answer:
    """Give half of the bytes as if that were all."""
    half = answer.body[: len(answer.body) // 2]
    return replace(answer, body=half, announced=len(half))


def altered(answer: Answer) -> Answer:
    """Give as many bytes, with one that is wrong."""
    middle = len(answer.body) // 2
    wrong = bytes([answer.body[middle] ^ 1])
    return replace(answer, body=answer.body[:middle] + wrong + answer.body[middle + 1 :])


class BadEndpoint:
    """The proxy; ``habit`` may be changed at any time, and ``asked`` counts the requests."""

    def __init__(self, real: str) -> None:
        self.habit: Habit = honest
        self.asked = 0
        self._real = urlsplit(real).netloc
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextlib.contextmanager
    def running(self) -> Iterator[BadEndpoint]:
        """Serve for the block."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()

    def _ask(self, request: Request) -> Answer:
        with contextlib.closing(HTTPConnection(self._real, timeout=30)) as connection:
            # With the Host that was signed.
            connection.request(request.method, request.path, request.body, request.headers)
            answer = connection.getresponse()
            body = answer.read()
        kept = [item for item in answer.getheaders() if item[0].lower() not in _PER_CONNECTION]
        announced = answer.getheader("Content-Length")
        return Answer(answer.status, tuple(kept), body, int(announced or len(body)))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Headers and body go separately, and neither shall wait.
            disable_nagle_algorithm = True

            def respond(self) -> None:
                endpoint.asked += 1
                size = int(self.headers.get("Content-Length") or 0)
                headers = {
                    name: value
                    for name, value in self.headers.items()
                    if name.lower() not in ("connection", "expect")
                }
                request = Request(self.command, self.path, headers, self.rfile.read(size))
                answer = endpoint.habit(request, lambda: endpoint._ask(request))
                with contextlib.suppress(ConnectionError):
                    self._give(answer)

            def _give(self, answer: Answer | None) -> None:
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response_only(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(answer.announced))
                self.end_headers()
                if self.command == "HEAD":
                    return
                self.wfile.write(answer.body)
                self.close_connection = len(answer.body) != answer.announced

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
            setattr(Handler, f"do_{method}", Handler.respond)
        return Handler
