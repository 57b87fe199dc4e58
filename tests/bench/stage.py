"""Prepared servers and the processes that the bench runs against them."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm_core.ids import RecordId
from crm_desktop.models import created, search_tables
from crm_server.demo.many import accounts
from crm_server.load import load
from crm_server.organisations import Organisations
from tests.e2e.people import PASSPHRASE, PASSPHRASE_VARIABLE, Desk, inside
from tests.e2e.processes import ROOT, run, start
from tests.e2e.server import Begin, Server

USER = "bench"


def load_accounts(server: Server, count: int) -> None:
    """Load so many accounts as IT would, all owned by the bench's user."""
    organisations = Organisations(server.data)
    try:
        service = organisations.open().service
        with service.store.read() as tx:
            directory = service.directory(tx, tx.clock())
        (user,) = [one for one in directory.users if directory.team_of(one)]
        team = directory.team_of(user)
        assert team is not None
        load(service, accounts(count, [(user, team)]), user)
    finally:
        organisations.close()


def change_accounts(data: Path, count: int, note: str = "") -> None:
    """Change so many accounts, spread over all of them, as colleagues would; the server runs."""
    organisations = Organisations(data)
    try:
        service = organisations.open().service
        with service.store.read() as tx:
            found = tx.rows("SELECT id, actor FROM record WHERE kind = 'account' ORDER BY seq")
        step = max(len(found) // count, 1)
        chosen = found[: step * count : step]
        changed = [("account", RecordId(x), {"industry": f"Catering {note}"}) for x, _ in chosen]
        load(service, changed, RecordId(found[0][1]))
    finally:
        organisations.close()


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the bench works: `kept` holds prepared servers, `scratch` is thrown away."""

    kept: Path
    scratch: Path
    begin: Begin = start

    @contextmanager
    def server(self, accounts: int) -> Iterator[Server]:
        """A running server with so many accounts, all in the user's sight; a copy, to be used."""
        data = Path(tempfile.mkdtemp(prefix="server-", dir=self.scratch)) / "data"
        shutil.copytree(self._prepared(accounts), data)
        server = Server(data, begin=self.begin)
        server.serve()
        try:
            yield server
        finally:
            server.stop()
            shutil.rmtree(data.parent)

    def _prepared(self, accounts: int) -> Path:
        folder = self.kept / f"server-{accounts}-{fingerprint('crm_core', 'crm_server')}"
        if not folder.exists():
            making = Path(tempfile.mkdtemp(prefix="making-", dir=self.kept))
            server = Server(making)
            server.create()
            server.add_user(USER, "rep", "Bench")
            load_accounts(server, accounts)
            making.rename(folder)
        return folder

    def profile(self, server: Server) -> Path:
        """A new profile, signed in and empty; its key costs next to nothing to unwrap."""
        folder = Path(tempfile.mkdtemp(prefix="profile-", dir=self.scratch)) / "profile"
        Desk(USER, folder, inside).sign_in(server.url)
        return folder

    @property
    def client_fingerprint(self) -> str:
        """Changes with whatever decides what a prepared profile looks like: the schema, and what
        is written into the search index."""
        laid_out = created.DDL + search_tables.LAYOUT
        return hashlib.sha256(laid_out.encode()).hexdigest()[:12]


JOB_S = 600.0
"""No job takes longer: one of many steps, some minutes."""


def child(job: str, *words: str | Path, module: str = "tests.bench.child") -> Any:
    """Run one job in a process of its own; what it measured."""
    command = [sys.executable, "-m", module, job, *map(str, words)]
    ran = run(command, env={PASSPHRASE_VARIABLE: PASSPHRASE}, within_s=JOB_S)
    if ran.code:
        raise RuntimeError(f"{job}: {ran}")
    return json.loads(ran.out)


def fingerprint(*packages: str) -> str:
    """Changes with the sources of these packages."""
    digest = hashlib.sha256()
    for package in packages:
        for file in sorted((ROOT / package).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def staged(begin: Begin = start) -> Iterator[Stage]:
    """A stage below build/bench; its scratch folder goes with the block."""
    kept = ROOT / "build" / "bench"
    kept.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=kept))
    try:
        yield Stage(kept, scratch, begin)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
