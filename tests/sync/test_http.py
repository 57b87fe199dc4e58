"""HTTP as the world does it: truncated, late, forged, compressed, wrong."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import pytest
import zstandard

from crm_core.errors import CrmError, NotAllowed, Refused, SignedOut, Unavailable, UserProblem
from crm_desktop.sync.failures import (
    BadAnswer,
    ServerFailed,
    Throttled,
    TokenExpired,
    TooLargeOnTheWay,
    Withdrawn,
)
from crm_desktop.sync.http import HttpClient, TimeOuts
from tests.sync.loopback import answer, chunks, self_signed, server

QUICK = TimeOuts(connect_s=2.0, silence_s=0.3, first_answer_s=0.3)


@contextlib.contextmanager
def talking_to(sent: bytes) -> Generator[HttpClient]:
    """A client of a server that sends exactly this and closes."""
    with server(lambda connection, _: connection.sendall(sent)) as address:
        client = HttpClient(address, time_outs=QUICK)
        try:
            yield client
        finally:
            client.close()


def failure_of(sent: bytes) -> CrmError:
    with talking_to(sent) as client, pytest.raises(CrmError) as caught:
        client.post("/sync/v1/push", b"{}")
    return caught.value


def test_a_body_goes_out_compressed_and_comes_back_unpacked() -> None:
    seen: list[bytes] = []

    def echo(connection: socket.socket, request: bytes) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        seen.append(head)
        connection.sendall(answer(200, body, "Content-Encoding: zstd"))

    body = b'{"x":"' + b"y" * 5000 + b'"}'
    with server(echo) as address:
        assert HttpClient(address).post("/p", body, "secret") == body
    assert b"Content-Encoding: zstd" in seen[0]
    assert b"Authorization: Bearer secret" in seen[0]


@pytest.mark.parametrize(
    ("status", "problem", "error"),
    [
        (401, b'{"error":"auth.required"}', TokenExpired),
        (401, b'{"error":"device.clone"}', SignedOut),
        (401, b'{"error":"auth.wrong"}', NotAllowed),
        (403, b'{"error":"device.revoked"}', Withdrawn),
        (403, b'{"error":"auth.disabled"}', NotAllowed),
        (409, b'{"error":"request.epoch"}', Refused),
        (413, b'{"error":"request.too_large"}', Refused),
        (426, b'{"error":"request.too_old"}', Refused),
        (429, b'{"error":"server.busy"}', Throttled),
        (503, b'{"error":"server.busy"}', Throttled),
        (500, b'{"error":"server.failed"}', ServerFailed),
        (502, b"<html>Bad gateway</html>", ServerFailed),
        (404, b"<html>not here</html>", BadAnswer),
        (413, b"<html>Request Entity Too Large</html>", TooLargeOnTheWay),
        (403, b"<html>the hotel's own page</html>", BadAnswer),
        (401, b"", BadAnswer),
        (302, b"", BadAnswer),
    ],
)
def test_every_answer_has_its_class(status: int, problem: bytes, error: type[CrmError]) -> None:
    assert type(failure_of(answer(status, problem))) is error


def test_retry_after_is_read() -> None:
    busy = failure_of(answer(429, b'{"error":"server.busy"}', "Retry-After: 17"))
    assert isinstance(busy, Throttled)
    assert busy.retry_after_s == 17


@pytest.mark.parametrize(
    "sent",
    [
        answer(200, b'{"a":', length=900),
        chunks(b'{"a":', ended=False),
        b"",
    ],
)
def test_a_server_gone_in_the_middle_is_called_that(sent: bytes) -> None:
    failure = failure_of(sent)
    assert type(failure) is Unavailable
    assert "gone in the middle" in str(failure)


def test_a_broken_stream_gives_its_whole_lines_first() -> None:
    sent = chunks(b'{"one"', b':1}\n{"two":2}\n{"thr', ended=False)
    got: list[bytes] = []
    with (
        talking_to(sent) as client,
        client.lines("/sync/v1/pull", b"{}") as lines,
        pytest.raises(Unavailable, match="gone in the middle"),
    ):
        got.extend(lines)
    assert got == [b'{"one":1}', b'{"two":2}']


@pytest.mark.parametrize(
    ("sent", "whole"),
    [
        (answer(200, b'{"one":1}\n'), True),
        (answer(200, b'{"one":1}\n' * 2000), False),
        (answer(200, zstandard.compress(b'{"one":1}\n'), "Content-Encoding: zstd"), False),
        (chunks(b'{"one":1}\n'), False),
    ],
)
def test_only_a_short_plain_answer_of_known_length_is_read_at_once(
    sent: bytes, whole: bool
) -> None:
    with talking_to(sent) as client, client.lines("/sync/v1/pull", b"{}") as lines:
        assert isinstance(lines, Sequence) == whole
        assert set(lines) == {b'{"one":1}'}


def test_a_compressed_stream_cut_off_is_noticed() -> None:
    packed = zstandard.compress(b'{"one":1}\n' + bytes(range(256)) * 400)
    sent = answer(200, packed[:-60], "Content-Encoding: zstd", length=len(packed))
    with (
        talking_to(sent) as client,
        client.lines("/p", b"{}") as lines,
        pytest.raises(Unavailable),
    ):
        list(lines)


def test_a_silent_server_is_given_up() -> None:
    def silent(connection: socket.socket, _request: bytes) -> None:
        connection.recv(1)

    with server(silent) as address:
        client = HttpClient(address, time_outs=QUICK)
        client.expect_answer()
        with pytest.raises(Unavailable, match="does not answer"):
            client.get("/ping")
        with pytest.raises(Unavailable, match="does not answer"):
            client.get("/ping")


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "zstd"])
def test_an_answer_that_only_drips_is_given_up(packed: bool) -> None:
    def drip(connection: socket.socket, _request: bytes) -> None:
        coding = ("Content-Encoding: zstd",) if packed else ()
        body = zstandard.compress(b"{" + bytes(5000)) if packed else b"{" * 5000
        connection.sendall(answer(200, b"", *coding, length=len(body) + 5000))
        for n in range(5000):
            connection.sendall(body[n : n + 1] or b"x")
            time.sleep(0.05)

    patience = TimeOuts(connect_s=2.0, silence_s=2.0, first_answer_s=2.0, progress_s=0.4)
    asks: list[Callable[[HttpClient], object]] = [lambda x: x.post("/push", b"{}"), _all_lines]
    for ask in asks:
        with server(drip) as url, contextlib.closing(HttpClient(url, time_outs=patience)) as client:
            began = time.monotonic()
            with pytest.raises(Unavailable, match="gone in the middle"):
                ask(client)
            assert time.monotonic() - began < 2.0


def _all_lines(client: HttpClient) -> None:
    with client.lines("/pull", b"{}") as lines:
        list(lines)


def test_a_stream_goes_on_for_as_long_as_its_lines_come() -> None:
    def slow(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(answer(200, b"", length=12))
        for _ in range(6):
            time.sleep(0.15)
            connection.sendall(b"x\n")

    patience = TimeOuts(connect_s=2.0, silence_s=2.0, first_answer_s=2.0, progress_s=0.4)
    with (
        server(slow) as url,
        contextlib.closing(HttpClient(url, time_outs=patience)) as client,
        client.lines("/pull", b"{}") as lines,
    ):
        assert list(lines) == [b"x"] * 6


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    tls = self_signed(tmp_path)
    with (
        server(lambda connection, _: connection.sendall(answer(200)), tls) as address,
        pytest.raises(Unavailable, match="certificate"),
    ):
        HttpClient(address).get("/ping")


def test_tls_to_a_plain_server_has_its_sentence() -> None:
    with (
        server(lambda connection, _: connection.sendall(answer(200))) as address,
        pytest.raises(Unavailable, match="TLS"),
    ):
        HttpClient(address.replace("http:", "https:"), time_outs=QUICK).get("/ping")


def test_nobody_listening_has_its_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable, match="No server listens"):
        HttpClient(f"http://127.0.0.1:{port}").get("/ping")


def test_an_unknown_name_has_its_sentence() -> None:
    with pytest.raises(Unavailable, match="no server named"):
        HttpClient("http://no-such-host.invalid").get("/ping")


@pytest.mark.parametrize("address", ["", "crm.example.com", "ftp://x", "https://"])
def test_what_is_no_address_is_said_to_be_none(address: str) -> None:
    with pytest.raises(UserProblem, match="not a server's address"):
        HttpClient(address)


def test_a_compression_bomb_does_not_get_far() -> None:
    bomb = zstandard.compress(bytes(200 * 1024 * 1024))
    assert len(bomb) < 100_000
    failure = failure_of(answer(200, bomb, "Content-Encoding: zstd"))
    assert isinstance(failure, BadAnswer)


def test_rubbish_instead_of_a_frame_is_a_bad_answer() -> None:
    assert isinstance(failure_of(answer(200, b"rubbish", "Content-Encoding: zstd")), BadAnswer)


def test_a_run_behind_one_that_failed_asks_anew_for_the_proxy_of_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can answer there
        client = HttpClient("http://crm.invalid")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{taken.getsockname()[1]}")
        client.expect_answer()
        with pytest.raises(Unavailable, match=r"The proxy|No server listens"):
            client.get("/ping")
        monkeypatch.setenv("no_proxy", "crm.invalid")
        client.expect_answer()
        with pytest.raises(Unavailable, match="no server named"):
            client.get("/ping")


def test_a_netrc_does_not_replace_our_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login eve password eve\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    seen: list[bytes] = []

    def keep(connection: socket.socket, request: bytes) -> None:
        seen.append(request)
        connection.sendall(answer(200, b"{}"))

    with server(keep) as address:
        client = HttpClient(address)
        client.get("/ping", "ours")
        client.get("/ping")
    assert b"Bearer ours" in seen[0]
    assert b"Authorization" not in seen[1]


SMALL, LARGE = b'{"a":1}', bytes(range(256)) * 4096


def test_a_small_request_leaves_in_one_piece_and_a_large_body_behind_its_head(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[bytes] = []
    monkeypatch.setattr(zstandard.ZstdCompressor, "compress", lambda _, body: body)
    send = http.client.HTTPConnection.send

    def noted(connection: http.client.HTTPConnection, data: bytes) -> None:
        sent.append(data)
        send(connection, data)

    monkeypatch.setattr(http.client.HTTPConnection, "send", noted)
    with talking_to(answer(200, b"{}")) as client:
        assert client.post("/x", SMALL, "token") == b"{}"
        (small,) = sent
        assert small.startswith(b"POST /x")
        assert small.endswith(b"\r\n\r\n" + SMALL)
        sent.clear()
        assert client.post("/x", LARGE, "token") == b"{}"
        head, body = sent
        assert (head[:7], body) == (b"POST /x", LARGE)
