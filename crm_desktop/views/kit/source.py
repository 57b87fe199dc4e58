"""Reading stretches of a list from the store: the jobs behind the list model and the forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace
from PySide6.QtCore import QObject

from crm_core.catalog import CATALOG
from crm_core.entity import Entity
from crm_core.errors import CrmError
from crm_core.ids import RecordId, is_id
from crm_core.merge import DELETED
from crm_core.merging import MERGEABLE
from crm_core.problems import words_for
from crm_core.wire import HistoryEntry
from crm_desktop.i18n import tr, words
from crm_desktop.models import labels, queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.history import own_history
from crm_desktop.models.queries import Page, Row
from crm_desktop.models.rights import May, rights_here
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.column import Column, fields_of
from crm_desktop.views.kit.listing import Listing, Stretch, Wanted, refs_of
from crm_desktop.views.kit.words import Titles, instant_words, link_keys, link_name, shown

if TYPE_CHECKING:
    from crm_desktop.models.field_states import FieldState
    from crm_desktop.models.merging import Taker


class StoreSource:
    """A list's rows, read in the read lane; a newer request replaces a queued older one."""

    def __init__(self, hub: DataHub, columns: Sequence[Column]) -> None:
        self._hub = hub
        self._columns = tuple(columns)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Read these columns from now on."""
        self._columns = tuple(columns)

    def fetch(
        self,
        listing: Listing,
        wanted: Wanted,
        owner: QObject,
        then: Callable[[Stretch], None],
        failed: Callable[[], None],
    ) -> None:
        """Read a stretch and hand it over later."""
        columns = self._columns

        def job(connection: Connection) -> Stretch:
            return read_stretch(connection, listing, wanted, columns)

        def give_up(error: CrmError) -> None:
            self._hub.announce_failure(error)
            failed()

        self._hub.read(job, then, owner=owner, supersede="list", failed=give_up)


def read_stretch(
    connection: Connection, listing: Listing, wanted: Wanted, columns: Sequence[Column]
) -> Stretch:
    """The rows of a stretch with the names of the records that they lead to."""
    fields = fields_of(columns)
    names = tuple(field.name for field in fields)
    around = _around(connection, listing, wanted, names) if wanted.around else None
    page = around.page if around is not None else _page(connection, listing, wanted, names)
    titles = titles_of(connection, refs_of(fields, page.rows))
    count = queries.count_estimate(connection, listing.kind) if listing.is_whole else 0
    beside = {x.name: x.read(connection, page.rows) for x in columns if x.read is not None}
    stretch = Stretch(page.rows, page.more, titles, count, beside)
    if around is None:
        return stretch
    return replace(stretch, offset=around.offset, more_before=around.more_before)


class _Around(msgspec.Struct, frozen=True):
    """A page around a record, and what stands before it."""

    page: Page
    offset: int = 0
    more_before: bool = False


def _around(
    connection: Connection, listing: Listing, wanted: Wanted, fields: tuple[str, ...]
) -> _Around:
    """The record with as much before it as after it; nothing where the listing has it not."""
    if listing.search:  # the best matches come in one page
        page = _plain_page(connection, listing, Wanted(limit=wanted.limit), fields)
        is_found = any(row.id == wanted.around for row in page.rows)
        return _Around(page if is_found else Page(()))
    spot = queries.spot(
        connection, listing.kind, RecordId(wanted.around),
        where=listing.where, sort=listing.sort, descending=listing.descending,
    )  # fmt: skip
    if spot is None:
        return _Around(Page(()))
    half = max(wanted.limit // 2, 1)
    head = _plain_page(connection, listing, Wanted(before=spot.key, limit=half), fields)
    page = _plain_page(connection, listing, Wanted(start=spot.key, limit=half), fields)
    offset = max(spot.before - len(head.rows), 0) if head.more else 0
    return _Around(replace(page, rows=(*head.rows, *page.rows)), offset, head.more)


def _page(
    connection: Connection, listing: Listing, wanted: Wanted, fields: tuple[str, ...]
) -> Page:
    if wanted.fraction is None:
        return _plain_page(connection, listing, wanted, fields)
    key = queries.jump(
        connection, listing.kind, wanted.fraction,
        where=listing.where, search=listing.search, sort=listing.sort,
        descending=listing.descending,
    )  # fmt: skip
    page = _plain_page(connection, listing, replace(wanted, start=key), fields)
    if page.more or key is None:
        return page
    # Near the end there is less than a page: fill up from before.
    rest = wanted.limit - len(page.rows)
    head = _plain_page(connection, listing, Wanted(before=key, limit=max(rest, 1)), fields)
    return replace(page, rows=(*head.rows, *page.rows), first=head.first or page.first)


def _plain_page(
    connection: Connection, listing: Listing, wanted: Wanted, fields: tuple[str, ...]
) -> Page:
    return queries.page(
        connection, listing.kind,
        where=listing.where, search=listing.search, sort=listing.sort,
        descending=listing.descending,
        after=wanted.after, before=wanted.before, start=wanted.start, limit=wanted.limit,
        fields=fields,
    )  # fmt: skip


class Line(msgspec.Struct, frozen=True):
    """One change of one field, in words; `name` is the field's own."""

    at: str
    by: str
    field: str
    old: str
    new: str
    name: str = ""


