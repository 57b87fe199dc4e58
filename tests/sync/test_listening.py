"""The client's side of hints: when it listens, with what, and how it comes back."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crm_core.errors import CrmError, Refused, Unavailable
from crm_desktop.sync.failures import BadAnswer, Throttled, TokenExpired, Withdrawn
from crm_desktop.sync.http import HttpClient
from crm_desktop.sync.listening import (
    FIRST_S,
    HELD_S,
    MOST_S,
    Heard,
    HttpLine,
    Listener,
    Patience,
    Ticket,
    hints_in,
)
from tests.sync import loopback

PATIENCE_S = 30.0
GOOD, BETTER = Ticket("good", 7), Ticket("better", 9)


class Played:
    """A line that is played: what each opening of the stream brings."""

    def __init__(self) -> None:
        self.opened: queue.Queue[Ticket] = queue.Queue()
        self._says: queue.Queue[int | CrmError | None] = queue.Queue()
        self.refusals: list[CrmError] = []

    @contextmanager
    def hints(self, ticket: Ticket) -> Iterator[Iterable[int]]:
        self.opened.put(ticket)
        if self.refusals:
            raise self.refusals.pop(0)
        yield self._read()

    def _read(self) -> Iterator[int]:
        while (said := self._says.get()) is not None:
            if isinstance(said, CrmError):
                raise said
            yield said

    def says(self, said: int | CrmError) -> None:
        self._says.put(said)

    def hang_up(self) -> None:
        self._says.put(None)

    def is_opened(self) -> Ticket:
        return self.opened.get(timeout=PATIENCE_S)

    def stays_closed(self, seconds: float = 0.2) -> bool:
        try:
            self.opened.get(timeout=seconds)
        except queue.Empty:
            return True
        return False


class Ear:
    """A listener on a played line, and what it has told."""

    def __init__(self, line: Played, chance: float) -> None:
        self.told: queue.Queue[Heard] = queue.Queue()
        self.listener = Listener(line, self.told.put, lambda: chance)

    def next(self) -> Heard:
        return self.told.get(timeout=PATIENCE_S)


@pytest.fixture
def line() -> Played:
    return Played()


@pytest.fixture
def ear(line: Played) -> Iterator[Ear]:
    made = Ear(line, 0.0)
    yield made
    made.listener.stop()


@pytest.fixture
def slow_ear(line: Played) -> Iterator[Ear]:
    """One that would wait for long before it opens a stream again."""
    made = Ear(line, 1.0)
    yield made
    made.listener.stop()


def test_it_says_that_the_stream_is_open_and_then_each_hint(line: Played, ear: Ear) -> None:
    ear.listener.listen(GOOD)
    assert (line.is_opened(), ear.next()) == (GOOD, Heard())
    for said in (0, 8, 9):
        line.says(said)
    assert (ear.next(), ear.next()) == (Heard(8), Heard(9))
    assert ear.listener.is_open


def test_a_stream_that_breaks_is_opened_again_from_where_the_device_is(
    line: Played, ear: Ear
) -> None:
    ear.listener.listen(GOOD)
    line.is_opened()
    ear.listener.listen(Ticket("good", 8))
    assert line.stays_closed(), "another place is no reason to open it anew"
    line.says(Unavailable("gone"))
    assert line.is_opened() == Ticket("good", 8)


def test_a_refused_token_is_shown_once(line: Played, ear: Ear) -> None:
    line.refusals = [TokenExpired("expired")]
    ear.listener.listen(GOOD)
    line.is_opened()
    assert ear.next() == Heard(turned_away=True)
    ear.listener.listen(Ticket("good", 8))
    assert line.stays_closed()
    ear.listener.listen(BETTER)
    assert line.is_opened() == BETTER


def test_a_withdrawn_device_asks_for_a_synchronisation_which_finds_out(
    line: Played, ear: Ear
) -> None:
    line.refusals = [Withdrawn("withdrawn")]
    ear.listener.listen(GOOD)
    assert ear.next() == Heard(turned_away=True)


def throttled() -> Throttled:
    failure = Throttled("busy")
    failure.retry_after_s = 60.0
    return failure


@pytest.mark.parametrize(
    "failure",
    [Refused("request.malformed", "unknown path"), throttled()],
    ids=["a server without hints", "a full server"],
)
def test_who_is_refused_comes_back_much_later(line: Played, ear: Ear, failure: CrmError) -> None:
    line.refusals = [failure]
    ear.listener.listen(GOOD)
    line.is_opened()
    assert line.stays_closed()
    assert ear.told.empty()


def test_without_a_ticket_it_hangs_up(line: Played, ear: Ear) -> None:
    ear.listener.listen(GOOD)
    line.is_opened()
    ear.listener.listen(None)
    assert line.stays_closed()
    assert not ear.listener.is_open
    ear.listener.listen(BETTER)
    assert line.is_opened() == BETTER


def test_another_network_is_a_reason_not_to_wait(line: Played, slow_ear: Ear) -> None:
    line.refusals = [Unavailable("no route")]
    slow_ear.listener.listen(GOOD)
    line.is_opened()
    assert line.stays_closed()
    slow_ear.listener.open_anew()
    assert line.is_opened() == GOOD


def test_after_the_end_nothing_is_told(line: Played, ear: Ear) -> None:
    ear.listener.listen(GOOD)
    line.is_opened()
    ear.next()
    ear.listener.stop()
    line.says(8)
    assert line.stays_closed()
    assert ear.told.empty()


def test_the_wait_doubles_with_full_jitter_and_begins_anew_behind_a_good_stream() -> None:
    patience = Patience(lambda: 1.0)
    waits = [patience.after_end(0.0) for _ in range(12)]
    assert waits[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert waits[-1] == MOST_S
    patience.note_opened(10.0)
    assert patience.after_end(10.0 + HELD_S - 1) == MOST_S, "it broke at once, as before"
    patience.note_opened(100.0)
    assert patience.after_end(100.0 + HELD_S) == FIRST_S
    assert Patience(lambda: 0.25).after_end(0.0) == FIRST_S / 4


@pytest.mark.parametrize(
    "line",
    [
        b"data:",
        b"data: {}",
        b'data: {"hi":"x"}',
        b"data: [1]",
        b'data: {"hi":1,"more":' + b"[" * 5000,
    ],
)
def test_what_is_no_hint_breaks_the_stream(line: bytes) -> None:
    with pytest.raises(BadAnswer):
        list(hints_in([line]))


def test_a_later_servers_words_are_passed_over() -> None:
    lines = [b":", b"", b"event: weather", b"id: 9", b'data: {"hi":9,"more":true}', b"retry: 5\r"]
    assert list(hints_in(lines)) == [0, 9]
    assert list(hints_in([b'data: {"hi":-4}'])) == [0]


# Over a socket


def answering(head: bytes, *pieces: bytes, then: Callable[[], object]) -> loopback.Misbehave:
    def play(connection: socket.socket, _request: bytes) -> None:
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + head + b"\r\n\r\n")
            for piece in pieces:
                connection.sendall(piece)
            then()

    return play


def test_a_hint_is_heard_before_the_stream_ends() -> None:
    done = threading.Event()
    play = answering(
        b"Content-Type: text/event-stream", b':\n\ndata: {"hi"', b':8}\n\n',
        then=lambda: done.wait(PATIENCE_S),
    )  # fmt: skip
    with loopback.server(play) as url, HttpLine(url).hints(GOOD) as said:
        hints = iter(said)
        assert (next(hints), next(hints)) == (0, 8)
        done.set()


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
def test_hanging_up_wakes_whoever_reads(tmp_path: Path, secure: bool) -> None:
    done, came, ends = threading.Event(), threading.Event(), list[str]()
    play = answering(
        b"Content-Type: text/event-stream", b":\n\n", then=lambda: done.wait(PATIENCE_S)
    )
    tls = loopback.self_signed(tmp_path) if secure else None
    trusting = ssl.create_default_context(cafile=tmp_path / "server.pem") if secure else None
    with loopback.server(play, tls) as url:
        client = HttpClient(url, context=trusting)

        def read() -> None:
            try:
                with client.events("/events", "good", 7) as lines:
                    for _ in lines:
                        came.set()
                ends.append("its end")
            except CrmError as failure:
                ends.append(type(failure).__name__)

        reader = threading.Thread(target=read)
        reader.start()
        assert came.wait(PATIENCE_S), ends
        time.sleep(0.1)  # it waits for the next line by then
        client.hang_up()
        reader.join(5)
        assert not reader.is_alive()
        done.set()
    assert ends in (["its end"], ["Unavailable"])


def test_a_sign_in_page_of_a_hotel_is_no_stream() -> None:
    play = answering(b"Content-Type: text/html", b"<html>", then=lambda: None)
    with loopback.server(play) as url, pytest.raises(BadAnswer), HttpLine(url).hints(GOOD):
        pass
