"""What released versions left as backups of their servers is restored by today's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from crm_server import backup as backups
from crm_server.checking import check_store
from crm_server.service import Service
from crm_server.store import ServerStore, sqlite_url
from crm_server.tables import STORE_VERSION, metadata
from tests.contracts import frozen
from tests.contracts.site import SLUG, Site
from tests.contracts.skew import Hours, Ids
from tests.contracts.test_frozen import drain, each_version, is_drained


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Today's server, still without an organisation."""
    url = request.getfixturevalue("fresh_database") if request.param == "postgres" else ""
    made = Site(tmp_path / "server", database_url=url, seed=99)
    yield made
    made.close()


def backup_of(version: Path, folder: Path) -> Path:
    """The file that the version's own `backup` wrote: it knew no table but its own."""
    there = frozen.server_file(version, frozen.END, folder)
    with closing(sqlite3.connect(there)) as look:
        known = {name for (name,) in look.execute("SELECT name FROM sqlite_master")}
    tables = [table for table in metadata.sorted_tables if table.name in known]
    store, out = ServerStore(sqlite_url(there)), folder / "backup"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backups, "metadata", SimpleNamespace(sorted_tables=tables))
        backups.backup(Service(store, clock=Hours(), new_id=Ids(3)), out)
    store.close()
    return out


@each_version
def test_a_backup_of_yesterday_is_restored_and_a_full_outbox_drains_into_it(
    tmp_path: Path, version: Path, site: Site
) -> None:
    done = backups.restore(site.organisations, backup_of(version, tmp_path / "then"))
    there = site.organisation.service.store
    with there.read() as tx:
        assert (tx.clock().version, tx.clock().epoch) == (STORE_VERSION, done.epoch)
    assert (done.slug, check_store(there).problems) == (SLUG, ())
    store = drain(version, site, tmp_path)
    is_drained(store, frozen.manifest_of(version))
    store.close()


@each_version
def test_it_takes_the_place_of_all_that_a_newer_server_noted(
    tmp_path: Path, version: Path, site: Site
) -> None:
    site.create()
    with site.organisation.service.store.note() as tx:
        tx.run("INSERT INTO reached(device,cursor,at) VALUES ('gone',9,'')")
        tx.run("INSERT INTO collected(seq,floor,at,records,intervals) VALUES (9,9,'',1,1)")
    backups.restore(site.organisations, backup_of(version, tmp_path / "then"))
    with site.organisation.service.store.read() as tx:
        assert (tx.rows("SELECT 1 FROM reached"), tx.rows("SELECT 1 FROM collected")) == ([], [])
        assert tx.clock().gc_floor == 0


@each_version
def test_a_backup_of_a_version_to_come_is_refused(
    tmp_path: Path, version: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = backup_of(version, tmp_path / "then")
    found = frozen.manifest_of(version).server_store
    monkeypatch.setattr(backups, "_VERSIONS", range(found + 1, found + 2))
    with pytest.raises(backups.UserProblem, match="another version"):
        backups.restore(site.organisations, file)
    assert site.organisations.slugs() == []
