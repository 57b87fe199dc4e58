"""Freezes what the present version says and stores, for every later one to understand.

    python -m tests.contracts.record

A folder that is there already is never written again: what a released version left cannot change.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from sqlalchemy import LargeBinary, create_engine, insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from crm_core.catalog import SCHEMA
from crm_core.changes import Change, Op
from crm_core.errors import CrmError
from crm_core.fields import Value
from crm_core.ids import DeviceId, RecordId
from crm_core.wire import End, Hello, Mark, PullRequest, PushRequest
from crm_desktop.models import created, drafts, journal
from crm_desktop.models.connection import Connection
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Identity, Store
from crm_desktop.sync.runner import Runner
from crm_server.load import load
from crm_server.people import set_password
from crm_server.store import ServerStore
from crm_server.tables import STORE_VERSION, metadata
from tests.contracts import frozen
from tests.contracts.site import LOAD, PASSWORD, SLUG, Exchange, Line, Rows, Site
from tests.contracts.skew import Hours, Ids
from tests.simulator.company import ACCOUNTS, ANN, BOB, CAT, LEA, Person, fixed_id, rows
from tests.simulator.device import InLine, send_in_line
from tests.support.postgres import cluster

MINE, OURS, LEAVING = ACCOUNTS[:3]
DEVICES = {ANN: fixed_id(801), LEA: fixed_id(802), BOB: fixed_id(803)}


class Desk:
    """A person with a store and a line to the server."""

    def __init__(self, site: Site, person: Person, folder: Path, said: list[Exchange]) -> None:
        device = DEVICES[person]
        self.line = Line(site, person.login, device, said)
        self.line.sign_in()
        identity = Identity(person.id, person.login, DeviceId(device), SLUG, "http://test")
        ids = Ids(sum(person.login.encode()))
        path = folder / f"{person.login}.db"
        self.store = Store.create(path, frozen.KEY, identity, clock=Hours(), new_id=ids)
        self.outbox = Outbox(self.store)

    def sync(self) -> None:
        run = Runner(self.outbox, self.line, open_stream=InLine, send=send_in_line).run()
        assert run.failure is None, run.failure

    def pull(self) -> None:
        """Only fetch."""
        state = self.outbox.state()
        request = PullRequest(state.epoch, SCHEMA, state.scope_gen, state.cursor)
        with self.line.pull(request) as items:
            *content, end = [x for x in items if not isinstance(x, Mark)]
            assert isinstance(end, End)
            for item in content:
                if isinstance(item, Hello):
                    self.outbox.begin_pull(item)
            self.outbox.finish([x for x in content if not isinstance(x, Hello)], end)

    def push(self) -> PushRequest:
        """Only send, as far as the answer."""
        request = PushRequest(self.outbox.state().epoch, SCHEMA, self.outbox.take_outbox(9, 99999))
        self.outbox.settle(self.line.push(request))
        return request

    def commit(self, *changes: Change, atomic: bool = False) -> Any:
        return journal.commit(self.store, changes, label="Work", atomic=atomic).changesets[0]

    def add(self, kind: str, **values: Value) -> RecordId:
        made = self.store.new_id()
        self.commit(Change(kind, made, Op.INSERT, values))
        return made

    def put(self, kind: str, record_id: RecordId, **values: Value) -> Any:
        return self.commit(Change(kind, record_id, Op.SET, values))


def opening(site: Site) -> None:
    """The company on its first morning."""
    service = site.create().service
    load(service, rows(), LEA.id)
    for person in DEVICES:
        hashed = site.passwords.hash(PASSWORD)
        set_password(service, person.login, person.id, hashed)


def day(site: Site, folder: Path, said: list[Exchange]) -> Desk:
    """Everything that two people and a server say to each other; ann's desk, its outbox full."""
    ann, lea, bob = (Desk(site, person, folder, said) for person in DEVICES)
    for desk in (ann, lea, bob):
        desk.sync()
    ann.add("task", title="Ring back", account=MINE, assignee=ANN.id)
    contact = ann.add("contact", full_name="Lin Yi")
    ann.add("account_contact", account=MINE, contact=contact, role="buyer")
    ann.commit(Change("account", MINE, Op.ADD, {"tags": ["fresh"]}))
    ann.put("account", MINE, description="First line.\nNew second line.\nThird line.\n")
    ann.sync()
    _conflict(ann, lea)
    _refusals(ann)
    _more_words(site, said, ann, bob)
    _leave(site, said, ann, lea, bob)
    _full_outbox(ann)
    return ann


