"""Who changed which field of a record last: what this device knows, and what the server says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from PySide6.QtCore import QObject

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wall_time import moment_in
from crm_core.wire import HistoryEntry
from crm_desktop.models.connection import Connection
from crm_desktop.models.history import own_history
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.standing import time_of_day
from crm_desktop.views.kit.source import Shown, read_shown, titles_of
from crm_desktop.views.kit.words import link_name


class Changer(msgspec.Struct, frozen=True):
    """Who gave a field its latest value, and when, in words. `is_here`: on this device."""

    value: Value
    who: str
    when: str
    is_here: bool = False


class News(msgspec.Struct, frozen=True):
    """A record as it is now, and who changed it as far as this device knows."""

    shown: Shown
    changers: Mapping[str, Changer]


def read_news(connection: Connection, kind: str, record_id: str) -> News | None:
    """A record that has changed; None where it is not here any more."""
    shown = read_shown(connection, kind, record_id)
    return None if shown is None else News(shown, changers(connection, kind, record_id))


def ask_changers(
    hub: DataHub,
    kind: str,
    record_id: str,
    take: Callable[[Mapping[str, Changer]], None],
    *,
    owner: QObject,
) -> None:
    """Let the server say who changed what; without a server there is no answer."""

    def read(everybodys: tuple[HistoryEntry, ...]) -> None:
        def job(connection: Connection) -> Mapping[str, Changer]:
            return changers(connection, kind, record_id, everybodys)

        hub.read(job, take, owner=owner, supersede="changers")

    hub.everybodys_history(kind, record_id, read, owner=owner)


def changers(
    connection: Connection,
    kind: str,
    record_id: str,
    everybodys: Sequence[HistoryEntry] = (),
) -> dict[str, Changer]:
    """Who changed each field last: by the server's history, where it was asked, and the own
    journal's later entries."""
    own = own_history(connection, kind, RecordId(record_id))
    known, here = {entry.cs_id for entry in everybodys}, {entry.cs_id for entry in own}
    theirs = sorted(everybodys, key=lambda entry: entry.seq, reverse=True)
    latest: dict[str, HistoryEntry] = {}
    for entry in (*(x for x in own if x.cs_id not in known), *theirs):
        latest.setdefault(entry.field, entry)
    people = tuple(sorted({f"user/{entry.by}" for entry in latest.values()}))
    titles = titles_of(connection, people)
    return {
        name: Changer(
            entry.new, link_name(f"user/{entry.by}", titles), _when(entry.at), entry.cs_id in here
        )
        for name, entry in latest.items()
        if name in CATALOG[kind].by_name
    }


def _when(instant: str) -> str:
    moment = moment_in(instant)
    return time_of_day(moment) if moment is not None else instant
