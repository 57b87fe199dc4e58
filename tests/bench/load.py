"""Many devices at one server: the rate of one-edit syncs that it keeps up with, on PostgreSQL."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url, text

from crm_core.catalog import SCHEMA
from crm_core.ids import SYSTEM, RecordId
from crm_core.wire import PULL_ITEM_DECODER, End, Hello, Page, PullRequest, SignInRequest
from crm_server.demo.many import accounts
from crm_server.load import LoadRow, load
from crm_server.organisations import Organisation, Organisations, system_clock
from crm_server.passwords import Passwords
from crm_server.people import set_password
from crm_server.service import Principal
from crm_server.store import ServerStore
from tests.bench.machine import watched
from tests.bench.stage import Stage, child
from tests.bench.table import Row, Target, middle
from tests.e2e.server import ORGANISATION, PASSWORD, Server
from tests.support.postgres import Cluster, cluster

OF_RAW = Target(0.3, at_most=False)
PROCESSES = 2
DEVICES_MAX, ACCOUNTS_EACH = 200, 50
"""Each device has a user of its own, who owns so many accounts."""

TEAM_SIZE = 10
MANY = 1000
"""With fewer records it is only tried."""

RAW_WRITERS, RAW_S, RAW_TRIED_S = 8, 4.0, 0.3
RAW = "raw"
DEVICES_FILE = "devices.json"


def measure(stage: Stage, runs: int, records: int) -> list[Row]:
    """The rate at which the slowest hundredth takes half a second ÷ the rate of bare one-row
    transactions: server and database on one core, whoever asks on the other."""
    kept: list[float] = []
    raws: list[float] = []
    with watched() as load_seen, cluster_on_one_core() as postgres:
        url = postgres.create_database()
        data = stage.scratch / "load"
        devices = prepare(data, url, records)
        for _ in range(runs):
            raws.append(raw_rate(url, RAW_S if records >= MANY else RAW_TRIED_S))
            server = Server(data, url)
            try:
                server.serve("--workers", str(PROCESSES))
                made = child("load", server.url, devices, module="tests.bench.devices")
            finally:
                server.stop()
            kept.append(made["rate"])
    measured = f"{middle(kept):.0f}/s [{min(kept):.0f}–{max(kept):.0f}]"
    against = f"raw {middle(raws):.0f}/s [{min(raws):.0f}–{max(raws):.0f}]"
    ratio = middle([one / raw for one, raw in zip(kept, raws, strict=True)])
    words = "one-edit syncs, p99 within 500 ms, PostgreSQL"
    return [Row(words, measured, against, ratio, OF_RAW, load_seen.foreign)]


@contextmanager
def cluster_on_one_core() -> Iterator[Cluster]:
    """A PostgreSQL that, like all that is started within the block, has the first core alone."""
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(all_cores)})
    try:
        with cluster() as postgres:
            yield postgres
    finally:
        os.sched_setaffinity(0, all_cores)


def prepare(folder: Path, url: str, records: int) -> Path:
    """An organisation with so many accounts; the file with its devices, all up to date."""
    count = max(min(DEVICES_MAX, records // ACCOUNTS_EACH), 2)
    organisations = Organisations(folder, url, passwords=Passwords(memory_kib=1024, passes=1))
    with closing(organisations):
        organisation = organisations.create("Acme", ORGANISATION)
        users = _people(organisation, count)
        load(organisation.service, accounts(records, users), SYSTEM)
        with organisation.service.store.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
        devices = [_device(organisation, n, user) for n, (user, _) in enumerate(users)]
    file = folder / DEVICES_FILE
    file.write_text(json.dumps(devices))
    return file


def _people(organisation: Organisation, count: int) -> list[tuple[RecordId, RecordId]]:
    """So many users in teams, who all have the password of the tests."""
    service = organisation.service
    teams = [service.new_id() for _ in range(-(-count // TEAM_SIZE))]
    rows: list[LoadRow] = [("team", team, {"name": f"Team {n}"}) for n, team in enumerate(teams)]
    users = [(service.new_id(), teams[n // TEAM_SIZE]) for n in range(count)]
    rows += [
        ("user", user, {"login": login_of(n), "name": login_of(n), "role": "rep", "team": team,
                        "active": True})
        for n, (user, team) in enumerate(users)
    ]  # fmt: skip
    load(service, rows, SYSTEM)
    hashed = Passwords(memory_kib=1024, passes=1).hash(PASSWORD)
    for n, (user, _) in enumerate(users):
        set_password(service, login_of(n), user, hashed)
    return users


def login_of(number: int) -> str:
    """The login of a device's user."""
    return f"rep{number}"