def _conflict(ann: Desk, lea: Desk) -> None:
    lea.pull()
    lea.put("account", MINE, name="Lea's name", phone="1")
    lea.put("account", OURS, name="Lea's other name")
    lea.sync()
    ann.put("account", MINE, name="Ann's name")
    ann.put("account", OURS, name="Ann's other name")
    ann.sync()
    lea.pull()
    found = lea.store.write.rows("SELECT id, record FROM conflict WHERE deleted = 0")
    for key, record in found:
        if record.endswith(OURS):
            journal.resolve(lea.store, RecordId(key.hex()), "Both names")
    lea.sync()
    ann.sync()


def _refusals(ann: Desk) -> None:
    ann.put("account", MINE, owner=BOB.id)
    plan = ann.add("plan", title="Growth", account=MINE)
    ann.add("plan_objective", plan=plan, text="More")
    ann.put("account", OURS, owner=BOB.id, website="https://example.com")
    aside = ann.put("account", MINE, territory=fixed_id(3))
    ann.sync()
    journal.set_aside(ann.store, aside)


def _load(site: Site, said: list[Exchange], moved: Rows) -> None:
    said.append(Exchange(LOAD, "IT", "", "", msgspec.json.encode(moved).decode(), 0, ""))
    site.load(moved)


def _more_words(site: Site, said: list[Exchange], ann: Desk, bob: Desk) -> None:
    """What is said more rarely."""
    ann.line.ask("ping", "GET", "/ping")
    ann.line.ask("history", "GET", f"/sync/v1/history/account/{MINE}")
    ann.line.ask("park", "POST", "/sync/v1/park", ann.outbox.unsent())
    ann.line.ask("sealed key", "POST", "/sync/v1/sealed-key", b'{"database_key":"00"}')
    ann.line.refresh()
    for name, path, body in (
        ("too old", "/sync/v1/pull", b'{"schema":0}'),
        ("other epoch", "/sync/v1/push", b'{"epoch":"x","schema":1,"changesets":[]}'),
        ("malformed", "/sync/v1/push", b'{"epoch":1}'),
    ):
        with suppress(CrmError):
            ann.line.ask(name, "POST", path, body)
    _load(site, said, [
        ("account", MINE, {"nickname": "of a later version"}),
        ("account", OURS, {"industry": {"no": "text"}}),
    ])  # fmt: skip
    bob.sync()


def _leave(site: Site, said: list[Exchange], ann: Desk, lea: Desk, bob: Desk) -> None:
    ann.sync()
    ann.put("account", LEAVING, name="Nobody saw this")
    lea.sync()
    lea.put("account", LEAVING, owner=CAT.id)
    lea.commit(Change("task", fixed_id(204), Op.DELETE))
    lea.commit(Change("task", fixed_id(284), Op.DELETE))
    lea.commit(Change("account", ACCOUNTS[3], Op.SET, {"owner": ANN.id}))
    lea.sync()
    _load(site, said, [("address", fixed_id(n), {"account": LEAVING}) for n in (222, 282)])
    ann.pull()
    bob.sync()
    bob.line.ask("sign-out", "POST", "/auth/v1/sign-out")


def _full_outbox(ann: Desk) -> None:
    ann.put("account", OURS, phone="2")
    request = ann.push()
    ann.line.push(request)
    ann.add("task", title="Was sent", account=OURS, assignee=ANN.id)
    ann.outbox.take_outbox(9, 99999)
    ann.put("account", OURS, website="https://example.org")
    ann.commit(
        Change("contact", ann.store.new_id(), Op.INSERT, {"full_name": "Waits"}), atomic=True
    )
    drafts.save(ann.store, "account", MINE, {"phone": "half typ"})
    drafts.save(ann.store, "task", "", {"title": "never sav"})


# Files


def _copy_of(store: ServerStore, out: Path) -> bytes:
    with (
        sqlite3.connect(store.url.removeprefix("sqlite:///")) as source,
        sqlite3.connect(out) as to,
    ):
        source.backup(to)
        to.execute("PRAGMA journal_mode=DELETE")
        to.execute("VACUUM")
    source.close()
    to.close()
    return out.read_bytes()


