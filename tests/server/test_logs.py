"""The server's log as JSON lines, and no customer's word in any of its forms."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from crm_core.errors import Unavailable
from crm_core.wire import SignInRequest, encode
from crm_server import logs
from crm_server.http import create_app
from crm_server.organisations import Organisations
from crm_server.passwords import Passwords
from crm_server.people import NewUser, add_user
from crm_server.service import Service
from tests.server.test_http import DEVICE, PUBLIC_KEY, Client, Site, insert, push_body

PLANTED = "Alfreds-Futterkiste"
FORMATTERS = {"text": logs.PlainLines, "json": logs.JsonLines}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    organisations = Organisations(tmp_path, passwords=Passwords(memory_kib=8, passes=1))
    there = organisations.create("Acme", "acme")
    add_user(there.service, organisations.passwords, NewUser("nancy", "sesame", "rep"))
    yield Site(organisations, Client(create_app(organisations)))
    organisations.close()


class Log:
    """What a formatter makes of everything that is logged."""

    def __init__(self, form: str) -> None:
        self._stream = io.StringIO()
        self.handler = logging.StreamHandler(self._stream)
        self.handler.setFormatter(FORMATTERS[form]())

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture(params=["text", "json"])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    made = Log(request.param)
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.INFO)
    root.addHandler(made.handler)
    yield made
    root.removeHandler(made.handler)
    root.setLevel(before)


def fails_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Service, "push_together", fail)


def a_day(site: Site) -> str:
    """A planted word in everything that a client may send; the epoch."""
    wrong = SignInRequest("nancy", PLANTED, DEVICE, "L", PUBLIC_KEY, "acme")
    site.client.post("/auth/v1/sign-in", content=encode(wrong))
    epoch = site.sign_in().epoch
    account = insert(name=PLANTED, phone=PLANTED)
    site.post("/sync/v1/push", push_body(epoch, account))
    site.post("/sync/v1/push", push_body(epoch, insert(name=PLANTED, unicorn=PLANTED)))
    site.post("/sync/v1/push", f'{{"{PLANTED}'.encode())
    site.post("/sync/v1/park", PLANTED.encode())
    site.client.get(f"/{PLANTED}?q={PLANTED}")
    site.client.get(f"/sync/v1/history/account/{account.id}?q={PLANTED}")
    return epoch


def test_no_word_of_a_customer_is_logged_on_an_ordinary_day(site: Site, log: Log) -> None:
    a_day(site)
    assert "/sync/v1/push" in log.text
    assert PLANTED not in log.text
    assert site.token not in log.text


@pytest.mark.parametrize(
    "error",
    [KeyError(PLANTED), psycopg.DataError(f"invalid input: {PLANTED}"), ValueError(PLANTED)],
    ids=["key", "postgres", "value"],
)
def test_nor_where_an_error_quotes_it(
    site: Site, log: Log, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    epoch = a_day(site)
    fails_with(monkeypatch, error)
    assert site.post("/sync/v1/push", push_body(epoch)).status_code == 500
    assert type(error).__name__ in log.text
    assert "test_logs.py" in log.text, "the place is told"
    assert PLANTED not in log.text


def test_nor_where_another_library_quotes_it(log: Log) -> None:
    loop = asyncio.new_event_loop()
    loop.call_exception_handler(
        {"message": "Task exception was never retrieved", "task": PLANTED,
         "exception": KeyError(PLANTED)}
    )  # fmt: skip
    loop.close()
    logging.getLogger("some.library").warning("cannot take %s", PLANTED)
    assert "Task exception was never retrieved" in log.text
    assert "cannot take" in log.text
    assert PLANTED not in log.text


@pytest.mark.parametrize("log", ["json"], indirect=True)
def test_a_line_says_who_asked_for_what(site: Site, log: Log) -> None:
    a_day(site)
    asked = next(x for x in log.lines() if x.get("path") == "/sync/v1/push")
    assert (asked["organisation"], asked["device"], asked["status"]) == ("acme", DEVICE, 200)
    assert asked["ms"] > 0
    assert asked["bytes"] > 0
    assert asked["at"].endswith("Z")


def test_a_database_that_does_not_answer_is_told_with_its_reason(
    site: Site, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = site.sign_in().epoch
    lost = Unavailable("The database does not answer.")
    lost.__cause__ = psycopg.OperationalError("connection to 10.0.0.7 failed: refused")
    fails_with(monkeypatch, lost)
    answer = site.post("/sync/v1/push", push_body(epoch))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "connection to 10.0.0.7 failed: refused" in log.text


def test_errors_of_postgresql_are_told_by_their_code() -> None:
    assert logs.kind_of(psycopg.errors.ReadOnlySqlTransaction(PLANTED)) == (
        "ReadOnlySqlTransaction 25006"
    )
