"""/metrics: what is counted, by all processes together, and who may read it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from crm_server import metrics
from crm_server.access import TOKEN_VARIABLE, Readers
from crm_server.admin.main import main
from crm_server.http import create_app
from crm_server.organisations import Organisations
from crm_server.passwords import Passwords
from crm_server.people import NewUser, add_user
from crm_server.store import ServerStore
from tests.server.test_http import Client, Site, insert, push_body

Figure = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def organisations(tmp_path: Path) -> Iterator[Organisations]:
    made = Organisations(tmp_path, passwords=Passwords(memory_kib=8, passes=1))
    there = made.create("Acme", "acme")
    add_user(there.service, made.passwords, NewUser("nancy", "sesame", "rep"))
    yield made
    made.close()


@pytest.fixture
def site(organisations: Organisations, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(metrics, "KEPT_S", 0.0)
    return Site(organisations, Client(create_app(organisations)))


def figures(text: str) -> Figure:
    """All samples by name and labels, as Prometheus reads them."""
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def read(site: Site) -> Figure:
    answer = site.client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return figures(answer.text)


def moved(before: Figure, after: Figure, name: str, **labels: str) -> float:
    key = (name, tuple(sorted(labels.items())))
    return after.get(key, 0.0) - before.get(key, 0.0)


def test_requests_verdicts_and_refusals_are_counted(site: Site) -> None:
    before = read(site)
    epoch = site.sign_in().epoch
    site.post("/sync/v1/push", push_body(epoch, insert(name="A")))
    site.post("/sync/v1/push", push_body(epoch, insert(name="")))
    site.post("/sync/v1/push", b"{")
    after = read(site)
    route = {"route": "/sync/v1/push"}
    assert moved(before, after, "crm_request_seconds_count", **route, status="200") == 2
    assert moved(before, after, "crm_request_seconds_count", **route, status="400") == 1
    assert moved(before, after, "crm_changesets_total", result="applied") == 1
    assert moved(before, after, "crm_changesets_total", result="rejected") == 1
    assert moved(before, after, "crm_problems_total", code="request.malformed") == 1
    assert moved(before, after, "crm_response_bytes_total", **route) > 50


def test_the_stores_are_told_by_organisation(site: Site) -> None:
    epoch = site.sign_in().epoch
    site.post("/sync/v1/push", push_body(epoch, insert(name="A")))
    site.post("/sync/v1/park", b"left")
    told = read(site)
    acme = (("organisation", "acme"),)
    with site.organisations.open("acme").service.store.read() as tx:
        assert told[("crm_feed_seq", acme)] == tx.clock().seq
    assert told[("crm_devices", acme)] == told[("crm_devices_seen_day", acme)] == 1
    assert (told[("crm_parked", acme)], told[("crm_parked_bytes", acme)]) == (1, 4)
    assert told[("crm_database_up", ())] == 1


def test_a_store_that_does_not_answer_is_a_figure_and_no_failure(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crm_core.errors import Unavailable

    def fail(*_: object) -> None:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(ServerStore, "read", fail)
    assert read(site)[("crm_database_up", ())] == 0


def test_nobody_outside_makes_labels(site: Site) -> None:
    before = read(site)
    for n in range(5):
        site.client.get(f"/Alfreds-{n}")
    after = read(site)
    assert moved(
        before, after, "crm_request_seconds_count", route="unknown", status="404"
    ) == 5  # fmt: skip
    assert not [key for key in after if "Alfreds" in str(key)]


@pytest.mark.parametrize(
    ("readers", "headers", "code"),
    [
        (Readers(), {}, 200),
        (Readers(), {"X-Forwarded-For": "203.0.113.7"}, 401),
        (Readers(here=False), {}, 401),
        (Readers("s3cret"), {}, 401),
        (Readers("s3cret"), {"Authorization": "Bearer wrong"}, 401),
        (Readers("s3cret", here=False), {"Authorization": "Bearer s3cret"}, 200),
    ],
    ids=["here", "through a proxy", "behind a proxy", "no token", "wrong token", "token"],
)
def test_figures_are_for_this_machine_or_who_has_the_token(
    organisations: Organisations, readers: Readers, headers: dict[str, str], code: int
) -> None:
    client = Client(create_app(organisations, readers=readers))
    assert client.get("/metrics", headers=headers).status_code == code


def test_an_address_elsewhere_reads_nothing(organisations: Organisations) -> None:
    import asyncio

    async def ask() -> int:
        transport = httpx.ASGITransport(create_app(organisations), client=("192.0.2.9", 5))
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            return (await client.get("/metrics")).status_code

    assert asyncio.run(ask()) == 401


@pytest.mark.postgres
@pytest.mark.slow
def test_each_of_several_processes_tells_what_all_have_counted(
    tmp_path: Path, fresh_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--data", str(tmp_path / "server"), "--database-url", fresh_database]
    assert main([*where, "init", "--organisation", "Acme"]) == 0
    environment = {**os.environ, TOKEN_VARIABLE: "s3cret"}
    log = tmp_path / "log"
    with log.open("wb") as err, subprocess.Popen(
        [sys.executable, "-m", "crm_server", *where, "--log-format", "json", "--verbose", "serve",
         "--port", "0", "--workers", "2"], stderr=err, env=environment,
    ) as process:  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port_in(log)}"
            for _ in range(40):  # a connection each, so that both processes get some
                assert httpx.get(f"{url}/ping").status_code == 200
            answers = [
                httpx.get(f"{url}/metrics", headers={"Authorization": "Bearer s3cret"}).text
                for _ in range(4)
            ]
        finally:
            process.terminate()
            process.wait(20)
    key = ("crm_request_seconds_count", (("route", "/ping"), ("status", "200")))
    assert [figures(text)[key] for text in answers] == [40.0] * 4
    processes = set(re.findall(r'"process": (\d+), "message": "GET /ping', log.read_text()))
    assert len(processes) == 2, "both processes answered, and wrote their lines"


def port_in(log: Path) -> int:
    """The port that the system chose, from uvicorn's own line."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = re.search(r"running on http://127\.0\.0\.1:(\d+)", log.read_text())
        if found and log.read_text().count("Application startup complete") == 2:
            return int(found[1])
        time.sleep(0.1)
    raise AssertionError(log.read_text())
