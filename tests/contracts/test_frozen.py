"""What released versions left is understood by today's: their files open, their words are heard."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from crm_core.catalog import OLDEST_SCHEMA, SCHEMA
from crm_core.ids import DeviceId, RecordId
from crm_core.wire import (
    End,
    Hello,
    HistoryEntry,
    Mark,
    Problem,
    PushResponse,
    RefreshRequest,
    SignInResponse,
    decode,
    encode,
)
from crm_desktop.models import drafts, inbox, queries
from crm_desktop.models.backup import check
from crm_desktop.models.connection import Connection
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Identity, Store
from crm_desktop.sync.failures import FailureClass
from crm_desktop.sync.last_run import last_run_of
from crm_desktop.sync.runner import Run, Runner
from crm_desktop.sync.session import DeviceKey, decode_item
from crm_server.admin.main import main as admin
from crm_server.http import DATA_VARIABLE, DOCS_VARIABLE, URL_VARIABLE
from crm_server.migrate import migrate
from crm_server.store import ServerStore, schema_of, sqlite_url
from crm_server.tables import STORE_VERSION
from tests.contracts import frozen, record
from tests.contracts.editions import LATER, NEXT, RENAMED, TODAY, running
from tests.contracts.meaning import Differs, Names
from tests.contracts.site import LOAD, SLUG, Exchange, Line, Rows, Site
from tests.contracts.skew import Hours, Ids
from tests.simulator.company import ANN, BOB
from tests.simulator.device import InLine, send_in_line
from tests.support.postgres import Cluster

VERSIONS = frozen.versions()
READABLE = [x for x in VERSIONS if frozen.manifest_of(x).schema >= OLDEST_SCHEMA]
each_version = pytest.mark.parametrize("version", READABLE, ids=lambda x: x.name)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda x: x.name)
def test_what_a_version_left_is_as_it_was(version: Path) -> None:
    manifest = frozen.manifest_of(version)
    kept = {x.name: frozen.hash_of(x) for x in version.iterdir() if x.name != frozen.MANIFEST}
    assert kept == manifest.files


def test_there_is_a_version_and_all_are_small() -> None:
    assert VERSIONS
    assert sum(x.stat().st_size for x in frozen.FOLDER.rglob("*") if x.is_file()) < frozen.BYTES_MAX


def test_a_schema_with_a_successor_is_frozen_and_never_again(tmp_path: Path) -> None:
    assert {frozen.manifest_of(x).schema for x in VERSIONS} >= {1, *range(1, SCHEMA)}
    there = tmp_path / "schema-0001"
    there.mkdir()
    with pytest.raises(FileExistsError):
        record.freeze(there)
    assert list(there.iterdir()) == []


# Today's server hears yesterday's client


def test_the_story_that_is_frozen_leaves_out_no_word(tmp_path: Path) -> None:
    """So that a version to come is frozen as a whole: told anew, it says everything."""
    said: list[Exchange] = []
    site = Site(tmp_path / "server")
    record.opening(site)
    desk = record.day(site, tmp_path, said)
    lines = [line for x in said if x.name == "pull" for line in x.answer.splitlines()]
    types = {json.loads(line)["type"] for line in lines}
    assert types >= {"hello", "enter", "left", "gone", "page", "del", "mark", "end"}
    pushed = [decode(x.answer.encode(), PushResponse) for x in said if x.name == "push"]
    results = {one.result for answer in pushed for one in answer.results}
    assert results >= {"applied", "conflict", "rejected", "blocked", "duplicate"}
    found = dict(desk.store.write.rows("SELECT state, count(*) FROM changeset GROUP BY state"))
    assert found.keys() >= {
        "queued", "sent", "acked", "confirmed", "held", "rejected", "blocked", "orphaned"
    }  # fmt: skip
    parked = desk.outbox.parked()
    assert parked.conflict
    assert parked.quarantine
    desk.store.close()
    site.close()


def replayed(site: Site, version: Path) -> Names:
    """Say everything again; raises Differs where an answer means something else."""
    names, tokens = Names(), dict[str, str]()
    for one in frozen.exchanges_of(version):
        body = names.request(one.request).encode() if one.request else b""
        if one.name == LOAD:
            site.load(msgspec.json.decode(body, type=Rows))
            continue
        if one.name == "refresh":
            body = _signed_anew(one, names)
        status, answer = site.ask(one.method, one.path, body, tokens.get(one.who, ""))
        if status != one.status:
            raise Differs(f"{one.name}: {one.status} became {status}: {answer.decode()}")
        names.compare(one.answer, answer.decode())
        if one.name in ("sign-in", "refresh"):
            tokens[one.who] = json.loads(answer)["access_token"]
    return names


def _signed_anew(one: Exchange, names: Names) -> bytes:
    then = msgspec.json.decode(one.request, type=RefreshRequest)
    key = DeviceKey(f"{sum(then.device_id.encode()):064x}")
    token = names.tokens[then.refresh_token]
    signature = key.sign(token + then.at)
    return encode(RefreshRequest(token, then.device_id, then.at, signature))


@each_version
def test_todays_server_answers_yesterdays_requests_as_it_did(tmp_path: Path, version: Path) -> None:
    path = frozen.server_file(version, frozen.START, tmp_path)
    brought_up(path)
    site = Site(tmp_path, seed=99)
    names = replayed(site, version)
    assert len(names.seqs) > 10
    site.close()


def test_an_answer_that_means_something_else_is_noticed() -> None:
    names = Names()
    names.compare('{"seq":7,"id":"%s"}' % ("a" * 32), '{"seq":9,"id":"%s","new":1}' % ("b" * 32))
    for then, now in (
        ('{"seq":7}', '{"seq":8}'),
        ('{"result":"applied"}', '{"result":"rejected"}'),
        ('{"result":"applied"}', "{}"),
        ('{"rows":[1,2]}', '{"rows":[1]}'),
    ):
        with pytest.raises(Differs):
            names.compare(then, now)
    assert json.loads(names.request('{"base_seq":7,"x":7}')) == {"base_seq": 9, "x": 7}


def brought_up(path: Path) -> None:
    """As `crm-server migrate` does."""
    store = ServerStore(sqlite_url(path))
    migrate(store)
    store.close()


older_stores = pytest.mark.skipif(
    all(frozen.manifest_of(x).server_store == STORE_VERSION for x in VERSIONS),
    reason="no store is older than today's",
)


@older_stores
def test_an_older_store_is_not_served_before_it_was_brought_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whoever tries is told what to do: then it is served."""
    served: list[str] = []
    monkeypatch.setattr("uvicorn.run", lambda *_, port, **__: served.append(port))
    monkeypatch.setattr("crm_server.http.spare_the_collector", lambda: None)
    monkeypatch.setattr("crm_server.admin.setup.signal.signal", lambda *_: None)
    for name in (DATA_VARIABLE, URL_VARIABLE, DOCS_VARIABLE):
        monkeypatch.setenv(name, "")
    frozen.server_file(VERSIONS[0], frozen.START, tmp_path)

    def ran(*words: str) -> tuple[int, str]:
        return admin(["--data", str(tmp_path), *words]), capsys.readouterr().err

    code, told = ran("serve", "--port", "1")
    assert (code, served) == (1, [])
    assert f"version 1; this server needs {STORE_VERSION} (`migrate`)" in told
    assert ran("migrate") == (0, "")
    assert ran("serve", "--port", "1")[0] == 0
    assert served == [1]


