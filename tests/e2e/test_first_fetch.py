"""`kill -9` in the middle of a first fetch at a real server: nothing typed is lost, and it ends."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_desktop.beside import FETCHING, Folder
from crm_desktop.models.backup import check
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import commit
from crm_desktop.models.store import Store
from crm_desktop.profile import open_profile
from tests.bench.stage import load_accounts
from tests.e2e.people import Desk, inside
from tests.e2e.processes import PASSPHRASE, kill, start
from tests.e2e.server import Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

ACCOUNTS = 6_000
"""So many that the server sends today first."""
KILLS = 8
SEED = 43
PATIENCE_S = 60.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server with many accounts of one representative."""
    made = Server(tmp_path / "server")
    made.create()
    made.add_user("rep", "rep", "Rep")
    load_accounts(made, ACCOUNTS)
    made.serve()
    yield made
    made.stop()


def fetch(folder: Path) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "tests.e2e.first_fetch", str(folder)]
    return start(words, folder.with_suffix(".log"))


def test_a_first_fetch_killed_at_random_instants_loses_nothing_and_ends(
    server: Server, tmp_path: Path
) -> None:
    filling_s = how_long_it_takes(server, tmp_path / "undisturbed")
    rep = Desk("rep", tmp_path / "rep", inside)
    rep.sign_in(server.url)
    rng, typed, interrupted = random.Random(SEED), dict[RecordId, str](), 0
    for number in range(KILLS):
        process = fetch(rep.profile)
        wait_until_there(rep.profile / FETCHING, process)
        time.sleep(rng.uniform(0.0, 1.1) * filling_s)
        kill(process)
        interrupted += (rep.profile / FETCHING).exists()
        look_at_the_files(rep.profile)
        typed.update(type_something(rep.profile, f"030-{number}"))
    assert interrupted, "no kill hit the second file"
    assert fetch(rep.profile).wait(PATIENCE_S) == 0, rep.profile.with_suffix(".log").read_text()
    assert rep.sync()["verified"] is True
    with closing(open_profile(rep.profile, PASSPHRASE)) as profile, profile.store.reader() as c:
        phones = {x.hex(): phone for x, phone in c.rows("SELECT id, phone FROM account")}
        assert c.rows("SELECT DISTINCT state FROM changeset") == [("confirmed",)]
        assert c.value("SELECT count(*) FROM changeset") == len(typed) > 0
    assert len(phones) == ACCOUNTS
    assert {account: phones[account] for account in typed} == typed
    assert [file.name for file in rep.profile.glob("*.db")] == ["crm-2.db"]


def how_long_it_takes(server: Server, folder: Path) -> float:
    """Seconds during which an undisturbed first fetch fills its second file."""
    Desk("rep", folder, inside).sign_in(server.url)
    process = fetch(folder)
    wait_until_there(folder / FETCHING, process)
    before = time.monotonic()
    assert process.wait(PATIENCE_S) == 0
    return time.monotonic() - before


def wait_until_there(file: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not file.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.002)


def look_at_the_files(folder: Path) -> None:
    """Whatever was killed, both files are whole; the second one may not be made yet."""
    with closing(open_profile(folder, PASSPHRASE)) as profile:
        assert check(profile.store).is_well
        second = Folder(folder).named()
        if second is not None and is_made(second, profile.store.key):
            with closing(Store.open(second, profile.store.key)) as store, store.reader() as c:
                assert c.value("PRAGMA integrity_check") == "ok"


def is_made(file: Path, key: bytes) -> bool:
    """Whether the step that makes a database came to its end; the next fetch makes it otherwise."""
    if not file.exists():
        return False
    with closing(Connection(file, key)) as c:
        return c.value("PRAGMA user_version") > 0


def type_something(folder: Path, phone: str) -> dict[RecordId, str]:
    """Work on an account of today's, if it is here, that nothing was typed into yet."""
    with closing(open_profile(folder, PASSPHRASE)) as profile:
        with profile.store.reader() as c:
            found = c.one(
                "SELECT id FROM account WHERE id NOT IN (SELECT id FROM op) ORDER BY rid LIMIT 1"
            )
        if found is None:
            return {}
        account = RecordId(found[0].hex())
        commit(profile.store, [Change("account", account, Op.SET, {"phone": phone})], label="Edit")
        return {account: phone}