class FieldNote(msgspec.Struct, frozen=True):
    """How a field stands: its badge, and what is kept beside the value shown, in words."""

    state: str
    lines: tuple[str, ...] = ()


class Shown(msgspec.Struct, frozen=True):
    """One record with the names of all that it leads to."""

    row: Row
    titles: Mapping[str, str]
    notes: Mapping[str, FieldNote] = msgspec.field(default_factory=dict[str, FieldNote])
    may: May = May()
    taker: Taker | None = None


def read_shown(connection: Connection, kind: str, record_id: str) -> Shown | None:
    """One record, deleted or not; None where it is not here."""
    row = queries.record(connection, kind, RecordId(record_id))
    if row is None:
        return None
    may = rights_here(connection).of(kind, row.id)
    titles, notes = titles_for(connection, kind, row), _notes(connection, row)
    return Shown(row, titles, notes, may, taker_here(connection, row))


def taker_here(connection: Connection, row: Row) -> Taker | None:
    """The record in the place of one that was merged away; None for any other."""
    if not row.deleted or row.kind not in MERGEABLE:
        return None
    from crm_desktop.models.merging import taker  # few records are gone

    return taker(connection, row.kind, row.id)


def _notes(connection: Connection, row: Row) -> dict[str, FieldNote]:
    """What is to be said of single fields; nothing is looked up for a record at peace."""
    if not (row.pending or row.refused or row.conflict):
        return {}
    from crm_desktop.models.field_states import field_states  # a record's own page, not a list's

    entity = CATALOG[row.kind]
    states = field_states(connection, row)
    parked = [(entity.by_name[n], v, by) for n, x in states.items() if n in entity.by_name
              for v, by in x.parked]  # fmt: skip
    keys = {key for known, value, _ in parked for key in link_keys(known, value)}
    keys.update(f"user/{by}" for _, _, by in parked if by)
    titles = titles_of(connection, tuple(sorted(keys)))
    return {
        name: FieldNote(state.state, _lines(entity, name, state, titles))
        for name, state in states.items()
        if name in entity.by_name
    }


def _lines(entity: Entity, name: str, state: FieldState, titles: Titles) -> tuple[str, ...]:
    known = entity.by_name[name]
    lines = [words(words_for(state.code, state.params, entity))] if state.code else []
    for value, by in state.parked:
        said = shown(known, value, titles) or "–"
        who = link_name(f"user/{by}", titles) if by else ""
        lines.append(
            tr("{who} entered: {value}", who=who, value=said)
            if who
            else tr("You entered: {value}", value=said)
        )
    return tuple(lines)


def titles_for(connection: Connection, kind: str, row: Row) -> dict[str, str]:
    """The names of all records that a record leads to."""
    return titles_of(connection, refs_of(CATALOG[kind].fields, [row]))


def read_history(
    connection: Connection,
    kind: str,
    record_id: str,
    everybodys: Sequence[HistoryEntry] = (),
) -> tuple[Line, ...]:
    """Who changed what in a record, in words, the newest first: the server's entries, where it
    was asked, and own ones that it does not know yet."""
    entity = CATALOG[kind]
    known = {entry.cs_id for entry in everybodys}
    own = own_history(connection, kind, RecordId(record_id))
    entries = [*everybodys, *(entry for entry in own if entry.cs_id not in known)]
    keys = {f"user/{entry.by}" for entry in entries}
    for entry in entries:
        field = entity.by_name.get(entry.field)
        if field is not None:
            keys.update(link_keys(field, entry.old), link_keys(field, entry.new))
    titles = titles_of(connection, tuple(sorted(keys)))
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return tuple(_line(entity, entry, titles) for entry in entries)


def _line(entity: Entity, entry: HistoryEntry, titles: Titles) -> Line:
    field = entity.by_name.get(entry.field)
    by = link_name(f"user/{entry.by}", titles)
    if field is None:
        old, new = (("" if x is None else str(x)) for x in (entry.old, entry.new))
        name = tr("Deleted") if entry.field == DELETED else entry.field
        return Line(instant_words(entry.at), by, name, old, new, entry.field)
    old, new = (shown(field, x, titles) for x in (entry.old, entry.new))
    return Line(instant_words(entry.at), by, tr(field.label), old, new, entry.field)


def titles_of(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """Names by "kind/id"; those that are not here are left out."""
    parts = (key.partition("/") for key in keys)
    refs = [(kind, RecordId(record_id)) for kind, _, record_id in parts if is_id(record_id)]
    found = labels.titles_shown(connection, refs)
    return {f"{kind}/{record_id}": title for (kind, record_id), title in found.items()}
