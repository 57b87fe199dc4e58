"""Looking into the stores of both sides, beside the product's own commands."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from crm_core.catalog import CATALOG
from crm_core.ids import RecordId
from crm_core.wire import Deleted, Page
from crm_desktop import keychain
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal.rows import fetch
from crm_desktop.profile import open_profile
from crm_server.checking import check_store
from crm_server.organisations import Organisations
from tests.e2e.people import PASSPHRASE, Desk, cheap_machine
from tests.e2e.server import ORGANISATION, Server
from tests.e2e.wire_client import WireClient

Rows = Mapping[tuple[str, str], tuple[int, Mapping[str, Any]]]
"""(kind, id) → seq and values."""


@dataclass(frozen=True)
class Journalled:
    """One changeset in a device's journal, all values that its ops write, and the id of the one
    that it takes back."""

    id: str
    state: str
    values: str
    undoes: str = ""


@dataclass(frozen=True)
class Written:
    """One field of one row of the server's history; `record` is "kind/id"."""

    seq: int
    record: str
    field: str
    cs_id: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Books:
    """What the server has written down: history, verdicts, and what its own check says."""

    history: tuple[Written, ...]
    verdicts: Mapping[str, Mapping[str, Any]]
    problems: tuple[str, ...]


@contextlib.contextmanager
def looking_at(desk: Desk) -> Iterator[Connection]:
    """A device's database, opened for reading."""
    with (
        contextlib.closing(open_profile(desk.profile, PASSPHRASE)) as profile,
        profile.store.reader() as connection,
    ):
        yield connection


def make_key_cheap(desk: Desk) -> None:
    """Wrap a device's key anew, so that a guess at its passphrase costs next to nothing: it is
    opened hundreds of times."""
    (file,) = desk.profile.glob("*.wrapped")
    name = json.loads(file.read_bytes())["name"]
    kept = keychain.unwrap(file.read_bytes(), PASSPHRASE)
    file.write_bytes(keychain.wrap(name, kept, PASSPHRASE, cheap_machine().cost))


def latest_of(desk: Desk) -> int:
    """The place of a device's newest changeset in its journal."""
    with looking_at(desk) as c:
        return c.value("SELECT coalesce(max(n), 0) FROM changeset")


def journal_of(desk: Desk, after: int = 0) -> list[Journalled]:
    """A device's own changesets behind a place in its journal, oldest first."""
    with looking_at(desk) as c:
        written: dict[int, list[str]] = {}
        for cs, new in c.rows("SELECT cs, new FROM op WHERE cs > ? ORDER BY cs, i", (after,)):
            written.setdefault(cs, []).append(new)
        return [
            Journalled(id_.hex(), state, "\n".join(written.get(n, [])), undoes or "")
            for n, id_, state, undoes in c.rows(
                "SELECT n, id, state, undoes FROM changeset WHERE n > ? ORDER BY n", (after,)
            )
        ]


def rows_of(desk: Desk) -> Rows:
    """All live rows of a device as the server gave them: without what its user typed over them and
    the server has not taken (refused, say), which stands in the rows themselves."""
    found: dict[tuple[str, str], tuple[int, Mapping[str, Any]]] = {}
    with looking_at(desk) as c:
        for kind in CATALOG:
            for (key,) in c.rows(f'SELECT id FROM "{kind}"'):
                row = fetch(c, kind, RecordId(key.hex()))
                if row is not None and row.is_live:
                    found[kind, row.id] = (row.seq, _known(kind, row.values))
        for kind, key, seq, deleted, body in c.rows(
            "SELECT kind, id, seq, deleted, body FROM shadow"
        ):
            found.pop((kind, key.hex()), None)
            if body is not None and not deleted:
                found[kind, key.hex()] = (seq, _known(kind, json.loads(body)))
    return found


def rows_for(client: WireClient) -> Rows:
    """All rows that the server gives to a new device."""
    found: dict[tuple[str, str], tuple[int, Mapping[str, Any]]] = {}
    for item in client.pull():
        if isinstance(item, Page) and item.kind in CATALOG:
            for row in item.rows:
                found[item.kind, row.id] = (row.seq, _known(item.kind, row.body))
        if isinstance(item, Deleted):
            for gone in item.rows:
                found.pop((item.kind, gone.id), None)
    return found


def _known(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """What is not empty, of the fields that the catalog knows."""
    return {
        name: json.loads(json.dumps(value, sort_keys=True))
        for name, value in values.items()
        if name in CATALOG[kind].by_name and value not in (None, "", [], {})
    }


def books_of(server: Server) -> Books:
    """Everything that the server has written down, in one look."""
    organisations = Organisations(server.data, server.database_url)
    try:
        store = organisations.store(ORGANISATION)
        with store.read() as tx:
            history = tuple(
                Written(seq, f"{kind}/{id_}", name, cs_id, old, new)
                for seq, id_, kind, cs_id, patch in tx.rows(
                    "SELECT seq, id, kind, cs_id, patch FROM history ORDER BY seq"
                )
                for name, (old, new) in json.loads(patch).items()
            )
            verdicts = {
                cs_id: json.loads(result)
                for cs_id, result in tx.rows("SELECT cs_id, result FROM applied")
            }
            problems = list(_broken_constraints(tx)) if store.postgres else []
        problems += check_store(store).problems
    finally:
        organisations.close()
    return Books(history, verdicts, tuple(problems))


def _broken_constraints(tx: Any) -> Iterator[str]:
    """PostgreSQL's own constraints: none put off, none broken; checked again by hand."""
    for (name,) in tx.rows("SELECT conname FROM pg_constraint WHERE NOT convalidated"):
        yield f"the constraint {name} is not valid"
    for (name,) in tx.rows(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT (indisvalid AND indisready)"
    ):
        yield f"the index {name} is not valid"
    for table, key in (("record", "id, kind"), ("record", "seq"), ("history", "seq")):
        if tx.rows(f"SELECT 1 FROM {table} GROUP BY {key} HAVING count(*) > 1"):
            yield f"{table} has several rows for one {key}"


def end_connections(database_url: str) -> None:
    """End whatever is connected to a database of PostgreSQL, as its administrator or a failing
    network would."""
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
