"""Bringing an organisation's tables up to this version, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from crm_core.errors import UserProblem
from crm_core.i18n import tr_noop
from crm_server.store import Clock, ServerStore, Tx, write_clock
from crm_server.tables import STORE_VERSION


def _only_tables(_tx: Tx) -> None:
    """What is new are tables, which are made beforehand."""


def _files(tx: Tx) -> None:
    """Attachments are found by the file that they name."""
    tx.run(
        "CREATE INDEX IF NOT EXISTS record_file ON record ((body ->> 'sha256'))"
        " WHERE kind = 'attachment'"
    )


STEPS: Mapping[int, Callable[[Tx], None]] = {
    1: _only_tables, 2: _files, 3: _only_tables, 4: _only_tables,
}  # fmt: skip
"""From a version to the next; frozen once released."""


def migrate(store: ServerStore) -> int:
    """Run the steps that are missing in one transaction; returns the version reached."""
    store.create_tables()
    with store.write() as (tx, clock):
        if clock.version > STORE_VERSION:
            raise UserProblem(
                tr_noop("The store has version {found}, newer than this server's {ours}."),
                found=clock.version, ours=STORE_VERSION,
            )  # fmt: skip
        bring_up(tx, clock)
    return STORE_VERSION


def bring_up(tx: Tx, clock: Clock) -> None:
    """Run the missing steps on tables that are all there."""
    for version in range(clock.version, STORE_VERSION):
        STEPS[version](tx)
    write_clock(tx, replace(clock, version=STORE_VERSION))