# Today's client hears yesterday's server


@each_version
def test_todays_client_understands_yesterdays_answers(tmp_path: Path, version: Path) -> None:
    identity = Identity(BOB.id, BOB.login, DeviceId("9" * 32), SLUG, "http://test")
    store = Store.create(tmp_path / "bob.db", frozen.KEY, identity, clock=Hours(), new_id=Ids(5))
    outbox, pulls = Outbox(store), 0
    for one in frozen.exchanges_of(version):
        if one.name == "pull" and one.who == BOB.login:
            pulls += 1
            assert _received(outbox, one.answer)
    assert pulls >= 3
    store.close()


def _received(outbox: Outbox, answer: str) -> bool:
    """Take in a whole pull; whether the digests agree."""
    items = [decode_item(line) for line in answer.encode().splitlines()]
    end = items[-1]
    assert isinstance(end, End)
    for item in items:
        if isinstance(item, Hello):
            outbox.begin_pull(item)
    return outbox.finish([x for x in items if not isinstance(x, Hello | Mark | End)], end).verified


@each_version
def test_todays_client_reads_every_message_of_yesterday(version: Path) -> None:
    shapes = {
        "sign-in": SignInResponse, "refresh": SignInResponse, "push": PushResponse,
        "history": tuple[HistoryEntry, ...], "too old": Problem,
        "other epoch": Problem, "malformed": Problem,
    }  # fmt: skip
    read = Counter[str]()
    for one in frozen.exchanges_of(version):
        if one.name in shapes:
            decode(one.answer.encode(), shapes[one.name])
            read[one.name] += 1
    assert read.keys() == shapes.keys()


# Yesterday's files


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[list[Site]]:
    opened: list[Site] = []
    yield opened
    for site in opened:
        site.close()


def drain(version: Path, site: Site, folder: Path) -> Store:
    """Open the client's store with today's code and synchronise until nothing moves."""
    store, run = synchronised(version, site, folder)
    assert run.failure is None
    assert run.report.verified
    return store


def synchronised(version: Path, site: Site, folder: Path) -> tuple[Store, Run]:
    store = Store.open(
        frozen.client_file(version, folder), frozen.KEY, clock=Hours(), new_id=Ids(77)
    )
    assert check(store).is_well
    line = Line(site, ANN.login, store.identity.device, [])
    line.sign_in()
    return store, Runner(Outbox(store), line, open_stream=InLine, send=send_in_line).run()


def states(store: Store) -> dict[str, str]:
    with store.reader() as c:
        return {key.hex(): state for key, state in c.rows("SELECT id, state FROM changeset")}


