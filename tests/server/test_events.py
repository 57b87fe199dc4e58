"""`GET /events` over a real server: who hears, how soon, how often, and when it ends."""

from __future__ import annotations

import asyncio
import queue
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
import uvicorn

from crm_core.catalog import SCHEMA
from crm_core.changes import Change, ChangeSet, Op
from crm_core.ids import ChangeSetId
from crm_core.wire import PushRequest, SignInRequest, SignInResponse, encode
from crm_server import events, hints
from crm_server.http import create_app
from crm_server.load import load
from crm_server.organisations import Organisations, random_id
from crm_server.passwords import Passwords
from crm_server.people import NewUser, add_user
from tests.e2e.processes import ended_within
from tests.e2e.server import Server
from tests.server.test_http import PUBLIC_KEY
from tests.support.postgres import Cluster

QUIET_S = 0.5
PATIENCE_S = 10.0


class Site:
    """Two organisations behind one running server, each with a nancy, and with a bob."""

    def __init__(self, organisations: Organisations, url: str, here: events.Events) -> None:
        self.organisations, self.url, self.here = organisations, url, here

    def sign_in(self, organisation: str = "acme", login: str = "nancy") -> SignInResponse:
        request = SignInRequest(login, "sesame", random_id(), "L", PUBLIC_KEY, organisation)
        answer = requests.post(f"{self.url}/auth/v1/sign-in", data=encode(request), timeout=30)
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=SignInResponse)

    def push_account(self, who: SignInResponse) -> int:
        """A new account; the seq of the answer."""
        change = Change("account", random_id(), Op.INSERT, {"name": "Alfreds"})
        request = PushRequest(who.epoch, SCHEMA, (ChangeSet(ChangeSetId(random_id()), (change,)),))
        answer = requests.post(
            f"{self.url}/sync/v1/push", data=encode(request), headers=bearer(who), timeout=30
        )
        assert '"applied"' in answer.text, answer.text
        return answer.json()["results"][0]["seq"]

    @contextmanager
    def listening(self, who: SignInResponse, since: int = 10**12) -> Iterator[Ear]:
        """A stream, once the server knows of it."""
        headers = {**bearer(who), "Last-Event-ID": str(since)}
        answer = requests.get(f"{self.url}/events", headers=headers, stream=True, timeout=30)
        ear = Ear(answer)
        try:
            yield ear
        finally:
            if answer.status_code == 200 and not ear.has_ended:
                answer.raw.shutdown()  # whoever reads holds the lock that closing waits for
            answer.close()


def bearer(who: SignInResponse) -> dict[str, str]:
    return {"Authorization": f"Bearer {who.access_token}"}


class Ear:
    """Reads a stream on a thread: the hints with the moment of each, and None for its end."""

    def __init__(self, answer: requests.Response) -> None:
        self.answer = answer
        self.heard: queue.Queue[tuple[float, int] | None] = queue.Queue()
        self.beats = 0
        self.has_ended = False
        self._opened = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        if answer.status_code == 200:
            assert self._opened.wait(PATIENCE_S)

    def _read(self) -> None:
        try:
            for line in self.answer.iter_lines(chunk_size=1):
                if line.startswith(b":"):
                    self.beats += 1
                    self._opened.set()
                elif line.startswith(b"data:"):
                    hi = msgspec.json.decode(line[5:], type=dict[str, int])["hi"]
                    self.heard.put((time.monotonic(), hi))
        except (requests.RequestException, AttributeError, ValueError):
            return  # closed by the test
        self.has_ended = True
        self.heard.put(None)

    def next(self) -> tuple[float, int] | None:
        return self.heard.get(timeout=PATIENCE_S)

    def hears_nothing(self) -> bool:
        try:
            self.heard.get(timeout=QUIET_S)
        except queue.Empty:
            return True
        return False


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    url = ""
    if request.param == "postgres":
        cluster: Cluster = request.getfixturevalue("postgres")
        url = cluster.create_database()
    organisations = Organisations(tmp_path, url, passwords=Passwords(memory_kib=8, passes=1))
    for slug in ("acme", "other"):
        there = organisations.create(slug.title(), slug)
        for login in ("nancy", "bob"):
            add_user(there.service, organisations.passwords, NewUser(login, "sesame", "rep"))
    app = create_app(organisations)
    with served(app) as where:
        yield Site(organisations, where, app.state.events)
    organisations.close()


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The application behind uvicorn, on a thread of this process."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        place.listen()
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=lambda: asyncio.run(server.serve([place])), name="served", daemon=True
        )
        thread.start()
        try:
            yield f"http://127.0.0.1:{place.getsockname()[1]}"
        finally:
            app.state.events.close()
            server.should_exit = True
            thread.join(PATIENCE_S)


