"""A store with the whole demo company, without a server: what the lead of all territories sees."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

from crm_core.ids import RecordId
from crm_desktop.models.store import Store
from crm_server.demo import company, logins
from tests.views.company import KEY, NOW, make_store

TODAY = dt.date(2026, 11, 20)
"""The day of NOW, at which the stores of the tests stand still."""


def demo_file(folder: Path) -> Path:
    """The file of a new store with every record of the company, in step with its server; closed,
    so that it can be copied."""
    assert NOW.date() == TODAY
    lead = next(one.user for one in logins() if one.login == "fuller")
    rows = [(row.kind, row.id, row.values) for row in company(TODAY, zone=dt.UTC)]
    store = make_store(folder, rows, user=RecordId(lead))
    with store.writing() as c:
        c.run("UPDATE sync_state SET verified_at = '2026-11-20T08:41:00Z'")
    store.checkpoint()
    store.close()
    return store.path


def copied(file: Path, folder: Path) -> Store:
    """A store of one's own over a copy of the file."""
    return Store.open(shutil.copyfile(file, folder / file.name), KEY, clock=lambda: NOW)