def _as_postgres(server: Path) -> bytes:
    """The same organisation, from a PostgreSQL that has really held it."""
    source = create_engine(f"sqlite:///{server}")
    dialect = postgresql.dialect()
    ddl = [
        str(made(one).compile(dialect=dialect))
        for table in metadata.sorted_tables
        for made, one in [(CreateTable, table), *((CreateIndex, x) for x in sorted(
            table.indexes, key=lambda index: str(index.name)))]
    ]  # fmt: skip
    held: dict[str, list[list[Any]]] = {}
    with cluster() as postgres:
        url = postgres.create_database()
        store = ServerStore(url, organisation=SLUG)
        store.create_tables()
        with source.connect() as old, store.engine.begin() as new:
            placed = new.execution_options(schema_translate_map={None: store.schema})
            for table in metadata.sorted_tables:
                for row in old.execute(select(table)).mappings().all():
                    values = dict(row)
                    if table.name == "record":
                        values["body"] = msgspec.json.decode(values["body"])
                    placed.execute(insert(table).values(values))
        store.close()
        with psycopg.connect(url.replace("+psycopg", "")) as there:
            there.execute(f'SET search_path TO "{store.schema}"'.encode())
            for table in metadata.sorted_tables:
                listed = ", ".join(
                    f'"{x.name}"::text' if x.name == "body" else f'"{x.name}"'
                    for x in table.columns
                )
                found = there.execute(f'SELECT {listed} FROM "{table.name}"'.encode()).fetchall()
                held[f"{table.name}"] = [
                    [x.hex() if isinstance(x, bytes | memoryview) else x for x in row]
                    for row in sorted(found, key=repr)
                ]
    source.dispose()
    tables = frozen.PostgresTables(
        tuple(ddl),
        {f"{x.name}": tuple(f"{y.name}" for y in x.columns) for x in metadata.sorted_tables},
        {
            f"{x.name}": tuple(f"{y.name}" for y in x.columns if isinstance(y.type, LargeBinary))
            for x in metadata.sorted_tables
        },
        held,
    )
    return msgspec.json.encode(tables)


def _encrypted(out: Path) -> bytes:
    """A few pages as this version encrypts them."""
    made = Connection(out, frozen.KEY)
    made.run("CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")
    made.run("INSERT INTO meta VALUES ('said', 'encrypted')")
    made.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    made.rows("PRAGMA journal_mode=DELETE")
    made.close()
    return out.read_bytes()


def made_in(folder: Path) -> dict[str, bytes]:
    """All files of this version but the manifest; what was frozen as numbers under its name."""
    said: list[Exchange] = []
    site = Site(folder / "server")
    opening(site)
    store = site.organisation.service.store
    start = _copy_of(store, folder / "start.sqlite")
    ann = day(site, folder, said)
    end = _copy_of(store, folder / "end.sqlite")
    parked = msgspec.structs.asdict(ann.outbox.parked())
    states = dict(ann.store.write.rows("SELECT state, count(*) FROM changeset GROUP BY state"))
    found = ann.store.write.rows("SELECT id FROM changeset ORDER BY n")
    ann.store.checkpoint()
    ann.store.close()
    site.close()
    frozen.plain_copy(folder / "ann.db", folder / "plain.sqlite")
    files = {
        frozen.START: frozen.packed(start),
        frozen.END: frozen.packed(end),
        frozen.TABLES: frozen.packed(_as_postgres(folder / "end.sqlite")),
        frozen.CLIENT: frozen.packed((folder / "plain.sqlite").read_bytes()),
        frozen.CIPHER: _encrypted(folder / "cipher.db"),
        frozen.EXCHANGES: frozen.packed(msgspec.json.encode(said)),
    }
    manifest = frozen.Manifest(
        SCHEMA, created.VERSION, STORE_VERSION, states, parked, tuple(x.hex() for (x,) in found), {}
    )
    return {**files, frozen.MANIFEST: msgspec.json.encode(manifest)}


def freeze(target: Path) -> None:
    """Write the files of this version. Raises FileExistsError where there are some."""
    if target.exists():
        raise FileExistsError(target)
    with tempfile.TemporaryDirectory() as folder:
        files = made_in(Path(folder))
    new = target.with_name(f"{target.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    manifest = msgspec.json.decode(files.pop(frozen.MANIFEST), type=frozen.Manifest)
    for name, data in files.items():
        (new / name).write_bytes(data)
    hashes = {name: frozen.hash_of(new / name) for name in sorted(files)}
    whole = msgspec.structs.replace(manifest, files=hashes)
    (new / frozen.MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(whole)) + b"\n")
    new.rename(target)


if __name__ == "__main__":
    place = frozen.FOLDER / f"schema-{SCHEMA:04}-store-{created.VERSION}-{STORE_VERSION}"
    try:
        freeze(place)
    except FileExistsError:
        sys.exit(f"{place} is there: what a version left does not change.")
    print(place, sum(x.stat().st_size for x in place.iterdir()), "bytes")