def test_a_change_is_heard_of_at_once_and_only_where_it_can_be_seen(site: Site) -> None:
    nancy, bob, stranger = site.sign_in(), site.sign_in(login="bob"), site.sign_in("other")
    with (
        site.listening(nancy) as mine,
        site.listening(bob) as colleague,
        site.listening(stranger) as foreign,
    ):
        for ear in (mine, colleague, foreign):
            first = ear.next()
            assert first is not None
            assert first[1] < 10**12, "what it held is none of this server's history"
        before_s = time.monotonic()
        seq = site.push_account(nancy)
        told = mine.next()
        assert told is not None
        at_s, hi = told
        assert (hi >= seq, at_s - before_s < 1.0) == (True, True)
        assert colleague.hears_nothing()
        assert foreign.hears_nothing()


def test_a_push_is_told_without_waiting_for_the_next_look(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "POLL_S", 10 * PATIENCE_S)
    nancy = site.sign_in()
    with site.listening(nancy, since(site, "acme")) as mine:
        for _ in range(2):
            seq = site.push_account(nancy)
            told = mine.next()
            assert told is not None
            assert told[1] >= seq


def test_two_organisations_never_mix(site: Site) -> None:
    nancy, stranger = site.sign_in(), site.sign_in("other")
    product = random_id()
    with (
        site.listening(nancy, since(site, "acme")) as mine,
        site.listening(stranger, since(site, "other")) as foreign,
    ):
        there = site.organisations.open("other").service
        load(there, [("product", product, {"name": "Chai"})], stranger.user_id)
        assert foreign.next() is not None, "all of them see what is sold"
        assert mine.hears_nothing()


def since(site: Site, slug: str) -> int:
    with site.organisations.open(slug).service.store.read() as tx:
        return tx.clock().seq


def test_many_changes_are_told_once_a_second_and_none_is_forgotten(site: Site) -> None:
    nancy = site.sign_in()
    with site.listening(nancy, since(site, "acme")) as ear:
        last, heard = 0, []
        begun_s = time.monotonic()
        for _ in range(6):
            last = site.push_account(nancy)
            time.sleep(0.05)
        took_s = time.monotonic() - begun_s
        while not heard or heard[-1][1] < last:
            told = ear.next()
            assert told is not None
            heard.append(told)
        assert len(heard) <= 2 + took_s / hints.EVERY_S
        apart_s = [later - sooner for (sooner, _), (later, _) in pairwise(heard)]
        assert all(one >= hints.EVERY_S - 0.05 for one in apart_s)


def test_who_missed_something_hears_of_it_when_it_comes_back(site: Site) -> None:
    nancy, bob = site.sign_in(), site.sign_in(login="bob")
    before = since(site, "acme")
    seq = site.push_account(nancy)
    with site.listening(nancy, before) as mine, site.listening(bob, before) as colleague:
        told = mine.next()
        assert told is not None
        assert told[1] >= seq
        assert colleague.hears_nothing()


def test_a_withdrawn_device_hears_nothing_more(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "CHECK_S", 0.1)
    nancy, bob = site.sign_in(), site.sign_in(login="bob")
    with (
        site.listening(nancy, since(site, "acme")) as mine,
        site.listening(bob, since(site, "acme")) as colleague,
    ):
        with site.organisations.open("acme").service.store.note() as tx:
            tx.run("UPDATE device SET revoked_at='2026-11-22' WHERE id=?", (nancy.device_id,))
        assert mine.next() is None
        assert colleague.hears_nothing(), "and its stream goes on"
    again = requests.get(f"{site.url}/events", headers=bearer(nancy), timeout=30)
    assert (again.status_code, again.json()["error"]) == (403, "device.revoked")


