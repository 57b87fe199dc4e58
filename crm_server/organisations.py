"""The organisations of one server: files in a folder, or schemas of one PostgreSQL."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import uuid_utils
from sqlalchemy import text

from crm_core.errors import NotFound, Unavailable, UserProblem
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_server.auth import Auth
from crm_server.blobs import Blobs, limits_in
from crm_server.passwords import Passwords
from crm_server.sealing import server_key
from crm_server.service import Service
from crm_server.store import (
    SLUG,
    ServerStore,
    connected,
    open_engine,
    schema_of,
    sqlite_url,
)
from crm_server.tables import STORE_VERSION

SUFFIX = ".sqlite"
FILES = "files"
"""The folder of attached files, beside the databases: one folder for each organisation."""


def system_clock() -> dt.datetime:
    """The time of this machine, aware."""
    return dt.datetime.now(dt.UTC)


def random_id() -> RecordId:
    """A fresh UUIDv7."""
    return RecordId(uuid_utils.uuid7().hex)


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation, open."""

    slug: str
    service: Service
    auth: Auth
    blobs: Blobs


class Organisations:
    """Opens organisations when they are first asked for, and keeps them open."""

    def __init__(
        self,
        folder: Path,
        database_url: str = "",
        *,
        passwords: Passwords | None = None,
        clock: Callable[[], dt.datetime] = system_clock,
        new_id: Callable[[], RecordId] = random_id,
    ) -> None:
        self.folder = folder
        self.database_url = database_url
        self.passwords = passwords or Passwords()
        self.clock = clock
        self.new_id = new_id
        self._engine = open_engine(database_url) if database_url else None
        self._open: dict[str, Organisation] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close all that is open."""
        for organisation in self._open.values():
            organisation.service.store.close()
        self._open.clear()
        if self._engine is not None:
            self._engine.dispose()

    def slugs(self) -> list[str]:
        """The short names of all organisations here."""
        if self._engine is None:
            return sorted(path.stem for path in self.folder.glob(f"*{SUFFIX}"))
        prefix = schema_of("x")[:-1]
        with connected(self._engine) as connection:
            found = connection.execute(
                text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'crm\\_%'")
            )
            return sorted(str(name)[len(prefix) :] for (name,) in found)

    def store(self, slug: str) -> ServerStore:
        """The store of an organisation, whether it exists yet or not."""
        if not SLUG.match(slug):
            schema_of(slug)
        if self._engine is not None:
            return ServerStore(self.database_url, organisation=slug, engine=self._engine)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return ServerStore(sqlite_url(self._file(slug)), organisation=slug)

    def file(self, slug: str) -> Path | None:
        """The SQLite file of an organisation; None where it is a schema of PostgreSQL."""
        return self._file(slug) if self._engine is None else None

    def _file(self, slug: str) -> Path:
        return self.folder / f"{slug}{SUFFIX}"

    def create(self, name: str, slug: str) -> Organisation:
        """Make a new organisation."""
        if slug in self.slugs():
            raise UserProblem(tr_noop("There is an organisation '{slug}' here."), slug=slug)
        store = self.store(slug)
        now = instant_of(self.clock())
        store.create(organisation=name, slug=slug, epoch=self.new_id(), at=now)
        store.close()
        return self.open(slug)

    def open(self, slug: str = "") -> Organisation:
        """An organisation by its short name; without a name the only one there is."""
        with self._lock:
            slug = slug or self._only()
            if slug not in self._open:
                self._open[slug] = self._open_one(slug)
            return self._open[slug]

    def opened(self, slug: str) -> Organisation | None:
        """An organisation that is open already; waits for nobody."""
        return self._open.get(slug)

    def check_versions(self) -> None:
        """Raises UserProblem where a store that can be read is not of this server's version."""
        for slug in self.slugs():
            with suppress(Unavailable, sqlite3.Error, psycopg.Error):  # told to whoever asks for it
                self.open(slug)

    def _only(self) -> str:
        slugs = self.slugs()
        if len(slugs) == 1:
            return slugs[0]
        if not slugs:
            raise NotFound(tr_noop("There is no organisation here; `crm-server init` makes one."))
        raise NotFound(tr_noop("Which organisation? There are {known}."), known=", ".join(slugs))

    def _open_one(self, slug: str) -> Organisation:
        if slug not in self.slugs():
            raise NotFound(tr_noop("There is no organisation '{slug}' here."), slug=slug[:60])
        store = self.store(slug)
        with store.read() as tx:
            version = tx.clock().version
        if version != STORE_VERSION:
            store.close()
            raise UserProblem(
                tr_noop("The store has version {found}; this server needs {ours} (`migrate`)."),
                found=version, ours=STORE_VERSION,
            )  # fmt: skip
        service = Service(store, clock=self.clock, new_id=self.new_id)
        key = server_key(self.folder)
        blobs = Blobs(service, self.folder / FILES / slug, limits_in(os.environ))
        auth = Auth(
            service, passwords=self.passwords, server_key=key,
            file_bytes_max=blobs.limits.file_bytes,
        )  # fmt: skip
        return Organisation(slug, service, auth, blobs)
