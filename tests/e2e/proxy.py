"""A loopback HTTP proxy that misbehaves on request: between the client and the server.

It reads each request whole, asks `plan` what to do with it, and does that:

* `PASS` hands it on · `REPEAT` hands it on twice and answers with the second answer
* `LOSE_ANSWER` hands it on, then hangs up · `REFUSE` hangs up before handing it on
* `FAIL` answers as a server that failed · `CutAnswer(n)` hangs up after n bytes of the answer, or
  stands still there until its `go` is set, and hangs up then
* `CutRequest(n)` hands on the first n bytes of the body, then hangs up on both sides
* `Delay(s)` waits, then hands it on · `RepeatLater(s)` hands it on, and once more s seconds
  later
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias
from urllib.parse import urlsplit

PIECE = 16 * 1024
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "date", "server"}
PUSH = "/sync/v1/push"
PULL = "/sync/v1/pull"


@dataclass(frozen=True, slots=True)
class Deed:
    """What the proxy does with one request."""

    name: str


@dataclass(frozen=True, slots=True)
class CutAnswer(Deed):
    """Hang up after so many bytes of the answer's body."""

    name: str = "cut"
    after_bytes: int = 0
    go: threading.Event | None = None


@dataclass(frozen=True, slots=True)
class CutRequest(Deed):
    """Hang up on server and client after so many bytes of the request's body."""

    name: str = "cut request"
    after_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Delay(Deed):
    """Hand the request on later."""

    name: str = "delay"
    seconds: float = 0.1


@dataclass(frozen=True, slots=True)
class RepeatLater(Deed):
    """Hand the request on, answer it, and hand it on once more after so long."""

    name: str = "repeat later"
    after_s: float = 0.5


PASS = Deed("pass")
REPEAT = Deed("repeat")
LOSE_ANSWER = Deed("lose answer")
REFUSE = Deed("refuse")
FAIL = Deed("fail")

Plan: TypeAlias = "Callable[[str, str], Deed]"


def always_pass(method: str, path: str) -> Deed:
    """The plan of a proxy that behaves."""
    return PASS


def once(path: str, deed: Deed) -> Plan:
    """Do `deed` to the first request for `path`, and pass everything else."""
    waiting = [deed]

    def plan(_method: str, asked: str) -> Deed:
        return waiting.pop() if waiting and asked == path else PASS

    return plan


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that came by, and what the server answered (0: it was not asked)."""

    method: str
    path: str
    body: bytes
    status: int


@dataclass
class Proxy:
    """A running proxy. Set `plan` to make it misbehave; `seen` lists what came by."""

    url: str
    upstream: str
    plan: Plan = always_pass
    seen: list[Seen] = field(default_factory=list)

    def requests(self, path: str) -> list[Seen]:
        """What came by for one path."""
        return [request for request in self.seen if request.path == path]


class HungUp(Exception):
    """The connection to the client is to end here."""


@contextmanager
def proxy_before(upstream: str) -> Iterator[Proxy]:
    """Run a proxy in front of the server at the URL `upstream`."""
    server = _Listener(("127.0.0.1", 0), _Handler)
    server.proxy = Proxy(f"http://127.0.0.1:{server.server_port}", upstream)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    proxy: Proxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A hung-up connection is what this proxy is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        deed = proxy.plan(self.command, self.path)
        if deed is REFUSE:
            proxy.seen.append(Seen(self.command, self.path, body, 0))
            raise HungUp
        if deed is FAIL:
            proxy.seen.append(Seen(self.command, self.path, body, 0))
            self.send_error(500)
            return
        if isinstance(deed, CutRequest):
            self._hand_on_a_part(body, deed.after_bytes)
            raise HungUp
        if isinstance(deed, Delay):
            time.sleep(deed.seconds)
        if isinstance(deed, RepeatLater):
            again = threading.Timer(deed.after_s, self._ask_again, (body,))
            again.daemon = True
            again.start()
        if deed is REPEAT:
            with self._asked(body) as answer:
                answer.read()
        with self._asked(body) as answer:
            if deed is LOSE_ANSWER:
                answer.read()
                raise HungUp
            self._pass_back(answer, deed if isinstance(deed, CutAnswer) else None)

    def _ask_again(self, body: bytes) -> None:
        with suppress(HungUp, OSError, http.client.HTTPException), self._asked(body) as answer:
            answer.read()

    def _hand_on_a_part(self, body: bytes, after_bytes: int) -> None:
        proxy = self.server.proxy
        proxy.seen.append(Seen(self.command, self.path, body, 0))
        with (
            suppress(OSError),
            closing(http.client.HTTPConnection(self._upstream, timeout=60)) as connection,
        ):
            connection.putrequest(self.command, self.path, skip_host=True)
            for name, value in self._headers.items():
                connection.putheader(name, value)
            connection.endheaders(body[:after_bytes])

    @property
    def _upstream(self) -> str:
        return urlsplit(self.server.proxy.upstream).netloc

    @property
    def _headers(self) -> dict[str, str]:
        return {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}

    @contextmanager
    def _asked(self, body: bytes) -> Iterator[http.client.HTTPResponse]:
        seen = self.server.proxy.seen
        with closing(http.client.HTTPConnection(self._upstream, timeout=60)) as connection:
            try:
                connection.request(self.command, self.path, body, self._headers)
                answer = connection.getresponse()
            except OSError as error:
                seen.append(Seen(self.command, self.path, body, 0))
                raise HungUp from error
            seen.append(Seen(self.command, self.path, body, answer.status))
            with answer:
                yield answer

    def _pass_back(self, answer: http.client.HTTPResponse, cut: CutAnswer | None) -> None:
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        left = cut.after_bytes if cut is not None else None
        while piece := answer.read1(PIECE):
            if left is not None:
                piece, left = piece[:left], left - len(piece)
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" if piece else b"")
            if cut is not None and left is not None and left <= 0:
                if cut.go is not None:
                    cut.go.wait()
                raise HungUp
        self.wfile.write(b"0\r\n\r\n")