def test_the_stream_ends_with_its_token(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "CHECK_S", 0.1)
    nancy = site.sign_in()
    with site.listening(nancy, since(site, "acme")) as ear:
        with site.organisations.open("acme").service.store.note() as tx:
            tx.run("UPDATE token SET expires_at='2026-01-01T00:00:00Z' WHERE use='access'")
        assert ear.next() is None


def test_a_device_that_listens_too_often_loses_its_oldest_stream(site: Site) -> None:
    nancy, here = site.sign_in(), since(site, "acme")
    with site.listening(nancy, here) as oldest:
        ears = [site.listening(nancy, here) for _ in range(hints.PER_DEVICE)]
        others = [ear.__enter__() for ear in ears]
        assert oldest.next() is None
        site.push_account(nancy)
        assert all(ear.next() is not None for ear in others)
        for ear in ears:
            ear.__exit__(None, None, None)


def test_a_user_who_listens_from_too_many_devices_is_told_to_come_later(site: Site) -> None:
    here = since(site, "acme")
    devices = [site.sign_in() for _ in range(hints.PER_USER + 1)]
    ears = [site.listening(one, here) for one in devices[:-1]]
    for ear in ears:
        ear.__enter__()
    with site.listening(devices[-1], here) as refused:
        assert refused.answer.status_code == 429
        assert refused.answer.headers["Retry-After"] == str(events.BUSY_S)
    for ear in ears:
        ear.__exit__(None, None, None)


def test_a_quiet_stream_beats(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    with site.listening(site.sign_in(), since(site, "acme")) as ear:
        deadline_s = time.monotonic() + PATIENCE_S
        while ear.beats < 4 and time.monotonic() < deadline_s:
            time.sleep(0.02)
        assert ear.beats >= 4


def test_who_hangs_up_is_forgotten_and_nobody_looks_any_more(site: Site) -> None:
    nancy = site.sign_in()
    with site.listening(nancy, since(site, "acme")):
        assert site.here._listened_to()
    deadline_s = time.monotonic() + PATIENCE_S
    while site.here._listened_to() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert not site.here._listened_to()


@pytest.mark.parametrize("pushes", [0, 300])
def test_looking_takes_a_small_part_of_a_core_however_long_a_look_takes(
    site: Site, monkeypatch: pytest.MonkeyPatch, pushes: int
) -> None:
    looks: list[float] = []
    look_in = events.Events._look_in

    def noted(self: events.Events, room: Any) -> None:
        looks.append(time.monotonic())
        look_in(self, room)
        ends_s = time.thread_time() + 0.02
        while time.thread_time() < ends_s:
            pass

    monkeypatch.setattr(events.Events, "_look_in", noted)
    with site.listening(site.sign_in(), since(site, "acme")):
        for _ in range(pushes):
            site.here.look()
            time.sleep(1.5 / pushes)
        time.sleep(0 if pushes else 1.5)
    assert 2 <= len(looks) <= 5, "each of 20 ms is followed by twenty times as long a rest"


@pytest.mark.parametrize("told", ["", "x", "-1", "9" * 40, "1²"])
def test_a_place_that_is_none_ends_nothing(site: Site, told: str) -> None:
    headers = {**bearer(site.sign_in()), "Last-Event-ID": told.encode("utf-8").decode("latin-1")}
    with requests.get(f"{site.url}/events", headers=headers, stream=True, timeout=30) as answer:
        assert answer.status_code == 200


@pytest.mark.slow
def test_a_server_that_is_asked_to_end_does_not_wait_for_those_who_listen(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    server.create()
    server.add_user("nancy", "rep", "Sales")
    server.serve()
    try:
        request = SignInRequest("nancy", "correct horse", random_id(), "L", PUBLIC_KEY, "acme")
        answer = requests.post(f"{server.url}/auth/v1/sign-in", data=encode(request), timeout=30)
        who = msgspec.json.decode(answer.content, type=SignInResponse)
        stream = requests.get(f"{server.url}/events", headers=bearer(who), stream=True, timeout=30)
        ear = Ear(stream)
        assert server.process is not None
        if sys.platform == "linux":
            open_files, most = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
            assert open_files == most or open_files >= events.FILES
        server.process.send_signal(signal.SIGTERM)
        assert ended_within(server.process, 5)
        assert server.process.returncode == 0
        while (told := ear.next()) is not None:
            assert told[1] > 0
    finally:
        server.stop()