def _device(organisation: Organisation, number: int, user: RecordId) -> dict[str, Any]:
    """A device after its sign-in and first sync: what it needs for further ones."""
    request = SignInRequest(
        login_of(number), PASSWORD, organisation.service.new_id(), "laptop", secrets.token_hex(32)
    )
    answer = organisation.auth.sign_in(request, "127.0.0.1")
    who = Principal(user, answer.device_id, "rep", ORGANISATION)
    made: dict[str, Any] = {
        "token": answer.access_token, "user": user, "device": answer.device_id,
        "epoch": answer.epoch, "accounts": [],
    }  # fmt: skip
    for line in organisation.service.pull(who, PullRequest(schema=SCHEMA)):
        match PULL_ITEM_DECODER.decode(line):
            case Hello(scope_gen=gen):
                made["scope_gen"] = gen
            case Page(kind="account", rows=rows):
                mine = (row for row in rows if row.body["owner"] == user)
                made["accounts"] += [[x.id, x.seq, x.body.get("phone")] for x in mine]
            case End(hi=hi, count=count):
                made |= {"cursor": hi, "count": count}
            case _:
                pass
    return made


# The yardstick


def raw_rate(url: str, seconds: float) -> float:
    """Bare transactions a second that many writers make at once: the clock's row, one record, its
    history and the changeset's name."""
    store = ServerStore(url, organisation=RAW)
    with closing(store):
        ids = _copied_tables(store)
    connections = [_connected(url) for _ in range(RAW_WRITERS)]
    ends = time.monotonic() + seconds
    done = [0] * RAW_WRITERS

    def write(number: int) -> None:
        while time.monotonic() < ends:
            some = ids[(done[number] * RAW_WRITERS + number) % len(ids)]
            _one_edit(connections[number], some, f"{number}-{done[number]}")
            done[number] += 1

    threads = [threading.Thread(target=write, args=(n,)) for n in range(RAW_WRITERS)]
    began_s = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.monotonic() - began_s
    for connection in connections:
        connection.close()
    return sum(done) / took_s


def _connected(url: str) -> psycopg.Connection:
    where = make_url(url)
    connection = psycopg.connect(
        host=str(where.query["host"]), user=where.username, dbname=where.database
    )
    connection.execute(f"SET search_path TO crm_{RAW}".encode())
    connection.commit()
    return connection


def _copied_tables(store: ServerStore) -> Sequence[str]:
    """Tables of their own with the organisation's records in them; the accounts' ids."""
    with store.engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {store.schema} CASCADE"))
    at = system_clock().isoformat()
    store.create(organisation="Raw", slug=RAW, epoch=secrets.token_hex(16), at=at)
    with store.write() as (tx, clock):
        tx.run(f"INSERT INTO record SELECT * FROM crm_{ORGANISATION}.record")
        tx.run("UPDATE clock SET seq = (SELECT max(seq) FROM record)")
        found = tx.rows("SELECT id FROM record WHERE kind = 'account' ORDER BY id")
        assert clock.seq == 0
    return [record_id for (record_id,) in found]


def _one_edit(connection: psycopg.Connection, record_id: str, cs_id: str) -> None:
    found = connection.execute("SELECT seq FROM clock FOR UPDATE").fetchone()
    assert found is not None
    seq = found[0] + 1
    connection.execute(
        "UPDATE record SET seq = %s, body = jsonb_set(body, '{phone}', to_jsonb(%s::text)), fv = %s"
        " WHERE id = %s AND kind = 'account'",
        (seq, cs_id, f'{{"*":1,"phone":{seq}}}', record_id),
    )
    connection.execute(
        "INSERT INTO history(seq,id,kind,prev_seq,cs_id,actor,device,authored_at,received_at,patch)"
        " VALUES (%s,%s,'account',%s,%s,'','','','',%s)",
        (seq, record_id, seq - 1, cs_id, f'{{"phone":[null,"{cs_id}"]}}'),
    )
    connection.execute(
        "INSERT INTO applied(cs_id,device,author,seq,received_at,result)"
        " VALUES (%s,'','',%s,'',%s)",
        (cs_id, seq, f'{{"cs_id":"{cs_id}","result":"applied","seq":{seq}}}'),
    )
    connection.execute("UPDATE clock SET seq = %s", (seq,))
    connection.commit()
