"""The proxy does to requests what the stories ask of it, and nothing else."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from tests.e2e.proxy import (
    FAIL,
    LOSE_ANSWER,
    REFUSE,
    REPEAT,
    CutAnswer,
    CutRequest,
    Deed,
    Delay,
    Proxy,
    RepeatLater,
    once,
    proxy_before,
)


class Counter(ThreadingHTTPServer):
    """Counts what reached it."""

    arrived = 0

    def __init__(self, *address: Any) -> None:
        super().__init__(*address)
        self.bodies: queue.Queue[bytes] = queue.Queue()


class Echo(BaseHTTPRequestHandler):
    """Answers with what was sent."""

    server: Counter

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        self.server.arrived += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.put(body)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def echo() -> Iterator[Counter]:
    with Counter(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(echo: Counter) -> Iterator[Proxy]:
    with proxy_before(f"http://127.0.0.1:{echo.server_port}") as made:
        yield made


def post(proxy: Proxy, body: bytes = b"hello") -> bytes:
    return requests.post(f"{proxy.url}/x", body, timeout=10).content


def test_it_passes_a_request_and_its_answer_on(proxy: Proxy, echo: Counter) -> None:
    assert post(proxy) == b"hello"
    assert (echo.arrived, len(proxy.requests("/x"))) == (1, 1)


def test_it_repeats_a_request_once(proxy: Proxy, echo: Counter) -> None:
    proxy.plan = once("/x", REPEAT)
    assert post(proxy) == b"hello"
    assert (echo.arrived, len(proxy.requests("/x"))) == (2, 2)
    assert post(proxy) == b"hello"
    assert echo.arrived == 3


@pytest.mark.parametrize(
    ("deed", "arrived"), [(REFUSE, 0), (LOSE_ANSWER, 1), (CutAnswer(after_bytes=3), 1)]
)
def test_it_hangs_up(proxy: Proxy, echo: Counter, deed: Deed, arrived: int) -> None:
    proxy.plan = once("/x", deed)
    with pytest.raises(requests.RequestException):
        post(proxy)
    assert echo.arrived == arrived
    assert post(proxy) == b"hello"


def test_it_answers_as_a_server_that_failed(proxy: Proxy, echo: Counter) -> None:
    proxy.plan = once("/x", FAIL)
    assert requests.post(f"{proxy.url}/x", b"hello", timeout=10).status_code == 500
    assert echo.arrived == 0


def test_it_stands_still_until_it_may_hang_up(proxy: Proxy) -> None:
    go = threading.Event()
    proxy.plan = once("/x", CutAnswer(after_bytes=3, go=go))
    with requests.post(f"{proxy.url}/x", b"hello", stream=True, timeout=10) as answer:
        assert answer.raw.read1(3) == b"hel"
        go.set()
        with pytest.raises(requests.RequestException):
            assert answer.content


def test_it_hands_on_a_part_of_a_request(proxy: Proxy, echo: Counter) -> None:
    proxy.plan = once("/x", CutRequest(after_bytes=3))
    with pytest.raises(requests.RequestException):
        post(proxy)
    assert echo.bodies.get(timeout=10) == b"hel"


def test_it_hands_a_request_on_later(proxy: Proxy) -> None:
    proxy.plan = once("/x", Delay(seconds=0.05))
    began_s = time.monotonic()
    assert post(proxy) == b"hello"
    assert time.monotonic() - began_s >= 0.05


def test_it_repeats_a_request_after_its_answer(proxy: Proxy, echo: Counter) -> None:
    proxy.plan = once("/x", RepeatLater(after_s=0.01))
    assert post(proxy) == b"hello"
    assert [echo.bodies.get(timeout=10) for _ in range(2)] == [b"hello", b"hello"]