def is_drained(store: Store, manifest: frozen.Manifest) -> None:
    """What was under way has arrived; what waits for its author still does; nothing is lost."""
    now = states(store)
    assert now.keys() == set(manifest.changesets)
    assert not {"queued", "sent", "acked"} & set(now.values())
    found, before = Counter(now.values()), manifest.states
    for state in ("held", "rejected", "blocked", "orphaned"):
        assert found[state] == before[state]
    parked = Outbox(store).parked()
    assert (parked.conflict, parked.orphaned) == (
        manifest.parked["conflict"], manifest.parked["orphaned"]
    )  # fmt: skip
    with store.reader() as c:
        assert {x.id: x.values for x in drafts.drafts(c)} == {
            record.MINE: {"phone": "half typ"}, "": {"title": "never sav"}
        }  # fmt: skip
        mine = queries.record(c, "account", record.MINE)
    assert mine is not None
    assert mine.values["nickname"] == "of a later version"


@each_version
def test_a_full_outbox_of_yesterday_drains(
    tmp_path: Path, version: Path, sites: list[Site]
) -> None:
    brought_up(frozen.server_file(version, frozen.END, tmp_path / "server"))
    sites.append(Site(tmp_path / "server", seed=99))
    store = drain(version, sites[0], tmp_path)
    is_drained(store, frozen.manifest_of(version))
    with store.reader() as c:
        (sent,) = c.rows("SELECT seq FROM task WHERE title = 'Was sent'")
    assert sent[0] > 0
    store.close()


@pytest.mark.parametrize(
    ("client", "server"),
    [(TODAY, NEXT), (TODAY, RENAMED), (NEXT, RENAMED), (RENAMED, RENAMED), (RENAMED, TODAY)],
)
def test_the_same_outbox_drains_between_versions_to_come(
    tmp_path: Path, client: int, server: int, sites: list[Site]
) -> None:
    version = READABLE[-1]
    brought_up(frozen.server_file(version, frozen.END, tmp_path / "server"))
    sites.append(Site(tmp_path / "server", seed=99, schema=server))
    with running(client):
        store = drain(version, sites[0], tmp_path)
        is_drained(store, frozen.manifest_of(version))
    store.close()


def test_over_http_nothing_is_merged_with_the_old_but_their_work_is_kept(
    tmp_path: Path, sites: list[Site]
) -> None:
    version = READABLE[-1]
    path = frozen.server_file(version, frozen.END, tmp_path / "server")
    brought_up(path)
    sites.append(Site(tmp_path / "server", seed=99, schema=LATER))
    store, run = synchronised(version, sites[0], tmp_path)
    assert last_run_of(run.failure) == FailureClass.OUTDATED
    assert states(store).keys() == set(frozen.manifest_of(version).changesets)
    assert run.parked.pending == frozen.manifest_of(version).parked["pending"]
    with sqlite3.connect(path) as look:
        (payload,) = look.execute("SELECT payload FROM parked ORDER BY rowid DESC").fetchone()
    look.close()
    assert b"Was sent" in payload
    assert b"Nobody saw this" in payload
    store.close()


@each_version
def test_what_was_parked_yesterday_can_be_decided_today(
    tmp_path: Path, version: Path, sites: list[Site]
) -> None:
    brought_up(frozen.server_file(version, frozen.END, tmp_path / "server"))
    sites.append(Site(tmp_path / "server", seed=99))
    store = drain(version, sites[0], tmp_path)
    for cs_id, state in states(store).items():
        if state in ("held", "rejected", "orphaned"):
            inbox.discard(store, RecordId(cs_id))  # type: ignore[arg-type]
    for cs_id, state in states(store).items():
        if state == "rejected":
            inbox.discard(store, RecordId(cs_id))  # type: ignore[arg-type]
    assert not set(states(store).values()) - {"confirmed", "discarded"}
    assert check(store).is_well
    store.close()


@pytest.mark.postgres
@each_version
def test_a_full_outbox_drains_into_yesterdays_postgresql(
    tmp_path: Path, version: Path, fresh_database: str, sites: list[Site], postgres: Cluster
) -> None:
    assert postgres.folder.exists()
    frozen.into_postgres(version, fresh_database.replace("+psycopg", ""), schema_of(SLUG))
    there = ServerStore(fresh_database, organisation=SLUG)
    migrate(there)
    there.close()
    sites.append(Site(tmp_path / "server", database_url=fresh_database, seed=99))
    store = drain(version, sites[0], tmp_path)
    is_drained(store, frozen.manifest_of(version))
    store.close()


@pytest.mark.parametrize("version", VERSIONS, ids=lambda x: x.name)
def test_pages_encrypted_by_every_version_can_be_read(tmp_path: Path, version: Path) -> None:
    path = tmp_path / "encrypted.db"
    path.write_bytes((version / frozen.CIPHER).read_bytes())
    assert b"SQLite" not in path.read_bytes()[:16]
    c = Connection(path, frozen.KEY)
    assert c.value("SELECT value FROM meta WHERE name = 'said'") == "encrypted"
    c.close()
