"""What a running server does once a day beside its requests."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from crm_core.errors import Unavailable
from crm_server import http, upkeep
from crm_server.http import create_app
from crm_server.organisations import Organisations
from crm_server.passwords import Passwords
from crm_server.store import ServerStore

SOON_S, PATIENCE_S = 0.01, 20.0
DAY_S = 86_400.0


class Watch:
    """Stands where collecting stands: notes where it was called, and fails where it is told to."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.failures: dict[str, Exception] = {}
        self.enough = threading.Event()
        self.wanted = 1

    def collect(self, store: ServerStore, _now: dt.datetime) -> None:
        with store.read() as tx:
            slug = tx.clock().slug
        self.calls.append(slug)
        if len(self.calls) >= self.wanted:
            self.enough.set()
        if slug in self.failures:
            raise self.failures[slug]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch()
    monkeypatch.setattr(upkeep, "collect", made.collect)
    return made


@pytest.fixture
def organisations(tmp_path: Path) -> Iterator[Organisations]:
    made = Organisations(tmp_path, passwords=Passwords(memory_kib=8, passes=1))
    for slug in ("acme", "best"):
        made.create(slug.title(), slug)
    yield made
    made.close()


def collectors() -> set[threading.Thread]:
    """Those that run: other tests' servers, kept by this process, have theirs."""
    return {one for one in threading.enumerate() if one.name == "upkeep"}


def test_a_server_collects_everywhere_a_while_after_its_start_and_then_once_a_day(
    organisations: Organisations, watch: Watch
) -> None:
    assert (upkeep.FIRST_AFTER_S, upkeep.EVERY_S) == (600.0, DAY_S)
    watch.wanted, others = 6, collectors()
    with upkeep.upkeep(organisations, first_after_s=SOON_S, every_s=SOON_S):
        assert watch.enough.wait(PATIENCE_S)
    done = len(watch.calls)
    assert watch.calls[:6] == ["acme", "best"] * 3
    assert collectors() == others
    assert len(watch.calls) == done


def test_between_two_collections_lies_the_whole_time(
    organisations: Organisations, watch: Watch
) -> None:
    watch.wanted = 2
    with upkeep.upkeep(organisations, first_after_s=SOON_S, every_s=DAY_S):
        assert watch.enough.wait(PATIENCE_S)
        watch.enough.clear()
        watch.wanted = 3
        assert not watch.enough.wait(20 * SOON_S)
    assert watch.calls == ["acme", "best"]


def test_the_application_does_so_for_as_long_as_it_runs(
    organisations: Organisations, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        http, "upkeep", lambda there: upkeep.upkeep(there, first_after_s=SOON_S, every_s=DAY_S)
    )
    watch.wanted, others = 2, collectors()
    watch.failures["acme"] = KeyError("of a kind unknown here")

    async def lived() -> int:
        app = create_app(organisations)
        way = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=way, base_url="http://test") as client,
        ):
            assert await asyncio.to_thread(watch.enough.wait, PATIENCE_S)
            return (await client.get("/ping")).status_code

    assert asyncio.run(lived()) == 200
    assert collectors() == others


@pytest.mark.parametrize(
    "failure", [Unavailable("The database does not answer."), KeyError("of a kind unknown here")]
)
def test_a_collection_that_fails_is_told_and_tried_again(
    organisations: Organisations, watch: Watch, caplog: pytest.LogCaptureFixture,
    failure: Exception,
) -> None:  # fmt: skip
    """And keeps no other organisation from its own."""
    watch.failures["acme"] = failure
    watch.wanted = 4
    with (
        caplog.at_level(logging.WARNING),
        upkeep.upkeep(organisations, first_after_s=SOON_S, every_s=SOON_S),
    ):
        assert watch.enough.wait(PATIENCE_S)
    assert watch.calls[:4] == ["acme", "best"] * 2
    told = [f"{one.getMessage()} {one.exc_text or ''}" for one in caplog.records]
    assert any("no collection in acme" in line and str(failure) in line for line in told)
    assert not [line for line in told if "best" in line]


def test_where_the_organisations_cannot_even_be_listed_the_next_day_comes(
    organisations: Organisations, watch: Watch, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    answers = iter([Unavailable("The database does not answer.")])

    def slugs() -> list[str]:
        for failure in answers:
            raise failure
        return ["best"]

    monkeypatch.setattr(organisations, "slugs", slugs)
    with upkeep.upkeep(organisations, first_after_s=SOON_S, every_s=SOON_S):
        assert watch.enough.wait(PATIENCE_S)
    assert "no collection in any organisation" in caplog.text


def test_a_file_that_is_no_store_keeps_nobody_from_it(
    organisations: Organisations, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    (organisations.folder / "aaa.sqlite").write_bytes(b"no database at all" * 100)
    watch.wanted = 2
    with upkeep.upkeep(organisations, first_after_s=SOON_S, every_s=DAY_S):
        assert watch.enough.wait(PATIENCE_S)
    assert watch.calls == ["acme", "best"]
    assert "no collection in aaa" in caplog.text
